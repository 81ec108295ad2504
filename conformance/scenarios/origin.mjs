// Who may send a request, and where it may send the user next.
import { group, password } from "../lib/suite.mjs";

const long = "x".repeat(129);
const probe = { email: "a@b.co", password: long }; // answers PASSWORD_TOO_LONG when it gets through

const trusted = {
	baseURL: "https://app.example.com",
	trustedOrigins: ["https://www.example.org", "https://*.example.net", "*.example.io", "myapp://callback", "http://localhost:5173", "exp://192.168.*.*:*/*"],
};

const origins = [
	"https://app.example.com", "https://APP.example.com", "https://app.example.com:443", "https://app.example.com:444", "http://app.example.com", "https://app.example.com.",
	"https://app.example.com/", "https://app.example.com/path", "https://app.example.com.evil.example", "https://evil.example", "https://evilapp.example.com", "null", "",
	"https://www.example.org", "https://example.org", "https://a.example.net", "https://a.b.example.net", "https://example.net", "http://a.example.net", "https://a.example.net:8443",
	"https://evil.example/.example.net", "https://evil.example?.example.net", "https://evil.example#.example.net", "https://evil.example\\.example.net",
	"https://app.example.com@evil.example", "https://a.example.io", "http://a.example.io", "https://a.example.io:8080", "myapp://callback", "myapp://", "myapp://callback.evil",
	"http://localhost:5173", "http://localhost:5174", "http://127.0.0.1:5173", "exp://192.168.1.2:8081/x", "exp://10.0.0.1:8081", "javascript:alert(1)", "file:///", "app.example.com", "*",
	"https://evil.example:bad.example.net", Buffer.from("https://\u0430pp.example.com").toString("latin1"), "about:blank", "https://",
];

// Values that no browser sends as an Origin.
const impossible = ["https://user@app.example.com", "https://*.example.net", "https:app.example.com"];

const targets = [
	"/", "/dashboard", "/a/b?c=d&e=%20", "/a#b", "//evil.example", "///evil.example", "/\\evil.example", "\\/evil.example", "/\\/evil.example", "/./\\evil.example",
	"/%2fevil.example", "/%2F/evil.example", "/%5cevil.example", "/a%2fb", "/?next=//evil.example", "/?next=%2f%2fevil", "/\t/evil.example", "/\n/evil.example", "/a\u0000", "/a\u007f", "/a\u0085",
	"\t//evil.example", " https://evil.example", "ht\ntps://evil.example", "https:evil.example", "https:/evil.example", "https:\\\\evil.example", "https:///evil.example",
	"https://app.example.com", "https://app.example.com/x?y#z", "https://app.example.com:443/x", "https://app.example.com@evil.example", "https://app.example.com%40evil.example", "https://evil.example\\@app.example.com",
	"https://app.example.com.evil.example", "https://app.example.comevil.example", "https://APP.EXAMPLE.COM/x", "http://app.example.com", "https://app.example.com./",
	"https://a.example.net/x", "https://evil.example?.example.net", "https://evil.example#.example.net", "https://evil.example/.example.net", "https://evil.example\\.example.net", "https://evil.example%2f.example.net",
	"http:attacker.example?.example.net/", "https://evil.c℀.example.net", "https://example.net", "https://x.example.net:444", "x.example.net",
	"javascript:alert(1)", "java\nscript:alert(1)", "data:text/html,x", "vbscript:x", "blob:https://app.example.com/x", "file:///etc", "intent://x",
	"myapp://callback", "myapp://callback/x?y", "myapp://callback.attacker.tld", "myapp:callback", "MYAPP://CALLBACK", "exp://192.168.1.1:8081/--/x", "exp://u@192.168.1.1:8081/",
	"dashboard", "./x", "?x", "#x", "", "\u00ad/x", "\u2028/x", "\uFEFFhttps://evil.example", "/\u2028x", "/ä", "/a\\b", "/a//evil.example", "/@evil.example", "/:evil",
];

// Targets that one parser reads in another way than the next.
const doubtful = [
	"/a b", "/<script>", "/%252fevil.example", "https://app。example.com", "myapp://callback/../x", "/..//evil.example", "/.//evil.example",
	"/%2e%2e//evil.example", "/%0d%0aSet-Cookie:x=1",
];

group("origins", { options: trusted }, (scenario) => {
	scenario("without a cookie and without headers of a browser, everybody may sign in", async (t) => {
		await t.post("/sign-in/email", { headers: { origin: null }, json: probe });
		await t.post("/sign-up/email", { headers: { origin: null }, json: { ...probe, name: "x" } });
	});

	scenario("with a cookie the Origin decides", async (t) => {
		for (const origin of origins) await t.post("/sign-in/email", { cookie: "a=b", headers: { origin }, json: probe });
	});

	scenario("an Origin that no browser sends", async (t) => {
		for (const origin of impossible) {
			await t.post("/sign-in/email", { cookie: "a=b", headers: { origin }, json: probe });
			await t.post("/sign-in/email", { headers: { origin }, json: probe });
		}
	});

	scenario("with an Origin it decides without a cookie too", async (t) => {
		for (const origin of origins) await t.post("/sign-in/email", { headers: { origin }, json: probe });
		for (const origin of ["https://evil.example", "null"]) await t.post("/sign-up/email", { headers: { origin }, json: { ...probe, name: "x" } });
	});

	scenario("elsewhere an Origin without a cookie decides nothing", async (t) => {
		for (const path of ["/sign-out", "/update-user", "/revoke-session", "/delete-user"]) {
			await t.post(path, { headers: { origin: "https://evil.example" }, json: { token: "x", name: "x" } });
		}
	});

	scenario("a session of a foreign page stays untouched", async (t) => {
		await t.signUp("alice");
		for (const path of ["/sign-out", "/update-user", "/update-session", "/revoke-sessions", "/revoke-other-sessions", "/delete-user", "/change-password", "/verify-password", "/revoke-session"]) {
			await t.post(path, { as: "alice", headers: { origin: "https://evil.example" }, json: { token: "x", name: "x", password, newPassword: password, currentPassword: password } });
			await t.post(path, { as: "alice", headers: { origin: null }, json: {} });
			await t.post(path, { as: "alice", headers: { origin: "null" }, json: {} });
		}
		await t.get("/get-session", { as: "alice" });
	});

	scenario("the Referer stands in for a missing Origin", async (t) => {
		for (const referer of ["https://app.example.com/page?x", "https://evil.example/https://app.example.com", "https://a.example.net/", "about:blank", "", "/relative"]) {
			await t.post("/sign-in/email", { cookie: "a=b", headers: { origin: null, referer }, json: probe });
			await t.post("/sign-in/email", { headers: { origin: null, referer }, json: probe });
		}
		await t.post("/sign-in/email", { cookie: "a=b", headers: { origin: "https://evil.example", referer: "https://app.example.com/" }, json: probe });
		await t.post("/sign-in/email", { cookie: "a=b", headers: { origin: "", referer: "https://app.example.com/" }, json: probe });
	});

	scenario("fetch metadata of a first sign-in", async (t) => {
		const cases = [
			["cross-site", "navigate", "document"], ["cross-site", "cors", "empty"], ["same-origin", "cors", "empty"], ["same-site", "navigate", "document"], ["none", "navigate", "document"],
			["cross-site", null, null], [null, "navigate", null], [null, null, "document"], ["", "", ""], [" ", " ", " "], ["CROSS-SITE", "NAVIGATE", null],
		];
		for (const [site, mode, dest] of cases) {
			for (const origin of [null, "https://app.example.com", "https://evil.example", "null"]) {
				if (site === "same-origin" && origin === "null") continue;
				const headers = { "sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": dest, origin };
				await t.post("/sign-in/email", { headers, json: probe });
			}
			const cross = { "sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": dest };
			await t.post("/sign-up/email", { headers: cross, json: { ...probe, name: "x" } });
			await t.post("/sign-in/email", { headers: cross, cookie: "a=b", json: probe });
		}
	});

	scenario("Origin: null from the same origin, behind a proxy that ends TLS", async (t) => {
		await t.post("/sign-in/email", { cookie: "a=b", headers: { origin: "null", "sec-fetch-site": "same-origin" }, json: probe });
		await t.post("/sign-in/email", { headers: { origin: "null", "sec-fetch-site": "same-origin" }, json: probe });
	});

	scenario("Origin: null from elsewhere", async (t) => {
		for (const site of ["same-site", "cross-site", "none", "Same-Origin", ""]) {
			await t.post("/sign-in/email", { cookie: "a=b", headers: { origin: "null", "sec-fetch-site": site }, json: probe });
		}
	});

	scenario("callbackURL in a body", async (t) => {
		for (const callbackURL of targets) await t.post("/sign-in/email", { json: { ...probe, callbackURL } });
	});

	scenario("callbackURL that is read in more than one way", async (t) => {
		for (const callbackURL of doubtful) await t.post("/sign-in/email", { json: { ...probe, callbackURL } });
	});

	scenario("callbackURL in body and query", async (t) => {
		for (const target of ["//evil.example", "https://evil.example"]) {
			await t.post(`/sign-in/email?callbackURL=${encodeURIComponent(target)}`, { json: { ...probe, callbackURL: "/" } });
		}
	});

	scenario("callbackURL in a query", async (t) => {
		for (const target of ["/ok", "//evil.example", "https://evil.example", "https://app.example.com/x"]) {
			await t.post(`/sign-in/email?callbackURL=${encodeURIComponent(target)}`, { json: probe });
			await t.post(`/sign-in/email?callbackURL=${encodeURIComponent(target)}`, { json: { ...probe, callbackURL: "https://evil.example" } });
		}
		await t.post("/sign-in/email?callbackURL=/&callbackURL=//evil.example", { json: probe });
		await t.post("/sign-out?callbackURL=//evil.example");
		await t.get("/get-session?callbackURL=//evil.example");
	});

	scenario("the other targets, on any endpoint", async (t) => {
		for (const member of ["redirectTo", "errorCallbackURL", "newUserCallbackURL", "callbackURL"]) {
			for (const value of ["/fine", "//evil.example", "https://evil.example", ["/"], {}, 1, true, 0, "", null]) {
				await t.post("/sign-out", { json: { [member]: value } });
			}
		}
		await t.post("/sign-out", { json: { callbackURL: "//evil.example", redirectTo: "//evil.example" } });
	});
});

group("origins over http", {}, (scenario) => {
	scenario("Origin: null from the same origin", async (t) => {
		await t.post("/sign-in/email", { cookie: "a=b", headers: { origin: "null", "sec-fetch-site": "same-origin" }, json: probe });
		await t.post("/sign-in/email", { headers: { origin: "null", "sec-fetch-site": "same-origin" }, json: probe });
		await t.post("/sign-in/email", { cookie: "a=b", headers: { origin: "null", "sec-fetch-site": "cross-site" }, json: probe });
	});
});

group("pages of other origins", { options: trusted }, (scenario) => {
	scenario("ask before they send", async (t) => {
		for (const origin of ["https://www.example.org", "https://a.example.net", "https://evil.example", "null", "https://app.example.com", null]) {
			const headers = { origin, "access-control-request-method": "POST", "access-control-request-headers": "content-type" };
			for (const path of ["/sign-in/email", "/get-session", "/nothing"]) await t.send("OPTIONS", path, { headers });
		}
		await t.send("OPTIONS", "/ok", { headers: { origin: "https://www.example.org" } });
	});

	scenario("read what trusts them", async (t) => {
		for (const origin of ["https://www.example.org", "https://a.example.net", "https://evil.example", "null", "https://app.example.com"]) {
			await t.get("/ok", { headers: { origin } });
			await t.get("/get-session", { headers: { origin } });
			await t.get("/nothing", { headers: { origin } });
		}
	});
});

group("origins without CSRF check", { options: { advanced: { disableCSRFCheck: true } } }, (scenario) => {
	scenario("anybody may send, nobody may redirect", async (t) => {
		await t.post("/sign-in/email", { cookie: "a=b", headers: { origin: "https://evil.example" }, json: probe });
		await t.post("/sign-in/email", { headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" }, json: probe });
		await t.post("/sign-in/email", { json: { ...probe, callbackURL: "https://evil.example" } });
	});
});

group("origins without any check", { options: { advanced: { disableOriginCheck: true } } }, (scenario) => {
	scenario("anybody may send and redirect", async (t) => {
		await t.post("/sign-in/email", { cookie: "a=b", headers: { origin: "https://evil.example" }, json: probe });
		await t.post("/sign-in/email", { headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" }, json: probe });
		await t.post("/sign-in/email", { json: { ...probe, callbackURL: "https://evil.example" } });
		await t.post("/sign-in/email", { json: { ...probe, callbackURL: ["x"] } });
	});
});

group("origins with paths left out", { options: { advanced: { disableOriginCheck: ["/sign-in", "/update-user/"] } } }, (scenario) => {
	scenario("only below those paths", async (t) => {
		const evil = { cookie: "a=b", headers: { origin: "https://evil.example" } };
		await t.post("/sign-in/email", { ...evil, json: probe });
		await t.post("/sign-in/email", { ...evil, json: { ...probe, callbackURL: "https://evil.example" } });
		await t.post("/update-user", { ...evil, json: { name: "x" } });
		await t.post("/sign-up/email", { ...evil, json: { ...probe, name: "x" } });
		await t.post("/sign-out", { ...evil });
		await t.post("/sign-in/email", { headers: { origin: "https://evil.example" }, json: probe });
	});
});
