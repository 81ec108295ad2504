// A database that does not answer, and one that has many rows.
import { group, password } from "../lib/suite.mjs";

group("a database that fails", {}, (scenario) => {
	// Without its table no statement about a model can succeed. It is put back for the next scenario. Upstream looks at
	// its tables before the first answer, and never again.
	const without = async (t, table, steps) => {
		await t.get("/ok");
		t.sql(`alter table "${table}" rename to "gone"`);
		try {
			await steps();
		} finally {
			t.sql(`alter table "gone" rename to "${table}"`);
		}
	};

	scenario("reading a session", async (t) => {
		await t.member("alice");
		await without(t, "session", async () => {
			await t.get("/get-session", { as: "alice" });
			await t.get("/list-accounts", { as: "alice" });
			await t.get("/list-sessions", { as: "alice" });
			await t.post("/update-user", { as: "alice", json: { name: "x" } });
		});
		await t.get("/get-session", { as: "alice" });
	});

	scenario("signing in and up", async (t) => {
		await t.member("alice");
		await without(t, "user", async () => {
			await t.post("/sign-in/email", { json: { email: "alice@example.com", password } });
			await t.post("/sign-up/email", { json: { name: "b", email: "b@example.com", password } });
		});
	});

	scenario("signing out", async (t) => {
		await t.member("alice");
		await without(t, "session", () => t.post("/sign-out", { as: "alice" }));
		await t.get("/get-session");
	});
});

group("many sessions", {}, (scenario) => {
	scenario("all are listed and ended", async (t) => {
		await t.member("alice");
		const more = 'insert into session select ?, "expiresAt", ?, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId" from session limit 1';
		for (let i = 0; i < 120; i++) t.sql(more, () => [`more${i}x`.padEnd(32, "0"), `moreToken${i}x`.padEnd(32, "0")]);
		await t.get("/list-sessions", { as: "alice" });
		await t.post("/revoke-other-sessions", { as: "alice" });
	});
});
