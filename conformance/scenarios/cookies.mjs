// Names and attributes of cookies, and cookies that somebody changed.
import { currentSecret, sign } from "../lib/cookies.mjs";
import { group, secret } from "../lib/suite.mjs";

const name = "better-auth.session_token";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Alice's session cookie with one character of its signature changed.
function changed(t, change, at) {
	return (side) => {
		const [token, signature] = decodeURIComponent(t.jar(side, "alice").get(name)).split(".");
		return `${name}=${encodeURIComponent(`${token}.${signature.slice(0, at)}${change(signature[at])}${signature.slice(at + 1)}`)}`;
	};
}

group("cookies", {}, (scenario) => {
	scenario("a session token that was changed is no session", async (t) => {
		await t.member("alice");
		const changes = [
			(raw) => raw.slice(0, -1), (raw) => `${raw}x`, (raw) => raw.replace(/^./, (c) => (c === "A" ? "B" : "A")), (raw) => raw.split(".")[0], (raw) => `${raw.split(".")[0]}.`,
			(raw) => `.${raw.split(".")[1]}`, (raw) => raw.replace(".", ""), (raw) => raw.replace("%3D", ""), (raw) => raw.replace("%3D", "%3d"), (raw) => raw.replace("%3D", "="),
			(raw) => decodeURIComponent(raw), (raw) => raw.replaceAll("%2F", "_").replaceAll("%2B", "-"), (raw) => `"${raw}"`, (raw) => ` ${raw} `, (raw) => `${raw}%`, (raw) => `${raw}%zz`,
			(raw) => raw.toUpperCase(), (raw) => `${raw.split(".")[0]}.${raw.split(".")[0]}.${raw.split(".")[1]}`, (raw) => `x.${raw}`, () => "", () => ".", () => "%", () => "a.b", () => "x".repeat(3_000),
			() => sign("unknown", secret), () => sign("", secret), (raw) => sign(raw.split(".")[0], "another secret of more than 32 characters"), (raw) => sign(raw.split(".")[0], secret),
			(raw) => sign(`${raw.split(".")[0]}.x`, secret), (raw) => `${raw.split(".")[0]}.${"A".repeat(43)}%3D`, (raw) => `${raw.split(".")[0]}.${"A".repeat(42)}%3D%3D`, (raw) => `${raw}; ${name}=x`,
		];
		for (const change of changes) {
			const cookie = (side) => `${name}=${change(t.jar(side, "alice").get(name))}`;
			await t.get("/get-session", { cookie });
			await t.get("/list-accounts", { cookie });
		}
	});

	scenario("one changed character of the signature", async (t) => {
		await t.member("alice");
		for (let i = 0; i < 42; i += 3) await t.get("/get-session", { cookie: changed(t, (c) => (c === "A" ? "B" : "A"), i) });
	});

	scenario("a signature with bits that decoders drop", async (t) => {
		await t.member("alice");
		await t.get("/get-session", { cookie: changed(t, (c) => alphabet[alphabet.indexOf(c) + 1], 42) });
	});

	scenario("the same name twice: the first counts", async (t) => {
		await t.member("alice");
		await t.member("bob");
		const raw = (side, actor) => `${name}=${t.jar(side, actor).get(name)}`;
		await t.get("/get-session", { cookie: (side) => `${raw(side, "alice")}; ${raw(side, "bob")}` });
		await t.get("/get-session", { cookie: (side) => `${name}=x; ${raw(side, "bob")}` });
		await t.get("/get-session", { cookie: (side) => `${raw(side, "bob")}; ${name}=x` });
		await t.get("/get-session", { headers: (side) => ({ cookie: [raw(side, "alice"), raw(side, "bob")] }) });
	});

	scenario("odd Cookie headers", async (t) => {
		await t.member("alice");
		const raw = (side) => `${name}=${t.jar(side, "alice").get(name)}`;
		const headers = [
			(side) => `a=1;${raw(side)};b=2`, (side) => `;;; ${raw(side)} ;;`, (side) => `=x; ${raw(side)}`, (side) => `novalue; ${raw(side)}`, (side) => `$Version=1; ${raw(side)}; $Path=/`,
			(side) => `${raw(side)},x=1`, (side) => raw(side).replace("=", " = "), (side) => raw(side).replace("better", "Better"), (side) => `a="x;y"; ${raw(side)}`, (side) => `a=\u00e4; ${raw(side)}`,
			(side) => `a=b=c; ${raw(side)}`, (side) => `__Secure-${raw(side)}`, (side) => `__Host-${raw(side)}`, (side) => raw(side).replace("better-auth.", "better-auth-"), (side) => `${"c=1; ".repeat(200)}${raw(side)}`,
			(side) => `%62etter-auth.session_token=${t.jar(side, "alice").get(name)}`,
		];
		for (const cookie of headers) await t.get("/get-session", { cookie });
	});

	scenario("a signature of one cookie does not open another", async (t) => {
		await t.member("alice", { rememberMe: false });
		await t.get("/get-session", { cookie: (side) => `${name}=${t.jar(side, "alice").get("better-auth.dont_remember")}` });
		const swapped = (side) => `${name}=${t.jar(side, "alice").get(name)}; better-auth.dont_remember=${t.jar(side, "alice").get(name)}`;
		await t.get("/get-session", { cookie: swapped });
	});

	scenario("any signed value of dont_remember counts", async (t) => {
		await t.member("alice");
		t.ageSessions({ expiresAt: 60 });
		for (const value of ["true", "false", "x", "true.AAAA"]) {
			const cookie = (side) => `${name}=${t.jar(side, "alice").get(name)}; better-auth.dont_remember=${value === "true.AAAA" ? value : sign(value, currentSecret(t.options))}`;
			await t.post("/update-user", { cookie, json: { name: "x" } });
		}
	});
});

const shapes = {
	"over https": { baseURL: "https://app.example.com" },
	"over https, told not to be secure": { baseURL: "https://app.example.com", advanced: { useSecureCookies: false } },
	"over http, told to be secure": { advanced: { useSecureCookies: true } },
	"with a prefix": { advanced: { cookiePrefix: "my_app" } },
	"with an empty prefix": { advanced: { cookiePrefix: "" } },
	"with names and attributes of their own": {
		advanced: {
			cookies: {
				session_token: { name: "sid", attributes: { sameSite: "strict", path: "/app", maxAge: 99 } },
				session_data: { name: "cache", attributes: { httpOnly: false } },
				dont_remember: { attributes: { sameSite: "none" } },
			},
		},
		session: { cookieCache: { enabled: true } },
	},
	"with default attributes": {
		advanced: { defaultCookieAttributes: { sameSite: "none", secure: true, partitioned: true, domain: "example.com", httpOnly: false } },
		session: { cookieCache: { enabled: true } },
	},
	"across subdomains": { baseURL: "https://auth.example.com", advanced: { crossSubDomainCookies: { enabled: true } }, session: { cookieCache: { enabled: true } } },
	"across subdomains of a domain": { baseURL: "https://auth.example.com", advanced: { crossSubDomainCookies: { enabled: true, domain: ".example.com" } } },
	"with lifetimes of their own": { session: { expiresIn: 1_000, cookieCache: { enabled: true, maxAge: 77 } } },
};

for (const [title, options] of Object.entries(shapes)) {
	group(`cookies ${title}`, { options }, (scenario) => {
		scenario("set, renewed and cleared", async (t) => {
			await t.signUp("alice");
			await t.get("/get-session", { as: "alice" });
			await t.get("/get-session?disableCookieCache=1", { as: "alice" });
			await t.post("/update-user", { as: "alice", json: { name: "x" } });
			await t.signIn("alice", { rememberMe: false });
			await t.get("/get-session", { as: "alice" });
			await t.signIn("alice");
			await t.post("/sign-out", { as: "alice" });
			await t.get("/get-session", { as: "alice" });
		});
	});
}
