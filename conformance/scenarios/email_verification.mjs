// POST /send-verification-email and GET /verify-email, and the mails of sign-up and sign-in.
import { emailToken } from "../lib/tokens.mjs";
import { group } from "../lib/suite.mjs";

const send = "emailVerification.sendVerificationEmail";
const before = "emailVerification.beforeEmailVerification";
const after = "emailVerification.afterEmailVerification";
const email = "alice@example.com";

group("verification", { callbacks: [send] }, (scenario) => {
	scenario("a stranger asks for a link and follows it", async (t) => {
		await t.member("alice");
		await t.post("/send-verification-email", { json: { email } });
		const mail = t.mail();
		await t.get(mail.path);
		await t.get(mail.path);
		await t.get((side) => mail.path(side).split("&callbackURL")[0]);
		await t.get("/get-session", { as: "alice" });
	});

	scenario("whoever is signed in asks for a link", async (t) => {
		await t.member("alice");
		await t.post("/send-verification-email", { as: "alice", json: { email } });
		await t.get(t.mail().path, { as: "alice" });
		await t.post("/send-verification-email", { as: "alice", json: { email } });
		await t.post("/send-verification-email", { as: "alice", json: { email: "bob@example.com" } });
		await t.post("/send-verification-email", { as: "alice", json: { email: email.toUpperCase() } });
	});

	scenario("an address without a user, or that is verified, gets none", async (t) => {
		await t.post("/send-verification-email", { json: { email: "nobody@example.com" } });
		await t.member("alice");
		verifyAll(t);
		await t.post("/send-verification-email", { json: { email } });
	});

	scenario("an address in capital letters is the same", async (t) => {
		await t.member("alice");
		await t.post("/send-verification-email", { json: { email: "ALICE@Example.COM" } });
		await t.get(t.mail().path);
	});

	scenario("names every missing or mistyped member", async (t) => {
		await t.post("/send-verification-email");
		await t.send("POST", "/send-verification-email");
		for (const value of [null, 1, {}, [], "x", "x@", "@x", "a@b", "a b@c.de", " alice@example.com"]) await t.post("/send-verification-email", { json: { email: value } });
		for (const callbackURL of [null, 1, {}, []]) await t.post("/send-verification-email", { json: { email: "x@example.com", callbackURL } });
		for (const json of [null, [], "x"]) await t.post("/send-verification-email", { json });
	});

	scenario("the callback goes along in the link", async (t) => {
		await t.member("alice");
		for (const callbackURL of ["/welcome?a=b&c=%20#d", "http://localhost:3000/x", "/a'b(c)*!~", "", "https://evil.example", "//evil.example"]) {
			await t.post("/send-verification-email", { as: "alice", json: { email, callbackURL } });
			await t.get((side) => `${t.mail().path(side).split("&callbackURL")[0]}x`);
		}
		await t.get(t.mail().path);
	});

	scenario("a link without a token, and with what is none", async (t) => {
		await t.member("alice");
		const good = emailToken({ email });
		const [header, claims] = good.split(".");
		const bad = [
			"", "x", "a.b.c", "..", `${good}.`, `${good}x`, `${header}.${claims}.`, `${header}.${claims}`, `.${claims}.x`, good.slice(0, -1), ` ${good}`,
			emailToken({ email }, { key: "another secret of more than 32 characters" }),
			emailToken({ email }, { header: { alg: "none" } }), emailToken({ email }, { header: { alg: "HS512" }, hash: "sha512" }), emailToken({ email }, { header: { alg: "hs256" } }),
			emailToken({ email }, { header: {} }), emailToken({ email }, { header: { alg: "HS256", crit: ["x"], x: 1 } }), emailToken({ email }, { ends: -1 }), emailToken({ email }, { ends: 0 }),
		];
		await t.get("/verify-email");
		await t.get("/verify-email?token=a&token=b");
		await t.get(`/verify-email?token=${good}&callbackURL=/a&callbackURL=/b`);
		for (const token of bad) {
			await t.get(`/verify-email?token=${encodeURIComponent(token)}`);
			await t.get(`/verify-email?token=${encodeURIComponent(token)}&callbackURL=/welcome`);
		}
		await t.get("/get-session", { as: "alice" });
	});

	scenario("tokens of other makes that are right", async (t) => {
		const makes = [
			emailToken({ email }), emailToken({ email }, { ends: null }), emailToken({ email, userId: "alice1User".padEnd(32, "0") }), emailToken({ email, requestType: "anything", more: 1 }),
			emailToken({ email, updateTo: "" }),
		];
		await t.member("alice");
		for (const token of makes) {
			t.sql('update user set "emailVerified" = 0');
			await t.get(`/verify-email?token=${token}`);
		}
	});

	scenario("tokens in a spelling that no server writes", async (t) => {
		await t.member("alice");
		for (const token of [`${emailToken({ email })}=`, emailToken({ email }, { header: { alg: "HS256", typ: "JWT", kid: "x" } })]) {
			for (const callback of ["", "&callbackURL=/welcome"]) {
				await t.get(`/verify-email?token=${encodeURIComponent(token)}${callback}`);
				t.sql('update user set "emailVerified" = 0');
			}
		}
	});

	scenario("claims that were signed for something else", async (t) => {
		await t.member("alice");
		const claims = [{}, { email: "x" }, { email: 1 }, { email: null }, { email, userId: 1 }, { email, updateTo: 1 }, { email, requestType: null }, "[]", '"x"', "null"];
		for (const claim of claims) {
			await t.get(`/verify-email?token=${emailToken(claim)}`);
			await t.get(`/verify-email?token=${emailToken(claim)}&callbackURL=/welcome`);
		}
	});

	scenario("the user is gone, or another", async (t) => {
		await t.member("alice");
		for (const callback of ["", "&callbackURL=/welcome"]) {
			await t.get(`/verify-email?token=${emailToken({ email: "nobody@example.com" })}${callback}`);
			await t.get(`/verify-email?token=${emailToken({ email, userId: "somebody else" })}${callback}`);
			await t.get(`/verify-email?token=${emailToken({ email: "Alice@example.com" })}${callback}`);
		}
	});

	scenario("errors go to the callback, whatever it looks like", async (t) => {
		const callbacks = [
			"/", "/a", "/a?b=c", "/a?", "/a?b=c&", "/a#b", "/a?b=c#d", "/a?error=x", "/?error=x#error", "/a?b=c?d", "http://localhost:3000", "http://localhost:3000/a?b",
			"http://localhost:3000/a/../b#c", "http://localhost:3000?x", "/a%20b", "/%C3%A4",
		];
		for (const callback of callbacks) await t.get(`/verify-email?token=x&callbackURL=${encodeURIComponent(callback)}`);
	});

	scenario("dot segments are no target", async (t) => {
		for (const callback of ["/../a", "/a/../b", "/a/./b/.."]) await t.get(`/verify-email?token=x&callbackURL=${encodeURIComponent(callback)}`);
	});

	scenario("a callback that nobody trusts stops it", async (t) => {
		await t.member("alice");
		const token = emailToken({ email });
		for (const callback of ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "evil"]) {
			await t.get(`/verify-email?token=${token}&callbackURL=${encodeURIComponent(callback)}`);
		}
		await t.get("/get-session", { as: "alice" });
	});

	scenario("HEAD and POST do nothing", async (t) => {
		await t.member("alice");
		const token = emailToken({ email });
		await t.send("HEAD", `/verify-email?token=${token}`);
		await t.post(`/verify-email?token=${token}`);
		await t.get("/get-session", { as: "alice" });
	});

	scenario("a browser that looks ahead does nothing", async (t) => {
		await t.member("alice");
		const token = emailToken({ email });
		for (const headers of [{ "sec-purpose": "prefetch" }, { purpose: "prefetch" }, { "x-moz": "prefetch" }, { "sec-purpose": "prefetch;prerender" }, { "x-purpose": "preview" }]) {
			await t.get(`/verify-email?token=${token}`, { headers });
			t.sql('update user set "emailVerified" = 0');
		}
	});

	scenario("another site cannot have mail sent", async (t) => {
		await t.member("alice");
		await t.post("/send-verification-email", { json: { email }, headers: { origin: "https://evil.example" } });
		await t.post("/send-verification-email", { as: "alice", json: { email }, headers: { origin: "https://evil.example" } });
		await t.post("/send-verification-email", { json: { email }, headers: { origin: null, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" } });
		await t.post("/send-verification-email", { json: { email }, headers: { origin: null } });
	});

	scenario("a mail that cannot be sent changes no answer", async (t) => {
		await t.member("alice");
		t.refuse(send);
		await t.post("/send-verification-email", { json: { email } });
		await t.post("/send-verification-email", { as: "alice", json: { email } });
	});

	scenario("the client's calls", async (t) => {
		await t.member("alice");
		await t.client("alice", (c) => c.sendVerificationEmail({ email, callbackURL: "/welcome" }));
		await t.client("alice", (c) => c.verifyEmail({ query: { token: "x" } }));
		await t.client("alice", (c, side) => c.verifyEmail({ query: { token: t.mail().token(side) } }));
		await t.client("alice", (c) => c.getSession());
	});
});

group("verification that is off", {}, (scenario) => {
	scenario("sends nothing, and still reads links", async (t) => {
		await t.member("alice");
		await t.post("/send-verification-email", { json: { email } });
		await t.post("/send-verification-email", { as: "alice", json: { email } });
		await t.get(`/verify-email?token=${emailToken({ email })}`);
	});
});

group("verification with hooks", { callbacks: [send, before, after] }, (scenario) => {
	scenario("runs them before and after", async (t) => {
		await t.member("alice");
		await t.get(`/verify-email?token=${emailToken({ email })}`);
		await t.get(`/verify-email?token=${emailToken({ email })}`);
	});

	scenario("which can refuse", async (t) => {
		await t.member("alice");
		t.refuse(before);
		await t.get(`/verify-email?token=${emailToken({ email })}`);
		await t.get(`/verify-email?token=${emailToken({ email })}&callbackURL=/welcome`);
		await t.get("/get-session", { as: "alice" });
		t.refuse(before, false);
		t.refuse(after);
		await t.get(`/verify-email?token=${emailToken({ email })}&callbackURL=/welcome`);
		await t.get("/get-session", { as: "alice" });
	});
});

const required = { emailAndPassword: { enabled: true, requireEmailVerification: true } };

group("sign-up that needs verification", { options: required, callbacks: [send, "emailAndPassword.onExistingUserSignUp"] }, (scenario) => {
	scenario("sends a link, and nobody is signed in before", async (t) => {
		await t.signUp("alice", { callbackURL: "/welcome" });
		const mail = t.mail();
		await t.get("/get-session", { as: "alice" });
		await t.signIn("alice");
		await t.get(mail.path, { as: "alice" });
		await t.get("/get-session", { as: "alice" });
		await t.signIn("alice");
		await t.get("/get-session", { as: "alice" });
	});

	scenario("an address that is taken looks the same, and its owner hears of it", async (t) => {
		await t.signUp("alice");
		await t.signUp("alice", { name: "Mallory", image: "https://x.example/i.png" }, { as: "mallory" });
		await t.signUp("alice", { email: "ALICE@example.com" }, { as: "mallory" });
		await t.signUp("alice", { password: "short" }, { as: "mallory" });
		t.refuse("emailAndPassword.onExistingUserSignUp");
		await t.signUp("alice", {}, { as: "mallory" });
	});

	scenario("a mail that cannot be sent changes no answer", async (t) => {
		t.refuse(send);
		await t.signUp("alice");
	});

	scenario("a wrong password tells nothing", async (t) => {
		await t.member("alice");
		await t.signIn("alice", { password: "wrong password" });
		await t.signIn("alice");
		await t.signIn("alice", { callbackURL: "/x" });
	});

	scenario("sessions from before live on", async (t) => {
		await t.member("alice");
		await t.get("/get-session", { as: "alice" });
		await t.get("/list-sessions", { as: "alice" });
	});
});

group("sign-up that needs verification nobody sends", { options: required, callbacks: [] }, (scenario) => {
	scenario("creates the user and refuses the sign-in", async (t) => {
		await t.signUp("alice");
		await t.signIn("alice");
	});
});

group("a made-up user", { options: required, callbacks: ["emailAndPassword.customSyntheticUser"] }, (scenario) => {
	scenario("is what a sign-up with a taken address is told of", async (t) => {
		await t.signUp("alice");
		await t.signUp("alice");
	});
});

group("sign-in that sends links", { options: { ...required, emailVerification: { sendOnSignUp: false, sendOnSignIn: true, expiresIn: 60 } }, callbacks: [send] }, (scenario) => {
	scenario("to whoever knows the password", async (t) => {
		await t.signUp("alice");
		await t.signIn("alice", { password: "wrong password" });
		await t.signIn("alice", { callbackURL: "/welcome" });
		await t.get(t.mail().path);
		await t.signIn("alice");
	});

	scenario("a mail that cannot be sent changes no answer", async (t) => {
		await t.member("alice");
		t.refuse(send);
		await t.signIn("alice");
	});
});

group("sign-up that sends links", { options: { emailVerification: { sendOnSignUp: true } }, callbacks: [send] }, (scenario) => {
	scenario("and signs in", async (t) => {
		await t.signUp("alice");
		await t.get(t.mail().path, { as: "alice" });
		await t.get("/get-session", { as: "alice" });
		await t.signUp("alice");
	});
});

group("sign-up that signs nobody in", { options: { emailAndPassword: { enabled: true, autoSignIn: false } }, callbacks: [send, "emailAndPassword.onExistingUserSignUp"] }, (scenario) => {
	scenario("tells nobody which addresses are taken", async (t) => {
		await t.signUp("alice");
		await t.signUp("alice", {}, { as: "mallory" });
		await t.signIn("alice");
	});
});

group("verification that signs in", { options: { emailVerification: { autoSignInAfterVerification: true } }, callbacks: [send, after] }, (scenario) => {
	const link = `/verify-email?token=${emailToken({ email })}`;

	scenario("whoever opens the link", async (t) => {
		await t.member("alice");
		await t.get(link, { as: "reader" });
		await t.get("/get-session", { as: "reader" });
		await t.get(link, { as: "late" });
	});

	scenario("and sends on", async (t) => {
		await t.member("alice");
		await t.get(`${link}&callbackURL=/welcome`, { as: "reader" });
		await t.get("/get-session", { as: "reader" });
	});

	scenario("the user keeps the session", async (t) => {
		await t.member("alice", { rememberMe: false });
		await t.get(link, { as: "alice" });
		await t.get("/list-sessions", { as: "alice" });
	});

	scenario("another user is signed out", async (t) => {
		await t.member("alice");
		await t.member("bob");
		await t.get(link, { as: "bob" });
		await t.get("/get-session", { as: "bob" });
	});

	scenario("not the whole user when the link is old", async (t) => {
		await t.member("alice");
		await t.get(`/verify-email?token=${emailToken({ email }, { ends: -10 })}`, { as: "reader" });
		await t.get("/get-session", { as: "reader" });
	});
});

group("verification with a session cache", { options: { emailVerification: { autoSignInAfterVerification: true }, session: { cookieCache: { enabled: true } } }, callbacks: [send] }, (scenario) => {
	scenario("the cache says that the address is verified", async (t) => {
		await t.signUp("alice");
		await t.get(`/verify-email?token=${emailToken({ email })}`, { as: "alice" });
		await t.get("/get-session", { as: "alice" });
		await t.post("/send-verification-email", { as: "alice", json: { email } });
	});

	scenario("a session elsewhere has its cache", async (t) => {
		await t.signUp("alice");
		await t.get(`/verify-email?token=${emailToken({ email })}`);
		await t.get("/get-session", { as: "alice" });
		await t.post("/send-verification-email", { as: "alice", json: { email } });
	});
});

function verifyAll(t) {
	t.sql('update user set "emailVerified" = 1');
}
