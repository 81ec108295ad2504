// GET /list-accounts.
import { group } from "../lib/suite.mjs";

group("accounts", {}, (scenario) => {
	scenario("lists them without a secret", async (t) => {
		await t.member("alice");
		await t.get("/list-accounts", { as: "alice" });
		t.sql(
			'insert into account (id, "accountId", "providerId", "userId", "accessToken", "refreshToken", "idToken", "accessTokenExpiresAt", scope, "createdAt", "updatedAt") ' +
				"select ?, 'g-1', 'github', id, 'access', 'refresh', 'id', ?, 'read:user,user:email', ?, ? from user",
			() => ["a".repeat(32), "2030-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z"],
		);
		await t.get("/list-accounts", { as: "alice" });
		await t.client("alice", (c) => c.listAccounts());
	});

	scenario("scopes are split at commas", async (t) => {
		await t.member("alice");
		for (const scope of ["", "a", "a,b", "a b", "a, b", ",", null]) {
			t.sql("update account set scope = ?", () => [scope]);
			await t.get("/list-accounts", { as: "alice" });
		}
	});

	scenario("needs a session, fresh or not", async (t) => {
		await t.get("/list-accounts");
		await t.member("alice");
		t.ageSessions({ createdAt: -1_000_000 });
		await t.get("/list-accounts", { as: "alice" });
		await t.get("/list-accounts?disableCookieCache=true&disableRefresh=true", { as: "alice" });
	});
});
