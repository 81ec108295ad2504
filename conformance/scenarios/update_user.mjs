// POST /update-user and /update-session.
import { group } from "../lib/suite.mjs";

group("update-user", {}, (scenario) => {
	scenario("changes name and image, and renews the cookie", async (t) => {
		await t.member("alice");
		await t.post("/update-user", { as: "alice", json: { name: "Alice B." } });
		await t.post("/update-user", { as: "alice", json: { image: "https://x.example/a.png" } });
		await t.get("/get-session", { as: "alice" });
		await t.post("/update-user", { as: "alice", json: { name: "", image: null } });
		await t.get("/get-session", { as: "alice" });
	});

	scenario("keeps a session of the browser one", async (t) => {
		await t.member("alice", { rememberMe: false });
		await t.post("/update-user", { as: "alice", json: { name: "x" } });
	});

	scenario("never changes the address", async (t) => {
		await t.member("alice");
		await t.post("/update-user", { as: "alice", json: { email: "new@example.com" } });
		await t.post("/update-user", { as: "alice", json: { email: "", name: "kept" } });
		await t.post("/update-user", { as: "alice", json: { email: null } });
		await t.post("/update-user", { as: "alice", json: { email: 0 } });
		await t.post("/update-user", { as: "alice", json: { email: ["x"], name: "y" } });
	});

	scenario("refuses to do nothing, and drops what nobody declared", async (t) => {
		await t.member("alice");
		await t.post("/update-user", { as: "alice" });
		await t.post("/update-user", { as: "alice", json: { role: "admin", emailVerified: true, id: "x", createdAt: 0 } });
		await t.post("/update-user", { as: "alice", json: { role: "admin", name: "still a user" } });
		const proto = { body: '{"__proto__":{"name":"x"}}', headers: { "content-type": "application/json" } };
		await t.post("/update-user", { as: "alice", ...proto });
	});

	scenario("bodies that are no objects", async (t) => {
		await t.member("alice");
		for (const json of [null, [], [1], "x", 1, true]) await t.post("/update-user", { as: "alice", json });
		await t.send("POST", "/update-user", { as: "alice" });
		await t.send("POST", "/update-user");
		await t.post("/update-user", { json: [] });
	});

	scenario("values of another type", async (t) => {
		for (const value of [1, 1.5, true, {}, [], ["x"], { a: 1 }]) {
			for (const member of ["name", "image"]) {
				await t.member("alice");
				await t.post("/update-user", { as: "alice", json: { [member]: value } });
				t.clear();
			}
		}
		await t.member("alice");
		await t.post("/update-user", { as: "alice", json: { name: null } });
	});

	scenario("of a user who is gone", async (t) => {
		await t.member("alice");
		t.sql("pragma foreign_keys = off");
		t.sql("delete from user");
		await t.post("/update-user", { as: "alice", json: { name: "x" } });
	});

	scenario("needs a session", async (t) => {
		await t.post("/update-user", { json: { name: "x" } });
		await t.post("/update-user", { json: {} });
		await t.client("nobody", (c) => c.updateUser({ name: "x" }));
	});

	scenario("the client's call", async (t) => {
		await t.member("alice");
		await t.client("alice", (c) => c.updateUser({ name: "Renamed", image: "https://x.example/i" }));
		await t.client("alice", (c) => c.getSession());
	});
});

group("update-user with a session cache", { options: { session: { cookieCache: { enabled: true } } } }, (scenario) => {
	scenario("writes the new user into the cache", async (t) => {
		await t.signUp("alice");
		await t.post("/update-user", { as: "alice", json: { name: "Alice B." } });
		await t.get("/get-session", { as: "alice" });
	});

	scenario("of a user who was deleted since", async (t) => {
		await t.signUp("alice");
		t.sql("delete from session");
		t.sql("delete from account");
		t.sql("delete from user");
		await t.post("/update-user", { as: "alice", json: { name: "x" } });
	});
});

group("update-session", { options: { session: { additionalFields: {
	theme: { type: "string", required: false },
	locale: { type: "string", required: false, defaultValue: "en" },
	visits: { type: "number", required: false },
	beta: { type: "boolean", required: false },
	seenAt: { type: "date", required: false },
	internal: { type: "string", required: false, input: false },
	hidden: { type: "string", required: false, returned: false },
} } } }, (scenario) => {
	scenario("changes declared fields", async (t) => {
		await t.member("alice");
		await t.post("/update-session", { as: "alice", json: { theme: "dark", visits: 3, beta: true } });
		await t.get("/get-session", { as: "alice" });
		await t.post("/update-session", { as: "alice", json: { theme: null, hidden: "secret" } });
		await t.post("/update-session", { as: "alice", json: { seenAt: "2026-01-02T03:04:05.678Z" } });
		await t.get("/list-sessions", { as: "alice" });
	});

	scenario("refuses the rest", async (t) => {
		await t.member("alice");
		await t.post("/update-session", { as: "alice" });
		await t.post("/update-session", { as: "alice", json: { internal: "x" } });
		await t.post("/update-session", { as: "alice", json: { internal: "" } });
		for (const member of ["userId", "token", "expiresAt", "id", "createdAt", "ipAddress", "activeOrganizationId", "impersonatedBy"]) {
			await t.post("/update-session", { as: "alice", json: { [member]: "x" } });
		}
		for (const json of [null, [], "x", 1]) await t.post("/update-session", { as: "alice", json });
		await t.send("POST", "/update-session", { as: "alice" });
	});

	scenario("values of another type", async (t) => {
		for (const json of [{ theme: 1 }, { theme: {} }, { visits: "x" }, { beta: "x" }, { beta: 1 }, { seenAt: "x" }, { seenAt: 5 }]) {
			await t.member("alice");
			await t.post("/update-session", { as: "alice", json });
			t.clear();
		}
	});

	scenario("a number with a fraction", async (t) => {
		await t.member("alice");
		await t.post("/update-session", { as: "alice", json: { visits: 1.5 } });
	});

	scenario("needs a session that exists", async (t) => {
		await t.post("/update-session", { json: { theme: "x" } });
		await t.member("alice");
		t.sql("delete from session");
		await t.post("/update-session", { as: "alice", json: { theme: "x" } });
	});

	scenario("the client's call", async (t) => {
		await t.member("alice");
		await t.client("alice", (c) => c.$fetch("/update-session", { method: "POST", body: { theme: "light" } }));
	});
});

group("update-session with a session cache", { options: { session: {
	cookieCache: { enabled: true },
	additionalFields: { theme: { type: "string", required: false }, hidden: { type: "string", required: false, returned: false } },
} } }, (scenario) => {
	scenario("writes the new session into the cache, hidden fields left out", async (t) => {
		await t.signUp("alice");
		await t.post("/update-session", { as: "alice", json: { theme: "dark", hidden: "secret" } });
		await t.get("/get-session", { as: "alice" });
	});

	scenario("notices that the session behind the cache is gone", async (t) => {
		await t.signUp("alice");
		t.sql("delete from session");
		await t.post("/update-session", { as: "alice", json: { theme: "dark" } });
	});
});
