// POST /change-password and /verify-password.
import { group, password } from "../lib/suite.mjs";

const next = "another fine password";

group("passwords", {}, (scenario) => {
	scenario("changes the password and keeps the sessions", async (t) => {
		await t.member("alice");
		await t.signIn("alice", {}, { as: "phone" });
		await t.post("/change-password", { as: "alice", json: { currentPassword: password, newPassword: next } });
		await t.get("/get-session", { as: "phone" });
		await t.signIn("alice");
		await t.signIn("alice", { password: next });
	});

	scenario("revokes the other sessions when asked", async (t) => {
		await t.member("alice");
		await t.signIn("alice", {}, { as: "phone" });
		t.copyJar("alice", "before");
		await t.post("/change-password", { as: "alice", json: { currentPassword: password, newPassword: next, revokeOtherSessions: true } });
		await t.get("/get-session", { as: "alice" });
		await t.get("/get-session", { as: "before" });
		await t.get("/get-session", { as: "phone" });
	});

	scenario("keeps a session of the browser one", async (t) => {
		await t.member("alice", { rememberMe: false });
		await t.post("/change-password", { as: "alice", json: { currentPassword: password, newPassword: next, revokeOtherSessions: true } });
	});

	scenario("refuses a wrong current password and lengths", async (t) => {
		await t.member("alice");
		const tries = [
			[password, "short"], [password, "x".repeat(129)], ["x".repeat(129), next], ["wrong password", next], ["", next], [password, ""],
		];
		for (const [currentPassword, newPassword] of tries) await t.post("/change-password", { as: "alice", json: { currentPassword, newPassword } });
		await t.signIn("alice");
	});

	scenario("refuses where there is no password", async (t) => {
		await t.member("alice");
		t.sql("update account set password = null");
		await t.post("/change-password", { as: "alice", json: { currentPassword: password, newPassword: next } });
		await t.post("/verify-password", { as: "alice", json: { password } });
		t.sql("delete from account");
		await t.post("/change-password", { as: "alice", json: { currentPassword: password, newPassword: next } });
		await t.post("/verify-password", { as: "alice", json: { password } });
	});

	scenario("names every missing or mistyped member, before it asks for a session", async (t) => {
		await t.post("/change-password");
		await t.post("/verify-password");
		for (const member of ["currentPassword", "newPassword", "revokeOtherSessions"]) {
			for (const value of [null, 1, {}, [], "x"]) {
				await t.post("/change-password", { json: { currentPassword: "a", newPassword: "b", [member]: value } });
			}
		}
		for (const value of [null, 1, {}, [], "x"]) await t.post("/verify-password", { json: { password: value } });
	});

	scenario("verifies", async (t) => {
		await t.member("alice");
		await t.post("/verify-password", { as: "alice", json: { password } });
		await t.post("/verify-password", { as: "alice", json: { password: "wrong password" } });
		await t.post("/verify-password", { as: "alice", json: { password: "" } });
		await t.post("/verify-password", { as: "alice", json: { password: "x".repeat(129) } });
		await t.post("/verify-password", { as: "alice", json: { password: "x".repeat(50_000) } });
	});

	scenario("the client's calls", async (t) => {
		await t.member("alice");
		await t.client("alice", (c) => c.changePassword({ currentPassword: "wrong password", newPassword: next }));
		await t.client("alice", (c) => c.changePassword({ currentPassword: password, newPassword: next, revokeOtherSessions: true }));
		await t.client("alice", (c) => c.getSession());
	});
});

group("passwords with a session cache", { options: { session: { cookieCache: { enabled: true } } } }, (scenario) => {
	scenario("renews the cache with the session", async (t) => {
		await t.signUp("alice");
		await t.post("/verify-password", { as: "alice", json: { password } });
		await t.post("/change-password", { as: "alice", json: { currentPassword: password, newPassword: next } });
		await t.post("/change-password", { as: "alice", json: { currentPassword: next, newPassword: password, revokeOtherSessions: true } });
		await t.get("/get-session", { as: "alice" });
	});
});
