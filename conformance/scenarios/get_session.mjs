// GET and POST /get-session.
import { group } from "../lib/suite.mjs";

const day = 86_400; // seconds

group("get-session", {}, (scenario) => {
	scenario("answers null without a session", async (t) => {
		await t.get("/get-session");
		await t.get("/get-session", { cookie: "a=b" });
		await t.get("/get-session", { cookie: "better-auth.session_token=" });
		await t.get("/get-session", { cookie: "better-auth.session_token=abc" });
		await t.get("/get-session", { cookie: "better-auth.session_data=abc" });
	});

	scenario("needs no Origin", async (t) => {
		await t.member("alice");
		await t.get("/get-session", { as: "alice", headers: { origin: null } });
		await t.get("/get-session", { as: "alice", headers: { origin: "https://evil.example" } });
	});

	scenario("POST is refused unless deferSessionRefresh is on", async (t) => {
		await t.member("alice");
		await t.post("/get-session", { as: "alice" });
		await t.post("/get-session");
		await t.send("POST", "/get-session");
	});

	scenario("refreshes when updateAge has passed", async (t) => {
		await t.member("alice");
		t.ageSessions({ expiresAt: 6 * day + 60, updatedAt: -day + 60 });
		await t.get("/get-session", { as: "alice" });
		t.ageSessions({ expiresAt: 6 * day - 60, updatedAt: -day - 60 });
		await t.get("/get-session?disableRefresh=true", { as: "alice" });
		await t.get("/get-session", { as: "alice" });
		await t.get("/get-session", { as: "alice" });
	});

	scenario("does not refresh a session of the browser", async (t) => {
		await t.member("alice", { rememberMe: false });
		t.ageSessions({ expiresAt: 60, updatedAt: -day + 60 });
		await t.get("/get-session", { as: "alice" });
	});

	scenario("refreshes a session whose dont_remember cookie is forged", async (t) => {
		await t.member("alice");
		t.changeCookie("alice", "better-auth.dont_remember", () => "true.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%3D");
		t.ageSessions({ expiresAt: 60, updatedAt: -day + 60 });
		await t.get("/get-session", { as: "alice" });
	});

	scenario("removes a session that has expired", async (t) => {
		await t.member("alice");
		t.ageSessions({ expiresAt: -60 });
		await t.get("/get-session", { as: "alice" });
		await t.get("/get-session", { as: "alice" });
	});

	scenario("removes a session that has expired, also when refresh is off", async (t) => {
		await t.member("alice");
		t.ageSessions({ expiresAt: -60 });
		await t.get("/get-session?disableRefresh=true", { as: "alice" });
	});

	scenario("a session without its user is none", async (t) => {
		await t.member("alice");
		t.sql("pragma foreign_keys = off");
		t.sql("delete from user");
		await t.get("/get-session", { as: "alice" });
		await t.get("/list-sessions", { as: "alice" });
	});

	scenario("sees what happened to the user since", async (t) => {
		await t.member("alice");
		t.sql("update user set name = 'Renamed', \"emailVerified\" = 1, image = 'https://x.example/y.png'");
		await t.get("/get-session", { as: "alice" });
	});

	scenario("coerces its flags from text", async (t) => {
		await t.member("alice");
		t.ageSessions({ expiresAt: 60, updatedAt: -day });
		for (const query of ["disableRefresh=false", "disableRefresh=1", "disableRefresh=0", "disableRefresh=1&disableRefresh=2", "disableCookieCache=false"]) {
			await t.get(`/get-session?${query}`, { as: "alice" });
			t.ageSessions({ expiresAt: 60, updatedAt: -day });
		}
		for (const query of ["disableRefresh=", "disableRefresh", "", "unknown=1", "%ff=%zz", "a[b]=c", "disableCookieCache="]) {
			await t.get(`/get-session?${query}`, { as: "alice" });
		}
	});

	scenario("removes a stray session cache when the cache is off", async (t) => {
		await t.member("alice");
		t.changeCookie("alice", "better-auth.session_data", () => "stray");
		await t.get("/get-session", { as: "alice" });
		t.changeCookie("alice", "better-auth.session_data.0", () => "stray");
		t.changeCookie("alice", "better-auth.session_data.1", () => "stray");
		await t.get("/get-session", { as: "alice" });
	});

	scenario("the client's calls", async (t) => {
		await t.client("alice", (c) => c.getSession());
		await t.member("alice");
		await t.client("alice", (c) => c.getSession());
		await t.client("alice", (c) => c.getSession({ query: { disableCookieCache: true } }));
		await t.client("alice", (c) => c.getSession({ query: { disableRefresh: true } }));
	});
});

group("get-session that defers its refresh", { options: { session: { deferSessionRefresh: true } } }, (scenario) => {
	scenario("GET tells, POST does", async (t) => {
		await t.member("alice");
		await t.get("/get-session", { as: "alice" });
		t.ageSessions({ expiresAt: 3 * day, updatedAt: -4 * day });
		await t.get("/get-session", { as: "alice" });
		await t.get("/get-session?disableRefresh=true", { as: "alice" });
		await t.post("/get-session?disableRefresh=true", { as: "alice" });
		await t.post("/get-session", { as: "alice" });
		await t.get("/get-session", { as: "alice" });
		await t.post("/get-session", { as: "alice" });
	});

	scenario("POST without a session, with a foreign Origin and with an odd body", async (t) => {
		await t.post("/get-session");
		await t.member("alice");
		await t.post("/get-session", { as: "alice", headers: { origin: "https://evil.example" } });
		await t.post("/get-session", { as: "alice", body: "x", headers: { "content-type": "text/plain" } });
		await t.post("/get-session", { as: "alice", body: "{", headers: { "content-type": "application/json" } });
		await t.send("POST", "/get-session", { as: "alice" });
	});

	scenario("GET leaves an expired session in the database, POST removes it", async (t) => {
		await t.member("alice");
		t.copyJar("alice", "again");
		t.ageSessions({ expiresAt: -60 });
		await t.get("/get-session", { as: "alice" });
		await t.post("/get-session", { as: "again" });
	});

	scenario("a session of the browser has no needsRefresh", async (t) => {
		await t.member("alice", { rememberMe: false });
		await t.get("/get-session", { as: "alice" });
		await t.post("/get-session", { as: "alice" });
	});

	scenario("guards of other endpoints do not refresh", async (t) => {
		await t.member("alice");
		t.ageSessions({ expiresAt: 3 * day, updatedAt: -4 * day });
		await t.get("/list-accounts", { as: "alice" });
	});

	scenario("the client refreshes on its own request", async (t) => {
		await t.member("alice");
		t.ageSessions({ expiresAt: 3 * day, updatedAt: -4 * day });
		await t.client("alice", (c) => c.getSession());
	});
});

group("get-session that never refreshes", { options: { session: { disableSessionRefresh: true } } }, (scenario) => {
	scenario("leaves the row alone", async (t) => {
		await t.member("alice");
		t.ageSessions({ expiresAt: 60, updatedAt: -6 * day });
		await t.get("/get-session", { as: "alice" });
	});
});

group("get-session with its own times", { options: { session: { expiresIn: 3_600, updateAge: 0, freshAge: 60 } } }, (scenario) => {
	scenario("refreshes at each request when updateAge is 0", async (t) => {
		await t.member("alice");
		t.ageSessions({ expiresAt: 1_800 });
		await t.get("/get-session", { as: "alice" });
		await t.signIn("alice", { rememberMe: false });
		await t.get("/get-session", { as: "alice" });
	});

	scenario("freshness follows freshAge", async (t) => {
		await t.member("alice");
		await t.get("/list-sessions", { as: "alice" });
		t.ageSessions({ createdAt: -61 });
		await t.get("/list-sessions", { as: "alice" });
	});
});
