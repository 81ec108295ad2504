// POST /delete-user.
import { group, password } from "../lib/suite.mjs";

const day = 86_400; // seconds
const enabled = { user: { deleteUser: { enabled: true } } };

group("delete-user", { options: enabled }, (scenario) => {
	scenario("with a password", async (t) => {
		await t.member("alice");
		await t.member("bob");
		await t.signIn("alice", {}, { as: "phone" });
		await t.post("/delete-user", { as: "alice", json: { password } });
		await t.get("/get-session", { as: "alice" });
		await t.get("/get-session", { as: "phone" });
		await t.get("/get-session", { as: "bob" });
		await t.signIn("alice");
		await t.member("alice");
	});

	scenario("with a fresh session", async (t) => {
		await t.member("alice");
		await t.post("/delete-user", { as: "alice" });
	});

	scenario("with an old session only by password", async (t) => {
		await t.member("alice");
		t.ageSessions({ createdAt: -day - 60 });
		await t.post("/delete-user", { as: "alice" });
		await t.post("/delete-user", { as: "alice", json: { password: "" } });
		await t.post("/delete-user", { as: "alice", json: { password: "wrong password" } });
		await t.post("/delete-user", { as: "alice", json: { password: "x".repeat(129) } });
		await t.post("/delete-user", { as: "alice", json: { password } });
	});

	scenario("not with a token nobody was sent", async (t) => {
		await t.member("alice");
		await t.post("/delete-user", { as: "alice", json: { token: "unknown" } });
		await t.post("/delete-user", { as: "alice", json: { token: "unknown", password } });
		await t.get("/get-session", { as: "alice" });
	});

	scenario("where there is no password", async (t) => {
		await t.member("alice");
		t.sql("update account set password = null");
		await t.post("/delete-user", { as: "alice", json: { password } });
		await t.post("/delete-user", { as: "alice" });
	});

	scenario("without a session, and mistyped", async (t) => {
		await t.post("/delete-user");
		await t.post("/delete-user", { json: { password } });
		for (const member of ["password", "token", "callbackURL"]) {
			for (const value of [null, 1, {}, []]) await t.post("/delete-user", { json: { [member]: value } });
		}
		for (const json of [null, [], "x"]) await t.post("/delete-user", { json });
		await t.send("POST", "/delete-user");
	});

	scenario("callbackURL is checked", async (t) => {
		await t.member("alice");
		await t.post("/delete-user", { as: "alice", json: { callbackURL: "https://evil.example" } });
		await t.post("/delete-user", { as: "alice", json: { callbackURL: "/bye" } });
	});

	scenario("the client's call", async (t) => {
		await t.member("alice");
		await t.client("alice", (c) => c.deleteUser({ password }));
		await t.client("alice", (c) => c.getSession());
	});
});

group("delete-user that is off", {}, (scenario) => {
	scenario("is not found, after the guard", async (t) => {
		await t.post("/delete-user");
		await t.member("alice");
		await t.post("/delete-user", { as: "alice", json: { password } });
		await t.client("alice", (c) => c.deleteUser());
	});
});

group("delete-user with a session cache", { options: { ...enabled, session: { cookieCache: { enabled: true } } } }, (scenario) => {
	scenario("ends the cache too", async (t) => {
		await t.signUp("alice");
		await t.post("/delete-user", { as: "alice" });
	});
});

group("delete-user of sessions that are always fresh", { options: { ...enabled, session: { freshAge: 0 } } }, (scenario) => {
	scenario("needs no password", async (t) => {
		await t.member("alice");
		t.ageSessions({ createdAt: -100 * day });
		await t.post("/delete-user", { as: "alice" });
	});
});
