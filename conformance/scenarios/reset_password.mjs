// POST /request-password-reset, GET /reset-password/:token and POST /reset-password.
import { createHash } from "node:crypto";
import { group, password } from "../lib/suite.mjs";

const send = "emailAndPassword.sendResetPassword";
const done = "emailAndPassword.onPasswordReset";
const email = "alice@example.com";
const next = "another fine password";
const keep = { verification: { disableCleanup: true } };
const endSessions = { emailAndPassword: { enabled: true, revokeSessionsOnPasswordReset: true } };
const keepSessions = { emailAndPassword: { enabled: true, revokeSessionsOnPasswordReset: false } };

const redirectTo = "/new-password";

// Asks for a link for alice and returns the mail.
async function request(t, given = {}) {
	await t.post("/request-password-reset", { json: { email, redirectTo, ...given } });
	return t.mail();
}

// Uses the token of a mail.
function reset(t, mail, newPassword = next) {
	return t.post("/reset-password", { json: (side) => ({ newPassword, token: mail.token(side) }) });
}

group("password reset", { options: { ...keep, ...endSessions }, callbacks: [send] }, (scenario) => {
	scenario("from the request to the next sign-in", async (t) => {
		await t.member("alice");
		await t.member("bob");
		const mail = await request(t);
		await t.get(mail.path);
		await t.get(mail.path);
		await reset(t, mail);
		await t.get("/get-session", { as: "alice" });
		await t.get("/get-session", { as: "bob" });
		await t.signIn("alice");
		await t.signIn("alice", { password: next });
		await reset(t, mail, "a third password");
		await t.get(mail.path);
	});

	scenario("the answer is the same for an address that nobody has", async (t) => {
		await t.member("alice");
		await t.post("/request-password-reset", { json: { email: "nobody@example.com", redirectTo } });
		await t.post("/request-password-reset", { json: { email: "ALICE@example.com" } });
	});

	scenario("names every missing or mistyped member", async (t) => {
		await t.post("/request-password-reset");
		await t.send("POST", "/request-password-reset");
		for (const value of [null, 1, {}, [], "", "x", "x@", "a@b", " alice@example.com"]) await t.post("/request-password-reset", { json: { email: value } });
		for (const value of [null, 1, {}, []]) await t.post("/request-password-reset", { json: { email, redirectTo: value } });
		for (const value of [null, 1, {}, []]) await t.post("/request-password-reset", { json: { email, callbackURL: value } });
		for (const json of [null, [], "x"]) await t.post("/request-password-reset", { json });
		await t.post("/reset-password");
		await t.send("POST", "/reset-password");
		for (const member of ["newPassword", "token"]) {
			for (const value of [null, 1, {}, []]) await t.post("/reset-password", { json: { newPassword: next, token: "x", [member]: value } });
		}
		for (const json of [null, [], "x"]) await t.post("/reset-password", { json });
	});

	scenario("where it leads is checked", async (t) => {
		await t.member("alice");
		for (const value of ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "evil"]) {
			await t.post("/request-password-reset", { json: { email, redirectTo: value } });
			await t.get(`/reset-password/x?callbackURL=${encodeURIComponent(value)}`);
		}
		for (const value of ["", "/new?a=b&c=%20#d", "http://localhost:3000/new", "/a'b(c)*!~", "/ä"]) {
			const mail = await request(t, { redirectTo: value });
			await t.get(mail.path);
			t.empty("verification");
		}
	});

	scenario("a token that leads nowhere", async (t) => {
		const tokens = ["", "x", "x".repeat(24), "x".repeat(300), "%", "*", "' or 1=1 --", "a/b", "reset-password:x"];
		for (const token of tokens) {
			await t.post("/reset-password", { json: { newPassword: next, token } });
			await t.get(`/reset-password/${encodeURIComponent(token)}?callbackURL=/new`);
		}
		await t.get("/reset-password/x");
		await t.get("/reset-password/x?callbackURL=");
		await t.get("/reset-password/x?callbackURL=/a&callbackURL=/b");
		await t.get("/reset-password?callbackURL=/a");
		await t.get("/reset-password/a/b?callbackURL=/a");
	});

	scenario("the callback gets the token or the error, whatever it looks like", async (t) => {
		await t.member("alice");
		const mail = await request(t);
		const callbacks = [
			"/", "/a", "/a?b=c", "/a?", "/a?b", "/a?b=c&", "/a#b", "/a?b=c#d", "/a?token=x", "/a?token=x&token=y&b=c", "/a?error=x", "/a?b=%20+c", "/a?b=%C3%A4", "/a?b=a%2Fb", "/a?b=c?d",
			"http://localhost:3000", "http://localhost:3000/a?b", "http://localhost:3000?x", "/%C3%A4", "/a?b='()*!~", "/a?=b", "/a?&&b=c",
		];
		for (const callback of callbacks) {
			const query = `?callbackURL=${encodeURIComponent(callback)}`;
			await t.get((side) => `/reset-password/${mail.token(side)}${query}`);
			await t.get(`/reset-password/unknown${query}`);
		}
	});

	scenario("dot segments are no target", async (t) => {
		for (const callback of ["/../a", "/a/../b", "/./a"]) await t.get(`/reset-password/unknown?callbackURL=${encodeURIComponent(callback)}`);
	});

	scenario("a token that has expired", async (t) => {
		await t.member("alice");
		const mail = await request(t);
		t.sql('update verification set "expiresAt" = ?', () => [new Date(Date.now() - 1_000).toISOString()]);
		await t.get(mail.path);
		await reset(t, mail);
		await t.signIn("alice");
	});

	scenario("a token of another purpose", async (t) => {
		await t.member("alice");
		t.secretFor("alice", "delete-account-abcdefgh");
		t.secretFor("alice", "magic-link:abcdefgh");
		for (const token of ["abcdefgh", "delete-account-abcdefgh"]) await t.post("/reset-password", { json: { newPassword: next, token } });
	});

	scenario("a password of the wrong length spends nothing", async (t) => {
		await t.member("alice");
		const mail = await request(t);
		for (const wrong of ["", "short", "x".repeat(129)]) await reset(t, mail, wrong);
		await reset(t, mail);
	});

	scenario("the lengths come before the token", async (t) => {
		await t.post("/reset-password", { json: { newPassword: "short", token: "x" } });
		await t.post("/reset-password", { json: { newPassword: "short" } });
	});

	scenario("the token can be in the query", async (t) => {
		await t.member("alice");
		const mail = await request(t);
		await t.post((side) => `/reset-password?token=${mail.token(side)}`, { json: { newPassword: "short" } });
		await t.post((side) => `/reset-password?token=${mail.token(side)}&token=x`, { json: { newPassword: next } });
		await t.post((side) => `/reset-password?token=${mail.token(side)}`, { json: { newPassword: next, token: "x" } });
		await t.post((side) => `/reset-password?token=${mail.token(side)}`, { json: { newPassword: next, token: "" } });
		await t.post("/reset-password?token=", { json: { newPassword: next } });
	});

	scenario("a user without a password gets one", async (t) => {
		await t.member("alice");
		t.sql("delete from account");
		await reset(t, await request(t));
		await t.signIn("alice", { password: next });
	});

	scenario("a user who had a password taken away gets one", async (t) => {
		await t.member("alice");
		t.sql("update account set password = null");
		await reset(t, await request(t));
		await t.signIn("alice", { password: next });
	});

	scenario("a user of another provider keeps that", async (t) => {
		await t.member("alice");
		t.sql("update account set \"providerId\" = 'github', \"accountId\" = '7', password = null");
		await reset(t, await request(t));
		await t.signIn("alice", { password: next });
	});

	scenario("the user is gone", async (t) => {
		await t.member("alice");
		const mail = await request(t);
		t.sql("pragma foreign_keys = off");
		t.empty("session", "account", "user");
		await t.get(mail.path);
		await reset(t, mail);
	});

	scenario("a second request ends the first", async (t) => {
		await t.member("alice");
		const first = await request(t);
		await request(t);
		await t.get(first.path);
		await reset(t, first);
		t.empty("session", "verification");
	});

	scenario("a reset ends the other tokens of the user", async (t) => {
		await t.member("alice");
		const mail = await request(t);
		t.secretFor("alice", "reset-password:abcdefghijklmnopqrstuvwx");
		await reset(t, mail);
		await t.post("/reset-password", { json: { newPassword: "a third password", token: "abcdefghijklmnopqrstuvwx" } });
	});

	scenario("HEAD does nothing, and spends nothing", async (t) => {
		await t.member("alice");
		const mail = await request(t);
		await t.send("HEAD", mail.path);
		await t.send("POST", mail.path, { json: {} });
		await reset(t, mail);
	});

	scenario("a browser that looks ahead is told to wait", async (t) => {
		await t.member("alice");
		const mail = await request(t);
		await t.get(mail.path, { headers: { "sec-purpose": "prefetch" } });
	});

	scenario("another site cannot have mail sent", async (t) => {
		await t.member("alice");
		await t.post("/request-password-reset", { json: { email }, headers: { origin: "https://evil.example" } });
		await t.post("/request-password-reset", { as: "alice", json: { email }, headers: { origin: "https://evil.example" } });
		await t.post("/request-password-reset", { json: { email }, headers: { origin: null, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" } });
		await t.post("/request-password-reset", { json: { email }, headers: { origin: null } });
		await t.post("/reset-password", { json: { newPassword: next, token: "x" }, headers: { origin: "https://evil.example" } });
		await t.post("/reset-password", { as: "alice", json: { newPassword: next, token: "x" }, headers: { origin: "https://evil.example" } });
		t.empty("verification");
	});

	scenario("a mail that cannot be sent changes no answer", async (t) => {
		await t.member("alice");
		t.refuse(send);
		await request(t);
	});

	scenario("the client's calls", async (t) => {
		await t.member("alice");
		await t.client("alice", (c) => c.requestPasswordReset({ email, redirectTo }));
		await t.client("alice", (c, side) => c.resetPassword({ newPassword: "short", token: t.mail().token(side) }));
		await t.client("alice", (c, side) => c.resetPassword({ newPassword: next, token: t.mail().token(side) }));
		await t.client("alice", (c) => c.getSession());
		await t.client("alice", (c) => c.signIn.email({ email, password: next }));
	});
});

group("password reset that is off", {}, (scenario) => {
	scenario("sends nothing, and still knows no token", async (t) => {
		await t.member("alice");
		await t.post("/request-password-reset", { json: { email } });
		await t.post("/request-password-reset", { json: { email, redirectTo: "https://evil.example" } });
		await t.get("/reset-password/x?callbackURL=/new");
		await t.post("/reset-password", { json: { newPassword: next, token: "x" } });
	});
});

group("password reset that keeps sessions", { options: { ...keep, ...keepSessions }, callbacks: [send] }, (scenario) => {
	scenario("keeps them", async (t) => {
		await t.member("alice");
		await reset(t, await request(t));
		await t.get("/get-session", { as: "alice" });
	});
});

group("password reset by default", { options: keep, callbacks: [send] }, (scenario) => {
	scenario("ends the sessions", async (t) => {
		await t.member("alice");
		await reset(t, await request(t));
		await t.get("/get-session", { as: "alice" });
	});
});

group("password reset with a hook", { options: { ...keep, ...endSessions }, callbacks: [send, done] }, (scenario) => {
	scenario("runs it when all is done", async (t) => {
		await t.member("alice");
		const mail = await request(t);
		await reset(t, mail);
		await reset(t, mail);
	});

	scenario("which can fail, and the password is new", async (t) => {
		await t.member("alice");
		t.refuse(done);
		await reset(t, await request(t));
		await t.signIn("alice", { password: next });
	});
});

group("password reset of a short life", { options: { ...keep, emailAndPassword: { enabled: true, resetPasswordTokenExpiresIn: 90, revokeSessionsOnPasswordReset: true } }, callbacks: [send] }, (scenario) => {
	scenario("says so in the row", async (t) => {
		await t.member("alice");
		await t.post("/request-password-reset", { json: { email } });
	});
});

for (const [name, storeIdentifier] of Object.entries({ hashed: "hashed", "hashed by prefix": { default: "plain", overrides: { "reset-password:": "hashed" } } })) {
	group(`password reset with tokens ${name}`, { options: { ...keep, ...endSessions, verification: { disableCleanup: true, storeIdentifier } }, callbacks: [send] }, (scenario) => {
		scenario("stores no token", async (t) => {
			await t.member("alice");
			await request(t);
			await t.get(t.mail().path);
		});

		scenario("redeems it once", async (t) => {
			await t.member("alice");
			const mail = await request(t);
			await reset(t, mail);
			await reset(t, mail);
		});

		scenario("what is stored is no token", async (t) => {
			await t.member("alice");
			const mail = await request(t);
			const stored = (side) => createHash("sha256").update(`reset-password:${mail.token(side)}`).digest("base64url");
			await t.post("/reset-password", { json: (side) => ({ newPassword: next, token: stored(side) }) });
			await t.get((side) => `/reset-password/${stored(side)}?callbackURL=/new`);
		});

		scenario("redeems a token from before", async (t) => {
			await t.member("alice");
			const mail = await request(t);
			t.sql("update verification set identifier = ?", (side) => [`reset-password:${mail.token(side)}`]);
			await t.get(mail.path);
			await reset(t, mail);
			await reset(t, mail);
		});
	});
}

group("password reset that cleans up", { options: endSessions, callbacks: [send], alone: true }, (scenario) => {
	scenario("expired tokens go by and by", async (t) => {
		await t.member("alice");
		await reset(t, await request(t));
		await t.signIn("alice", { password: next });
		await t.signIn("alice", { password });
	});
});

const often = { window: 60, max: 100 };
const limited = { enabled: true, customRules: { "/request-password-reset": often, "/send-verification-email": often } };

group("many mails", { options: { ...keep, ...endSessions, rateLimit: limited }, callbacks: [send, "emailVerification.sendVerificationEmail"], alone: true }, (scenario) => {
	scenario("to one address stop, and nothing shows it", async (t) => {
		await t.member("alice");
		for (let i = 0; i < 6; i++) await t.post("/request-password-reset", { json: { email: i % 2 ? email : email.toUpperCase() } });
		await t.member("bob");
		await t.post("/request-password-reset", { json: { email: "bob@example.com" } });
		t.empty("verification");
	});

	scenario("of another kind are counted apart", async (t) => {
		await t.member("carol");
		for (let i = 0; i < 6; i++) await t.post("/send-verification-email", { as: "carol", json: { email: "carol@example.com" } });
	});
});

group("many requests for mail", { options: { rateLimit: { enabled: true } }, callbacks: [send, "emailVerification.sendVerificationEmail"], alone: true }, (scenario) => {
	scenario("are too many after three in a minute", async (t) => {
		for (let i = 0; i < 4; i++) await t.post("/request-password-reset", { json: { email: "nobody@example.com" } });
		for (let i = 0; i < 4; i++) await t.post("/send-verification-email", { json: { email: "nobody@example.com" } });
	});
});
