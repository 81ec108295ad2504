// Sign-in with services: where the server lives, and where Lockstep is stricter.
import { githubUser, googleUser, socialProviders } from "../lib/people.mjs";
import { group } from "../lib/suite.mjs";

const urls = { callbackURL: "/in", errorCallbackURL: "/failed" };
const services = (more = {}, account = {}) => ({ services: true, options: { socialProviders: socialProviders(), account, ...more } });

const places = {
	"behind TLS": { baseURL: "https://app.example.com", trustedOrigins: ["https://front.example.com"] },
	"below a path": { baseURL: "http://localhost:3000/auth", trustedOrigins: ["https://*.example.com", "myapp://"] },
};
for (const [title, options] of Object.entries(places)) {
	group(`services ${title}`, services(options), (scenario) => {
		scenario("leads there and back", async (t) => {
			await (await t.visit("alice", { provider: "github", ...urls })).back(githubUser("alice"));
			await t.get("/get-session", { as: "alice" });
			await (await t.visit("alice", { provider: "github" })).back(githubUser("alice"));
			await (await t.visit("alice", { provider: "github" })).refused({ error: "access_denied" });
			await (await t.visit("bob", { provider: "google", ...urls })).back(googleUser("bob"), { form: true, as: undefined });
			await t.get("/callback/github?state=x", { as: "alice" });
		});

		scenario("other origins", async (t) => {
			for (const origin of ["https://front.example.com", "https://other.example.com", "https://example.com", "myapp://"]) {
				const there = { callbackURL: `${origin}/in`, newUserCallbackURL: `${origin}/welcome`, errorCallbackURL: `${origin}/failed?a=b` };
				const { oracle } = await t.post("/sign-in/social", { as: "alice", json: { provider: "github", ...there } });
				if (oracle.status === 200) await (await t.visit("alice", { provider: "github", ...there })).back(githubUser("alice"));
				if (oracle.status === 200) await (await t.visit("alice", { provider: "github", ...there })).refused({ error: "access_denied" });
			}
		});

		scenario("links", async (t) => {
			await t.signUp("alice");
			await (await t.visit("alice", { provider: "github", ...urls }, { path: "/link-social" })).back(githubUser("alice"));
			await t.get("/list-accounts", { as: "alice" });
		});
	});
}

group("services, stricter", services({}, { storeAccountCookie: true }), (scenario) => {
	scenario("a form that is too large", async (t) => {
		const headers = { "content-type": "application/x-www-form-urlencoded", origin: "https://github.com" };
		await t.post("/callback/github", { body: `state=x&code=${"a".repeat(7_000)}`, headers });
		await t.post("/callback/github", { body: `state=x&code=${"a".repeat(9_000)}`, headers });
	});

	scenario("data of one's own that is too large", async (t) => {
		const send = (length) => t.post("/sign-in/social", { as: "alice", json: { provider: "github", additionalData: { a: "x".repeat(length) } } });
		await send(7_000);
		await send(9_000);
		t.empty("verification");
	});

	scenario("addresses that are none", async (t) => {
		for (const email of ["alice", "alice @example.com"]) {
			await (await t.visit("alice", { provider: "github", ...urls })).back(githubUser("alice", { email }));
			t.empty("session", "account", "user");
		}
	});

	scenario("a Kelvin sign is no k", async (t) => {
		await (await t.visit("kim", { provider: "github", ...urls })).back(githubUser("kim", { email: "\u212Aim@example.com" }));
	});
});

group("services, stricter with a verified address", { services: true, options: { socialProviders: socialProviders({ requireEmailVerification: true }), account: { storeAccountCookie: true } } }, (scenario) => {
	scenario("no account cookie for who is refused", async (t) => {
		await (await t.visit("alice", { provider: "github", ...urls })).back(githubUser("alice", { verified: false }));
	});
});

group("stateless services, stricter", { ...services(), stateless: true }, (scenario) => {
	scenario("a link without the session that started it", async (t) => {
		await t.signUp("alice");
		const visit = await t.visit("alice", { provider: "github", ...urls }, { path: "/link-social" });
		for (const name of ["session_token", "session_data"]) t.changeCookie("alice", `better-auth.${name}`, () => null);
		await visit.back(githubUser("alice"));
	});
});
