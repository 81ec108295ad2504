// POST /sign-out.
import { group } from "../lib/suite.mjs";

group("sign-out", {}, (scenario) => {
	scenario("ends the session and the cookies", async (t) => {
		await t.member("alice");
		t.copyJar("alice", "replay");
		await t.post("/sign-out", { as: "alice" });
		await t.get("/get-session", { as: "alice" });
		await t.get("/get-session", { as: "replay" });
		await t.get("/list-sessions", { as: "replay" });
		await t.post("/update-user", { as: "replay", json: { name: "x" } });
	});

	scenario("works without a session", async (t) => {
		await t.post("/sign-out");
		await t.send("POST", "/sign-out");
		await t.post("/sign-out", { cookie: "better-auth.session_token=garbage" });
		await t.post("/sign-out", { cookie: "other=1" });
	});

	scenario("takes a body without a word about it", async (t) => {
		await t.member("alice");
		await t.post("/sign-out", { as: "alice", json: { unknown: 1 } });
		await t.post("/sign-out", { json: null });
		await t.post("/sign-out", { json: [] });
		await t.post("/sign-out", { json: "x" });
		for (const member of ["callbackURL", "disableRedirect", "state"]) {
			for (const value of [1, true, "/x", null, {}]) await t.post("/sign-out", { json: { [member]: value } });
		}
	});

	scenario("leaves the other sessions of the user", async (t) => {
		await t.member("alice");
		await t.signIn("alice", {}, { as: "phone" });
		await t.post("/sign-out", { as: "alice" });
		await t.get("/get-session", { as: "phone" });
	});

	scenario("ends a session of the browser", async (t) => {
		await t.member("alice", { rememberMe: false });
		await t.post("/sign-out", { as: "alice" });
	});

	scenario("the client's call", async (t) => {
		await t.member("alice");
		await t.client("alice", (c) => c.signOut());
		await t.client("alice", (c) => c.getSession());
	});
});

group("sign-out with a session cache", { options: { session: { cookieCache: { enabled: true } } } }, (scenario) => {
	scenario("clears every cookie it ever set", async (t) => {
		await t.signUp("alice", { rememberMe: false });
		t.copyJar("alice", "replay");
		await t.post("/sign-out", { as: "alice" });
		await t.get("/get-session", { as: "replay" });
		await t.get("/get-session?disableCookieCache=true", { as: "replay" });
	});
});
