// POST /delete-user where it is confirmed by mail, and GET /delete-user/callback.
import { group, password } from "../lib/suite.mjs";

const send = "user.deleteUser.sendDeleteAccountVerification";
const before = "user.deleteUser.beforeDelete";
const after = "user.deleteUser.afterDelete";
const keep = { verification: { disableCleanup: true } };
const enabled = { ...keep, user: { deleteUser: { enabled: true } } };
const day = 86_400; // seconds

async function request(t, given = {}) {
	await t.post("/delete-user", { as: "alice", json: given });
	return t.mail();
}

group("deletion by mail", { options: enabled, callbacks: [send] }, (scenario) => {
	scenario("from the request to the end", async (t) => {
		await t.member("alice");
		await t.member("bob");
		await t.signIn("alice", {}, { as: "phone" });
		const mail = await request(t, { callbackURL: "/bye" });
		await t.get("/get-session", { as: "alice" });
		await t.get(mail.path, { as: "alice" });
		await t.get("/get-session", { as: "alice" });
		await t.get("/get-session", { as: "phone" });
		await t.get("/get-session", { as: "bob" });
		await t.get(mail.path, { as: "alice" });
	});

	scenario("without a callback it answers in JSON", async (t) => {
		await t.member("alice");
		const mail = await request(t);
		await t.get((side) => mail.path(side).split("&callbackURL")[0], { as: "alice" });
	});

	scenario("the token can be posted", async (t) => {
		await t.member("alice");
		const mail = await request(t);
		await t.post("/delete-user", { as: "alice", json: (side) => ({ token: mail.token(side) }) });
	});

	scenario("with the password a mail is sent all the same", async (t) => {
		await t.member("alice");
		await request(t, { password });
		await t.post("/delete-user", { as: "alice", json: { password: "wrong password" } });
	});

	scenario("an old session will do", async (t) => {
		await t.member("alice");
		t.ageSessions({ createdAt: -day - 60 });
		const mail = await request(t);
		await t.get(mail.path, { as: "alice" });
	});

	scenario("the link needs a session", async (t) => {
		await t.member("alice");
		const mail = await request(t);
		await t.get(mail.path);
		await t.get(mail.path, { cookie: "better-auth.session_token=x" });
		await t.get(mail.path, { as: "alice" });
	});

	scenario("the link is not for another user", async (t) => {
		await t.member("alice");
		await t.member("bob");
		const mail = await request(t);
		await t.get(mail.path, { as: "bob" });
		await t.get("/get-session", { as: "bob" });
	});

	scenario("nor is the token", async (t) => {
		await t.member("alice");
		await t.member("bob");
		const mail = await request(t);
		await t.post("/delete-user", { as: "bob", json: (side) => ({ token: mail.token(side) }) });
	});

	scenario("a token that leads nowhere", async (t) => {
		await t.member("alice");
		for (const token of ["", "x", "x".repeat(32), "x".repeat(300), "%25", "*", "delete-account-x"]) {
			await t.get(`/delete-user/callback?token=${token}`, { as: "alice" });
			await t.get(`/delete-user/callback?token=${token}&callbackURL=/bye`, { as: "alice" });
			await t.get(`/delete-user/callback?token=${token}`);
		}
		await t.get("/delete-user/callback", { as: "alice" });
		await t.get("/delete-user/callback");
		await t.get("/delete-user/callback?token=a&token=b", { as: "alice" });
		await t.get("/delete-user/callback?token=x&callbackURL=/a&callbackURL=/b", { as: "alice" });
		await t.get("/get-session", { as: "alice" });
	});

	scenario("a token that has expired", async (t) => {
		await t.member("alice");
		const mail = await request(t);
		t.sql('update verification set "expiresAt" = ?', () => [new Date(Date.now() - 1_000).toISOString()]);
		await t.get(mail.path, { as: "alice" });
		await t.get("/get-session", { as: "alice" });
	});

	scenario("a token of another purpose", async (t) => {
		await t.member("alice");
		t.secretFor("alice", "reset-password:abcdefgh");
		await t.get("/delete-user/callback?token=abcdefgh", { as: "alice" });
	});

	scenario("where it leads is checked", async (t) => {
		await t.member("alice");
		for (const callbackURL of ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"]) {
			await t.post("/delete-user", { as: "alice", json: { callbackURL } });
			await t.get(`/delete-user/callback?token=x&callbackURL=${encodeURIComponent(callbackURL)}`, { as: "alice" });
		}
		for (const callbackURL of ["", "/bye?a=b&c=%20#d", "http://localhost:3000/bye", "/a'b(c)*!~"]) {
			await request(t, { callbackURL });
			t.empty("verification");
		}
	});

	scenario("a second request ends the first", async (t) => {
		await t.member("alice");
		const first = await request(t);
		await request(t);
		await t.get(first.path, { as: "alice" });
		t.empty("session", "account", "user", "verification");
	});

	scenario("HEAD and POST do nothing", async (t) => {
		await t.member("alice");
		const mail = await request(t);
		await t.send("HEAD", mail.path, { as: "alice" });
		await t.post(mail.path, { as: "alice" });
		await t.get("/get-session", { as: "alice" });
	});

	scenario("a browser that looks ahead does nothing", async (t) => {
		await t.member("alice");
		const mail = await request(t);
		await t.get(mail.path, { as: "alice", headers: { "sec-purpose": "prefetch" } });
		t.empty("session", "account", "user", "verification");
	});

	scenario("a mail that cannot be sent changes no answer", async (t) => {
		await t.member("alice");
		t.refuse(send);
		await request(t);
	});

	scenario("the client's calls", async (t) => {
		await t.member("alice");
		await t.client("alice", (c) => c.deleteUser({ callbackURL: "/bye" }));
		await t.client("alice", (c, side) => c.deleteUser({ token: t.mail().token(side) }));
		await t.client("alice", (c) => c.getSession());
	});
});

group("deletion by mail that is off", { callbacks: [send] }, (scenario) => {
	scenario("is not found", async (t) => {
		await t.member("alice");
		await t.post("/delete-user", { as: "alice" });
		await t.get("/delete-user/callback?token=x", { as: "alice" });
		await t.get("/delete-user/callback?token=x");
		await t.get("/delete-user/callback");
	});
});

group("deletion of a short life", { options: { ...keep, user: { deleteUser: { enabled: true, deleteTokenExpiresIn: 90 } } }, callbacks: [send] }, (scenario) => {
	scenario("says so in the row", async (t) => {
		await t.member("alice");
		await request(t);
	});
});

group("deletion with hooks", { options: enabled, callbacks: [before, after] }, (scenario) => {
	scenario("runs them before and after", async (t) => {
		await t.member("alice");
		await t.post("/delete-user", { as: "alice" });
	});

	scenario("the first can refuse", async (t) => {
		await t.member("alice");
		t.refuse(before);
		await t.post("/delete-user", { as: "alice" });
		await t.get("/get-session", { as: "alice" });
	});

	scenario("the second can fail, and the user is gone", async (t) => {
		await t.member("alice");
		t.refuse(after);
		await t.post("/delete-user", { as: "alice" });
		await t.get("/get-session", { as: "alice" });
	});
});

group("deletion by mail with hooks", { options: enabled, callbacks: [send, before, after] }, (scenario) => {
	scenario("runs them when the link is opened", async (t) => {
		await t.member("alice");
		const mail = await request(t);
		await t.get(mail.path, { as: "alice" });
	});

	scenario("a wrong token runs none", async (t) => {
		await t.member("alice");
		await t.get("/delete-user/callback?token=x", { as: "alice" });
		await t.post("/delete-user", { as: "alice", json: { token: "x" } });
	});

	scenario("the first can refuse", async (t) => {
		await t.member("alice");
		const mail = await request(t);
		t.refuse(before);
		await t.get(mail.path, { as: "alice" });
		await t.get("/get-session", { as: "alice" });
	});
});

group("deletion by mail with tokens hashed", { options: { user: { deleteUser: { enabled: true } }, verification: { disableCleanup: true, storeIdentifier: "hashed" } }, callbacks: [send] }, (scenario) => {
	scenario("stores no token", async (t) => {
		await t.member("alice");
		await request(t);
	});

	scenario("redeems it once", async (t) => {
		await t.member("alice");
		const mail = await request(t);
		await t.get(mail.path, { as: "alice" });
	});

	scenario("redeems a token from before", async (t) => {
		await t.member("alice");
		const mail = await request(t);
		t.sql("update verification set identifier = ?", (side) => [`delete-account-${mail.token(side)}`]);
		await t.get(mail.path, { as: "alice" });
	});
});

group("deletion by mail with a session cache", { options: { ...enabled, session: { cookieCache: { enabled: true } } }, callbacks: [send] }, (scenario) => {
	scenario("asks the database", async (t) => {
		await t.signUp("alice");
		const mail = await request(t);
		t.copyJar("alice", "copy");
		await t.get(mail.path, { as: "alice" });
		await t.get(mail.path, { as: "copy" });
	});

	scenario("a session that was ended deletes nobody", async (t) => {
		await t.signUp("alice");
		const mail = await request(t);
		t.sql("delete from session");
		await t.get(mail.path, { as: "alice" });
	});
});
