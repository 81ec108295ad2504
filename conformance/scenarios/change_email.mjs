// POST /change-email, and the links of its three flows.
import { emailToken } from "../lib/tokens.mjs";
import { group } from "../lib/suite.mjs";

const send = "emailVerification.sendVerificationEmail";
const after = "emailVerification.afterEmailVerification";
const confirm = "user.changeEmail.sendChangeEmailConfirmation";
const email = "alice@example.com";
const newEmail = "alice@new.example.com";
const userId = "alice1User".padEnd(32, "0");
const enabled = { user: { changeEmail: { enabled: true } } };
const atOnce = { user: { changeEmail: { enabled: true, updateEmailWithoutVerification: true } } };

const change = (t, given = {}, actor = "alice") => t.post("/change-email", { as: actor, json: { newEmail, ...given } });

// A link that changes alice's address, as a Better Auth server signs it, with claims replaced.
function signed(claims) {
	return `/verify-email?token=${emailToken({ email, updateTo: newEmail, requestType: "change-email-verification", userId, ...claims })}`;
}

// A member whose address is verified.
async function verified(t, actor = "alice") {
	await t.member(actor);
	t.sql('update user set "emailVerified" = 1 where name = ?', () => [actor]);
}

group("change of address", { options: enabled, callbacks: [send] }, (scenario) => {
	scenario("a link at the new address, of a user who is verified", async (t) => {
		await verified(t);
		await change(t, { callbackURL: "/settings" });
		await t.get("/get-session", { as: "alice" });
		const mail = t.mail();
		await t.get(mail.path, { as: "alice" });
		await t.get("/get-session", { as: "alice" });
		await t.get(mail.path, { as: "alice" });
		await t.signIn("alice");
		await t.signIn("alice", { email: newEmail });
	});

	scenario("a link at the new address, of a user who is not", async (t) => {
		await t.member("alice");
		await change(t);
		await t.get((side) => t.mail().path(side).split("&callbackURL")[0], { as: "alice" });
		await t.get("/get-session", { as: "alice" });
	});

	scenario("the link works in another browser", async (t) => {
		await verified(t);
		await change(t);
		await t.get(t.mail().path);
		await t.get("/get-session", { as: "alice" });
	});

	scenario("not for another user", async (t) => {
		await verified(t);
		await t.member("bob");
		await change(t);
		await t.get(t.mail().path, { as: "bob" });
		await t.get((side) => t.mail().path(side).split("&callbackURL")[0], { as: "bob" });
	});

	scenario("in capital letters", async (t) => {
		await verified(t);
		await change(t, { newEmail: "ALICE@NEW.Example.com" });
		await t.get(t.mail().path, { as: "alice" });
	});

	scenario("to one's own is none", async (t) => {
		await verified(t);
		await change(t, { newEmail: email });
		await change(t, { newEmail: "ALICE@example.com" });
	});

	scenario("to that of another user is answered alike, and no mail goes out", async (t) => {
		await verified(t);
		await t.member("bob");
		await change(t, { newEmail: "bob@example.com" });
		await change(t, { newEmail: "BOB@example.com" });
	});

	scenario("to one that is taken in the meantime", async (t) => {
		await verified(t);
		await change(t);
		await t.member("bob");
		t.sql("update user set email = ? where name = 'bob'", () => [newEmail]);
		await t.get((side) => t.mail().path(side).split("&callbackURL")[0], { as: "alice" });
		await t.get(t.mail().path, { as: "alice" });
		await t.get("/get-session", { as: "alice" });
	});

	scenario("needs a session, and the right members", async (t) => {
		await t.post("/change-email");
		await t.post("/change-email", { json: { newEmail } });
		await t.member("alice");
		for (const value of [null, 1, {}, [], "", "x", "x@", "a@b", ` ${newEmail}`]) await t.post("/change-email", { as: "alice", json: { newEmail: value } });
		for (const callbackURL of [null, 1, {}, [], "https://evil.example"]) await change(t, { callbackURL });
		for (const json of [null, [], "x"]) await t.post("/change-email", { as: "alice", json });
		await t.send("POST", "/change-email", { as: "alice" });
	});

	scenario("a link from before the address moved", async (t) => {
		await verified(t);
		await change(t);
		const mail = t.mail();
		t.sql("update user set email = 'alice@third.example.com'");
		await t.get(mail.path, { as: "alice" });
		await t.get((side) => mail.path(side).split("&callbackURL")[0], { as: "alice" });
	});

	scenario("a second request ends the first", async (t) => {
		await verified(t);
		await change(t);
		const first = t.mail();
		await change(t, { newEmail: "alice@second.example.com" });
		await t.get(first.path, { as: "alice" });
		t.empty("user");
	});

	scenario("a link that was kept does not work when the address has come back", async (t) => {
		await verified(t);
		await change(t);
		const mail = t.mail();
		await t.get(mail.path, { as: "alice" });
		t.sql("update user set email = ?", () => [email]);
		await t.get(mail.path, { as: "alice" });
		t.empty("user");
	});

	scenario("the user is gone", async (t) => {
		await t.get(signed({ userId: "nobody" }));
		await t.get(`${signed({ userId: "nobody" })}&callbackURL=/settings`);
	});

	scenario("tokens of a Better Auth server", async (t) => {
		for (const requestType of ["change-email-verification", undefined, "something else"]) {
			await verified(t, "alice");
			const { id } = (await t.get("/get-session", { as: "alice" })).oracle.json.user;
			const link = signed({ requestType, userId: id });
			await t.get(link, { as: "alice" });
			await t.get("/get-session", { as: "alice" });
			await t.get(`${link}&callbackURL=/settings`, { as: "alice" });
			t.empty("session", "account", "user");
		}
	});

	scenario("tokens that leave out whose they are, or when they end", async (t) => {
		await verified(t);
		const requestType = "change-email-verification";
		const tokens = [
			emailToken({ email, updateTo: newEmail, requestType }), emailToken({ email, updateTo: newEmail, requestType, userId: "somebody else" }), emailToken({ email: "other@example.com", updateTo: newEmail, requestType, userId }),
			emailToken({ email, updateTo: newEmail, requestType, userId }, { ends: -5 }), emailToken({ email, updateTo: newEmail, requestType, userId }, { key: "another secret of more than 32 characters" }),
		];
		for (const token of tokens) {
			await t.get(`/verify-email?token=${token}`, { as: "alice" });
			await t.get(`/verify-email?token=${token}&callbackURL=/settings`, { as: "alice" });
		}
	});

	scenario("a token to what is no address", async (t) => {
		await verified(t);
		await t.get(signed({ updateTo: "x" }), { as: "alice" });
		t.empty("user");
	});

	scenario("a token of a confirmation is followed by a mail to the new address", async (t) => {
		await verified(t);
		await t.get(signed({ requestType: "change-email-confirmation" }), { as: "alice" });
		await t.get(t.mail().path);
		await t.get("/get-session", { as: "alice" });
	});

	scenario("a mail that cannot be sent changes no answer", async (t) => {
		await verified(t);
		t.refuse(send);
		await change(t);
	});

	scenario("the client's call", async (t) => {
		await verified(t);
		await t.client("alice", (c) => c.changeEmail({ newEmail, callbackURL: "/settings" }));
		await t.client("alice", (c) => c.changeEmail({ newEmail: email }));
	});
});

group("change of address that is confirmed", { options: { ...enabled, emailVerification: { expiresIn: 120 } }, callbacks: [send, confirm] }, (scenario) => {
	scenario("at the old address and then at the new one", async (t) => {
		await verified(t);
		await change(t, { callbackURL: "/settings" });
		const first = t.mail();
		await t.get(first.path);
		const second = t.mail();
		await t.get("/get-session", { as: "alice" });
		await t.get(second.path, { as: "alice" });
		await t.get("/get-session", { as: "alice" });
		await t.get(second.path, { as: "alice" });
		await t.get(first.path, { as: "alice" });
	});

	scenario("and answers in JSON without a callback", async (t) => {
		await verified(t);
		await change(t);
		await t.get((side) => t.mail().path(side).split("&callbackURL")[0]);
		await t.get((side) => t.mail().path(side).split("&callbackURL")[0]);
	});

	scenario("the confirmation works once", async (t) => {
		await verified(t);
		await change(t);
		const mail = t.mail();
		await t.get(mail.path);
		await t.get(mail.path);
	});

	scenario("not where the old address is not verified", async (t) => {
		await t.member("alice");
		await change(t);
		await t.get(t.mail().path, { as: "alice" });
	});

	scenario("mails that cannot be sent change no answer", async (t) => {
		await verified(t);
		t.refuse(confirm);
		await change(t);
		t.refuse(confirm, false);
		t.refuse(send);
		await change(t);
		await t.get(t.mail().path);
	});
});

group("change of address without a way to verify", { options: enabled, callbacks: [confirm] }, (scenario) => {
	scenario("is refused, whether the address is taken or not", async (t) => {
		await verified(t);
		await t.member("bob");
		await change(t);
		await change(t, { newEmail: "bob@example.com" });
		await change(t, { newEmail: email });
	});
});

group("change of address at once", { options: atOnce, callbacks: [send] }, (scenario) => {
	scenario("of a user who is not verified", async (t) => {
		await t.member("alice");
		await change(t, { callbackURL: "/settings" });
		await t.get("/get-session", { as: "alice" });
		await t.signIn("alice", { email: newEmail }, { as: "phone" });
		await t.get(t.mail().path, { as: "alice" });
	});

	scenario("not of one who is", async (t) => {
		await verified(t);
		await change(t);
		await t.get("/get-session", { as: "alice" });
	});

	scenario("not to one that is taken", async (t) => {
		await t.member("alice");
		await t.member("bob");
		await change(t, { newEmail: "bob@example.com" });
		await t.get("/get-session", { as: "alice" });
	});

	scenario("keeps a session of the browser one", async (t) => {
		await t.member("alice", { rememberMe: false });
		await change(t);
	});
});

group("change of address at once, without mail", { options: atOnce }, (scenario) => {
	scenario("changes it", async (t) => {
		await t.member("alice");
		await change(t);
		await t.get("/get-session", { as: "alice" });
	});

	scenario("not of a user who is verified", async (t) => {
		await verified(t);
		await change(t);
	});
});

group("change of address that is off", { callbacks: [send] }, (scenario) => {
	scenario("is refused, after the guard", async (t) => {
		await t.post("/change-email", { json: { newEmail } });
		await t.member("alice");
		await change(t);
		await change(t, { newEmail: email });
	});

	scenario("links that were sent before still work", async (t) => {
		await verified(t);
		await t.get(signed(), { as: "alice" });
	});
});

group("change of address with a hook", { options: enabled, callbacks: [send, after] }, (scenario) => {
	scenario("runs it for a user who is verified", async (t) => {
		await verified(t);
		await t.get(signed(), { as: "alice" });
	});

	scenario("not for one who is not", async (t) => {
		await t.member("alice");
		await t.get(signed(), { as: "alice" });
	});

	scenario("which can fail", async (t) => {
		await verified(t);
		t.refuse(after);
		await t.get(`${signed()}&callbackURL=/settings`, { as: "alice" });
		await t.get("/get-session", { as: "alice" });
	});
});

group("change of address with a session cache", { options: { ...atOnce, session: { cookieCache: { enabled: true } } }, callbacks: [send] }, (scenario) => {
	scenario("at once", async (t) => {
		await t.signUp("alice");
		await change(t);
		await t.get("/get-session", { as: "alice" });
	});

	scenario("by a link", async (t) => {
		await t.signUp("alice");
		t.sql('update user set "emailVerified" = 1');
		await t.get("/get-session?disableCookieCache=true", { as: "alice" });
		await change(t);
		await t.get(t.mail().path, { as: "alice" });
		await t.get("/get-session", { as: "alice" });
	});
});

group("change of address and password reset", { options: { ...enabled, verification: { disableCleanup: true } }, callbacks: [send, "emailAndPassword.sendResetPassword"] }, (scenario) => {
	scenario("a change ends the tokens that were sent to the old address", async (t) => {
		await verified(t);
		await t.post("/request-password-reset", { json: { email } });
		await t.get(signed(), { as: "alice" });
	});
});
