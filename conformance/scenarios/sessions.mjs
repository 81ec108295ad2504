// /list-sessions, /revoke-session, /revoke-sessions, /revoke-other-sessions.
import { group } from "../lib/suite.mjs";

const day = 86_400; // seconds

group("sessions", {}, (scenario) => {
	scenario("lists the live ones", async (t) => {
		await t.member("alice");
		await t.signIn("alice", {}, { as: "phone" });
		const old = await t.signIn("alice", {}, { as: "old" });
		t.sql('update session set "expiresAt" = ? where token = ?', (side) => ["2020-01-01T00:00:00.000Z", old[side].json.token]);
		await t.member("bob");
		await t.get("/list-sessions", { as: "alice" });
		await t.get("/list-sessions", { as: "old" });
		await t.get("/list-sessions");
		await t.client("alice", (c) => c.listSessions());
	});

	scenario("lists only for a fresh session", async (t) => {
		await t.member("alice");
		t.ageSessions({ createdAt: -day + 60 });
		await t.get("/list-sessions", { as: "alice" });
		t.ageSessions({ createdAt: -day - 60 });
		await t.get("/list-sessions", { as: "alice" });
	});

	scenario("a guard refreshes the session that it lets through", async (t) => {
		await t.member("alice");
		t.ageSessions({ expiresAt: 2 * day, updatedAt: -5 * day });
		await t.get("/list-sessions", { as: "alice" });
		t.ageSessions({ expiresAt: 2 * day, updatedAt: -5 * day });
		await t.get("/list-accounts", { as: "alice" });
		t.ageSessions({ expiresAt: 2 * day, updatedAt: -5 * day });
		await t.post("/update-user", { as: "alice", json: { name: "New" } });
		t.ageSessions({ expiresAt: 2 * day, updatedAt: -5 * day });
		await t.post("/verify-password", { as: "alice", json: { password: "wrong password" } });
	});

	scenario("an expired session opens nothing", async (t) => {
		await t.member("alice");
		for (const [method, path] of [["GET", "/list-accounts"], ["POST", "/update-user"], ["POST", "/revoke-sessions"]]) {
			t.copyJar("alice", "late");
			t.ageSessions({ expiresAt: -60 });
			await t.send(method, path, { as: "late", ...(method === "POST" ? { json: { name: "x" } } : {}) });
		}
	});

	scenario("revokes one of one's own", async (t) => {
		await t.member("alice");
		const phone = await t.signIn("alice", {}, { as: "phone" });
		await t.post("/revoke-session", { as: "alice", json: (side) => ({ token: phone[side].json.token }) });
		await t.get("/get-session", { as: "phone" });
		await t.get("/get-session", { as: "alice" });
	});

	scenario("revoking one's current session also ends the cookies", async (t) => {
		const signed = await t.member("alice");
		await t.post("/revoke-session", { as: "alice", json: (side) => ({ token: signed[side].json.token }) });
		await t.get("/get-session", { as: "alice" });
	});

	scenario("does not touch the session of somebody else, and does not say so", async (t) => {
		const alice = await t.member("alice");
		await t.member("mallory");
		await t.post("/revoke-session", { as: "mallory", json: (side) => ({ token: alice[side].json.token }) });
		await t.get("/get-session", { as: "alice" });
	});

	scenario("unknown and mistyped tokens", async (t) => {
		await t.member("alice");
		await t.post("/revoke-session", { as: "alice", json: { token: "unknown" } });
		await t.post("/revoke-session", { as: "alice", json: { token: "" } });
		for (const token of [null, 1, {}, [], true]) await t.post("/revoke-session", { as: "alice", json: { token } });
		await t.post("/revoke-session", { as: "alice" });
		await t.post("/revoke-session", { json: { token: "x" } });
		await t.post("/revoke-session");
	});

	scenario("revokes all, the caller's cookies included", async (t) => {
		await t.member("alice");
		await t.signIn("alice", {}, { as: "phone" });
		await t.member("bob");
		await t.post("/revoke-sessions", { as: "alice" });
		await t.get("/get-session", { as: "alice" });
		await t.get("/get-session", { as: "phone" });
		await t.get("/get-session", { as: "bob" });
		await t.post("/revoke-sessions", { as: "alice" });
	});

	scenario("revokes the others", async (t) => {
		await t.member("alice");
		await t.signIn("alice", {}, { as: "phone" });
		await t.member("bob");
		await t.post("/revoke-other-sessions", { as: "alice" });
		await t.get("/get-session", { as: "alice" });
		await t.get("/get-session", { as: "phone" });
		await t.get("/get-session", { as: "bob" });
		await t.post("/revoke-other-sessions");
		await t.post("/revoke-other-sessions", { as: "alice" });
	});

	scenario("bodies of the endpoints that want none", async (t) => {
		await t.member("alice");
		for (const path of ["/revoke-other-sessions", "/revoke-sessions"]) {
			await t.send("POST", path, { as: "alice" });
			await t.post(path, { as: "alice", json: null });
			await t.post(path, { as: "alice", json: ["x"] });
			await t.post(path, { as: "alice", body: "x", headers: { "content-type": "text/plain" } });
		}
	});

	scenario("the client's calls", async (t) => {
		await t.member("alice");
		const phone = await t.signIn("alice", {}, { as: "phone" });
		await t.client("alice", (c, side) => c.revokeSession({ token: phone[side].json.token }));
		await t.client("alice", (c) => c.revokeOtherSessions());
		await t.client("alice", (c) => c.revokeSessions());
		await t.client("alice", (c) => c.listSessions());
	});
});

group("sessions with a session cache", { options: { session: { cookieCache: { enabled: true } } } }, (scenario) => {
	scenario("a revoked session keeps reading from its cache, and nothing more", async (t) => {
		await t.signUp("alice");
		await t.signIn("alice", {}, { as: "phone" });
		await t.post("/revoke-other-sessions", { as: "alice" });
		await t.get("/get-session", { as: "phone" });
		await t.get("/list-accounts", { as: "phone" });
		t.copyJar("phone", "thief");
		await t.get("/list-sessions", { as: "phone" });
		t.copyJar("thief", "phone");
		await t.post("/update-session", { as: "phone", json: { x: 1 } });
		t.copyJar("phone", "thief");
		for (const [path, json] of [
			["/revoke-session", { token: "x" }], ["/revoke-sessions", {}], ["/revoke-other-sessions", {}],
			["/verify-password", { password: "x" }], ["/change-password", { newPassword: "12345678", currentPassword: "x" }],
			["/delete-user", {}],
		]) {
			t.copyJar("thief", "phone");
			await t.post(path, { as: "phone", json });
		}
		t.copyJar("thief", "phone");
		await t.get("/get-session?disableCookieCache=true", { as: "phone" });
	});

	scenario("guards refresh the row and the cache", async (t) => {
		await t.signUp("alice");
		t.ageSessions({ expiresAt: 2 * day, updatedAt: -5 * day });
		t.changeCookie("alice", "better-auth.session_data", () => null);
		await t.get("/list-accounts", { as: "alice" });
		t.ageSessions({ expiresAt: 2 * day, updatedAt: -5 * day });
		await t.post("/revoke-other-sessions", { as: "alice" });
	});

	scenario("revoking one's own session and all", async (t) => {
		const signed = await t.signUp("alice");
		await t.post("/revoke-session", { as: "alice", json: (side) => ({ token: signed[side].json.token }) });
		await t.signIn("alice");
		await t.post("/revoke-sessions", { as: "alice" });
	});
});

group("sessions that are always fresh", { options: { session: { freshAge: 0 } } }, (scenario) => {
	scenario("list without a limit of age", async (t) => {
		await t.member("alice");
		t.ageSessions({ createdAt: -100 * day });
		await t.get("/list-sessions", { as: "alice" });
	});
});
