// POST /sign-in/email.
import { group, password } from "../lib/suite.mjs";

group("sign-in", {}, (scenario) => {
	scenario("gives a session", async (t) => {
		await t.signUp("alice");
		await t.signIn("alice");
		await t.get("/get-session", { as: "alice" });
		await t.get("/list-sessions", { as: "alice" });
	});

	scenario("finds the user whatever the case of the address", async (t) => {
		await t.signUp("alice");
		await t.signIn("alice", { email: "ALICE@EXAMPLE.com" });
	});

	scenario("says the same for unknown address, wrong password and no password", async (t) => {
		await t.signUp("alice");
		await t.signUp("social");
		t.sql("update account set password = null, \"providerId\" = 'github' where \"userId\" = (select id from user where email = 'social@example.com')");
		await t.signIn("nobody");
		await t.signIn("alice", { password: "wrong password" });
		await t.signIn("alice", { password: "" });
		await t.signIn("social");
		await t.get("/get-session", { as: "nobody" });
	});

	scenario("rememberMe: false makes a session of the browser, and true again ends it", async (t) => {
		await t.signUp("alice");
		await t.signIn("alice", { rememberMe: false });
		await t.get("/get-session", { as: "alice" });
		await t.signIn("alice", { rememberMe: true });
		await t.get("/get-session", { as: "alice" });
		await t.signIn("alice", { rememberMe: false });
		await t.signIn("alice");
	});

	scenario("hands the callbackURL back", async (t) => {
		await t.signUp("alice");
		for (const callbackURL of ["/dashboard", "/a?b=c&d=%20", "http://localhost:3000/x", ""]) await t.signIn("alice", { callbackURL });
	});

	scenario("refuses addresses and passwords before looking anything up", async (t) => {
		const long = "x".repeat(129);
		for (const email of ["bad", "", "a@b", "a b@c.co", "a@b.co", " a@b.co", "a@b.co\u0000"]) {
			await t.post("/sign-in/email", { json: { email, password: long } });
		}
		await t.post("/sign-in/email", { json: { email: "a@b.co", password: "x".repeat(100_000) } });
	});

	scenario("names every missing or mistyped member", async (t) => {
		await t.post("/sign-in/email", { json: {} });
		for (const member of ["email", "password", "callbackURL", "rememberMe"]) {
			for (const value of [null, 1, true, {}, [], ["a@b.co"]]) {
				await t.post("/sign-in/email", { json: { email: "a@b.co", password: "x".repeat(129), [member]: value } });
			}
		}
	});

	scenario("normalises passwords to NFKC", async (t) => {
		await t.signUp("alice", { password: "of\uFB01ce \u2460\u212B x" });
		await t.signIn("alice", { password: "office 1\u00C5 x" });
		await t.signIn("alice", { password: "office 1A\u030A x" });
		await t.signIn("alice", { password: "office 1A x" });
	});

	scenario("accepts a form", async (t) => {
		await t.signUp("alice");
		const type = { "content-type": "application/x-www-form-urlencoded" };
		const form = (more) => new URLSearchParams({ email: "alice@example.com", password, ...more }).toString();
		await t.post("/sign-in/email", { as: "alice", body: form({}), headers: type });
		await t.post("/sign-in/email", { as: "alice", body: form({ rememberMe: "true" }), headers: type });
		await t.post("/sign-in/email", { as: "alice", body: `email=x@y.co&${form({})}`, headers: type });
		await t.post("/sign-in/email", { as: "alice", body: "email=%ff&password=%zz&&=", headers: type });
		await t.post("/sign-in/email", { as: "alice", body: "", headers: type });
	});

	scenario("replaces a session cookie that somebody else planted", async (t) => {
		await t.signUp("mallory");
		await t.signUp("alice");
		t.copyJar("mallory", "victim");
		await t.signIn("alice", {}, { as: "victim" });
		await t.get("/get-session", { as: "victim" });
		await t.get("/get-session", { as: "mallory" });
	});

	scenario("keeps what the request says about its sender", async (t) => {
		await t.signUp("alice");
		const agents = { "user-agent": null, "x-forwarded-for": "2001:DB8::1" };
		await t.signIn("alice", {}, { headers: agents });
		await t.signIn("alice", {}, { headers: { "user-agent": "x".repeat(3_000), "x-forwarded-for": "::ffff:198.51.100.7" } });
		await t.signIn("alice", {}, { headers: { "user-agent": "Zo\u00eb/1 \u00e2\u0082\u00ac" } });
		await t.get("/list-sessions", { as: "alice" });
	});

	scenario("the client's calls", async (t) => {
		await t.signUp("alice");
		await t.client("alice", (c) => c.signIn.email({ email: "alice@example.com", password, rememberMe: false }));
		await t.client("alice", (c) => c.signIn.email({ email: "alice@example.com", password: "wrong password" }));
		await t.client("alice", (c) => c.signIn.email({ email: "alice@example.com", password, callbackURL: "/home" }));
	});
});
