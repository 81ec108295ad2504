// Links that one server sends and the other redeems.
import assert from "node:assert/strict";
import { interop } from "../lib/interop.mjs";
import { password } from "../lib/options.mjs";

const alice = { name: "Alice", email: "alice@example.com", password };
const newEmail = "alice@new.example.com";
const newPassword = "another fine password";
const callbacks = ["emailAndPassword.sendResetPassword", "emailVerification.sendVerificationEmail", "user.changeEmail.sendChangeEmailConfirmation", "user.deleteUser.sendDeleteAccountVerification"];
const user = { changeEmail: { enabled: true }, deleteUser: { enabled: true } };

const count = (database, table) => database.prepare(`select count(*) from "${table}"`).pluck().get();
const verifyAll = (database) => database.prepare('update user set "emailVerified" = 1').run();
const emailOf = (database) => database.prepare("select email from user").pluck().get();

for (const storeIdentifier of ["plain", "hashed"]) {
	const options = { user, verification: { storeIdentifier }, emailAndPassword: { enabled: true, revokeSessionsOnPasswordReset: true } };

	interop(`links of mails, secrets ${storeIdentifier}`, { options, callbacks }, (crossing) => {
		crossing("a password is reset", async ({ a, b, browser, database }) => {
			const jar = browser();
			await a.post("/sign-up/email", jar, alice);
			await a.post("/request-password-reset", browser(), { email: alice.email, redirectTo: "/new" });
			const { path, token } = await a.mail();
			const stored = database.prepare("select identifier from verification").pluck().get();
			assert.equal(stored.includes(token), storeIdentifier === "plain");
			const link = await b.get(path, browser());
			assert.equal(link.headers.get("location"), `http://localhost:3000/new?token=${token}`);
			assert.equal((await b.post("/reset-password", browser(), { newPassword, token })).status, 200);
			assert.equal(await a.session(jar), null);
			for (const server of [a, b]) {
				assert.equal((await server.post("/reset-password", browser(), { newPassword: "a third password", token })).json.code, "INVALID_TOKEN");
				assert.equal((await server.post("/sign-in/email", browser(), alice)).status, 401);
				assert.equal((await server.post("/sign-in/email", browser(), { ...alice, password: newPassword })).status, 200);
			}
			assert.equal(count(database, "verification"), 0);
		});

		crossing("of many redemptions at both, one succeeds", async ({ a, b, browser }) => {
			await a.post("/sign-up/email", browser(), alice);
			await a.post("/request-password-reset", browser(), { email: alice.email });
			const { token } = await a.mail();
			const tries = Array.from({ length: 6 }, (_, i) => (i % 2 ? a : b).post("/reset-password", browser(), { newPassword: `${newPassword} ${i}`, token }));
			const statuses = (await Promise.all(tries)).map((answer) => answer.status);
			assert.equal(statuses.filter((status) => status === 200).length, 1, statuses.join());
		});

		crossing("an account is deleted", async ({ a, b, browser, database }) => {
			const jar = browser();
			await a.post("/sign-up/email", jar, alice);
			assert.equal((await a.post("/delete-user", jar, { callbackURL: "/bye" })).json.message, "Verification email sent");
			const { path } = await a.mail();
			assert.equal((await b.get(path, browser())).json.code, "FAILED_TO_GET_USER_INFO");
			assert.equal((await b.get(path, jar)).headers.get("location"), "/bye");
			for (const table of ["user", "session", "account", "verification"]) assert.equal(count(database, table), 0, table);
			assert.deepEqual(jar.names(), []);
		});
	});
}

interop("signed links of mails", { options: { user, emailVerification: { autoSignInAfterVerification: true } }, callbacks }, (crossing) => {
	crossing("an address is verified", async ({ a, b, browser }) => {
		await a.post("/sign-up/email", browser(), alice);
		await a.post("/send-verification-email", browser(), { email: alice.email, callbackURL: "/welcome" });
		const { path } = await a.mail();
		const jar = browser();
		assert.equal((await b.get(path, jar)).headers.get("location"), "/welcome");
		assert.equal((await a.session(jar)).user.emailVerified, true);
		const late = browser();
		for (const server of [a, b]) assert.equal((await server.get(path, late)).headers.get("location"), "/welcome");
		assert.equal(await a.session(late), null);
	});

	crossing("an address is changed, confirmed at one and verified at the other", async ({ a, b, browser, database }) => {
		const jar = browser();
		await a.post("/sign-up/email", jar, alice);
		verifyAll(database);
		await a.post("/change-email", jar, { newEmail, callbackURL: "/settings" });
		const first = await a.mail();
		assert.equal(first.to, alice.email);
		assert.equal((await b.get(first.path, jar)).headers.get("location"), "/settings");
		assert.equal(emailOf(database), alice.email);
		const second = await b.mail();
		assert.equal(second.to, newEmail);
		assert.equal((await a.get(second.path, jar)).headers.get("location"), "/settings");
		assert.equal(emailOf(database), newEmail);
		assert.equal((await b.session(jar)).user.email, newEmail);
	});

	crossing("an address is changed by a link to the new one", async ({ a, b, browser, database }) => {
		const jar = browser();
		await a.post("/sign-up/email", jar, alice);
		await a.post("/change-email", jar, { newEmail });
		const { path, to } = await a.mail();
		assert.equal(to, newEmail);
		assert.equal((await b.get(path, jar)).headers.get("location"), "/");
		assert.equal(emailOf(database), newEmail);
	});

	crossing("a link does not work after the address has moved", async ({ a, b, browser, database }) => {
		const jar = browser();
		await a.post("/sign-up/email", jar, alice);
		verifyAll(database);
		await a.post("/change-email", jar, { newEmail });
		const { path } = await a.mail();
		database.prepare("update user set email = 'alice@third.example.com'").run();
		for (const server of [a, b]) assert.equal((await server.get(path, jar)).headers.get("location"), "/?error=INVALID_TOKEN");
		assert.equal(emailOf(database), "alice@third.example.com");
	});
});

interop("secrets that were stored before they were hashed", { options: { user, verification: { storeIdentifier: "hashed" } }, callbacks }, (crossing) => {
	crossing("still work at both", async ({ a, b, browser, database }) => {
		await a.post("/sign-up/email", browser(), alice);
		await a.post("/request-password-reset", browser(), { email: alice.email });
		const { token } = await a.mail();
		database.prepare("update verification set identifier = ?").run(`reset-password:${token}`);
		assert.equal((await b.post("/reset-password", browser(), { newPassword, token })).status, 200);
		assert.equal((await a.post("/sign-in/email", browser(), { ...alice, password: newPassword })).status, 200);
	});
});
