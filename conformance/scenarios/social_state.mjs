// Where a sign-in waits for the browser, and what an account leaves in a cookie: storeStateStrategy, skipStateCookieCheck,
// storeAccountCookie, encryptOAuthTokens, and no database at all.
import { symmetricEncrypt } from "better-auth/crypto";
import { clientID, idToken } from "../lib/idp.mjs";
import { githubUser, googleUser, socialProviders } from "../lib/people.mjs";
import { keyOf } from "../lib/reveal.mjs";
import { group, secret } from "../lib/suite.mjs";

const urls = { callbackURL: "/in", errorCallbackURL: "/failed", newUserCallbackURL: "/welcome" };
const begin = (t, actor, more = {}, given = {}) => t.visit(actor, { provider: "github", ...urls, ...more }, given);
const services = (account, more = {}) => ({ services: true, options: { socialProviders: socialProviders(), account, ...more } });
const stateCookie = "better-auth.oauth_state";

// A state cookie of somebody who knows the secret, with members replaced; purpose is what its key is for.
async function sealed(state, more = {}, purpose = "oauth-state-cookie") {
	const data = { callbackURL: "/in", codeVerifier: "v".repeat(128), errorURL: "/failed", expiresAt: Date.now() + 600_000, oauthState: state, ...more };
	return encodeURIComponent(await symmetricEncrypt({ key: keyOf({ secret }, purpose), data: JSON.stringify(data) }));
}

async function reseal(t, actor, visit, more, purpose) {
	const values = {};
	for (const side of ["oracle", "lockstep"]) values[side] = await sealed(visit.state(side), more, purpose);
	t.changeCookie(actor, stateCookie, (_, side) => values[side]);
}

for (const [title, setup] of Object.entries({ "state in a cookie": services({ storeStateStrategy: "cookie" }), "stateless, state in a cookie": { ...services({}), stateless: true } })) {
	group(title, setup, (scenario) => {
		scenario("signs up and in", async (t) => {
			await (await begin(t, "alice")).back(githubUser("alice"));
			await t.get("/get-session", { as: "alice" });
			await (await begin(t, "alice", { requestSignUp: true, additionalData: { a: 1 }, callbackURL: undefined, newUserCallbackURL: undefined })).back(githubUser("alice"));
			await (await begin(t, "bob", { provider: "google" })).back(googleUser("bob"));
			await t.get("/get-session", { as: "bob" });
		});

		scenario("belongs to one browser and one sign-in", async (t) => {
			const first = await begin(t, "alice");
			await first.back(githubUser("alice"), { as: "eve" });
			const second = await begin(t, "alice");
			await first.back(githubUser("alice"));
			await second.back(githubUser("alice"));
			await t.get("/callback/github?code=x&state=y", { as: "alice" });
			await t.get("/callback/github?code=x&state=y");
			await t.get("/callback/github?code=x", { as: "alice" });
		});

		scenario("that was changed", async (t) => {
			for (const change of [(raw) => raw.slice(0, -2), () => "x", () => "", () => "00", (raw) => `${raw}00`, (raw) => raw.replace(/.$/, (last) => (last === "0" ? "1" : "0"))]) {
				const visit = await begin(t, "alice");
				t.changeCookie("alice", stateCookie, change);
				await visit.back(githubUser("alice"));
			}
		});

		scenario("that is too old", async (t) => {
			const visit = await begin(t, "alice");
			await reseal(t, "alice", visit, { expiresAt: Date.now() - 1_000 });
			await visit.back(githubUser("alice"));
		});

		scenario("of another sign-in, another purpose or another form", async (t) => {
			const cases = [[{ oauthState: "x".repeat(32) }], [{ oauthState: undefined }], [{}, "oauth-link-session-token"], [{}, ""], [{ codeVerifier: 1 }], [{ expiresAt: "x" }], [{ link: {} }]];
			for (const [more, purpose] of cases) {
				const visit = await begin(t, "alice");
				await reseal(t, "alice", visit, more, purpose);
				await visit.back(githubUser("alice"));
			}
		});

		scenario("when the service refuses", async (t) => {
			await (await begin(t, "alice")).refused({ error: "access_denied", error_description: "no" });
			await (await begin(t, "alice")).refused({});
			await (await begin(t, "alice")).back(githubUser("alice"), { form: true });
		});

		scenario("links", async (t) => {
			await t.signUp("dora");
			await (await begin(t, "dora", {}, { path: "/link-social" })).back(githubUser("dora", { id: 4 }));
			await t.get("/list-accounts", { as: "dora" });
			await (await begin(t, "dora", {}, { path: "/link-social" })).back(githubUser("erik", { id: 5 }));
		});
	});
}

group("state in a cookie that is used twice", services({ storeStateStrategy: "cookie" }), (scenario) => {
	scenario("works once", async (t) => {
		const visit = await begin(t, "alice");
		t.copyJar("alice", "copy");
		await visit.back(githubUser("alice"));
		await visit.back(githubUser("alice"), { as: "copy" });
		t.empty("session", "account", "user", "verification");
	});
});

group("stateless, state in a cookie that is used twice", { ...services({}), stateless: true }, (scenario) => {
	scenario("works once", async (t) => {
		const visit = await begin(t, "alice");
		t.copyJar("alice", "copy");
		await visit.back(githubUser("alice"));
		await visit.back(githubUser("alice"), { as: "copy" });
	});
});

group("state without its cookie", services({ skipStateCookieCheck: true }), (scenario) => {
	scenario("is that of any browser", async (t) => {
		const visit = await begin(t, "alice");
		await visit.back(githubUser("alice"), { as: "phone" });
		await t.get("/get-session", { as: "phone" });
		await visit.back(githubUser("alice"), { as: "phone" });
		await t.get("/callback/github?code=x&state=y");
	});
});

group("state whose identifier is hashed", services({}, { verification: { storeIdentifier: "hashed" } }), (scenario) => {
	scenario("signs up", async (t) => {
		await (await begin(t, "alice")).back(githubUser("alice"));
		await (await begin(t, "alice")).back(githubUser("alice"), { as: "eve" });
	});
});

const ask = (t, actor, path = "/get-access-token") => t.post(path, { as: actor, json: { useAccountCookie: true } });
const age = (t, seconds) => t.sql('update account set "accessTokenExpiresAt" = ?', () => [new Date(Date.now() + seconds * 1_000).toISOString()]);

for (const account of [{ storeAccountCookie: true }, { storeAccountCookie: true, encryptOAuthTokens: true }]) {
	group(`account cookie with ${JSON.stringify(account)}`, services(account), (scenario) => {
		scenario("holds the account of the last sign-in", async (t) => {
			await (await begin(t, "alice")).back(githubUser("alice"));
			await ask(t, "alice");
			await ask(t, "alice", "/refresh-token");
			await ask(t, "alice");
			await t.get("/account-info?useAccountCookie=true", { as: "alice" });
			await t.get("/get-session", { as: "alice" });
			await t.post("/sign-out", { as: "alice" });
			await ask(t, "alice");
		});

		scenario("of an id token", async (t) => {
			const token = idToken({ iss: "https://accounts.google.com", aud: clientID, ...googleUser("alice").idToken });
			await t.post("/sign-in/social", { as: "alice", json: { provider: "google", idToken: { token, accessToken: "access", refreshToken: "refresh" } } });
			await ask(t, "alice");
			await ask(t, "alice", "/refresh-token");
		});

		scenario("is that of who is signed in", async (t) => {
			await (await begin(t, "alice")).back(githubUser("alice"));
			await t.member("bob");
			for (const side of ["oracle", "lockstep"]) t.jar(side, "alice").set("better-auth.session_token", t.jar(side, "bob").get("better-auth.session_token"));
			await ask(t, "alice");
			await ask(t, "alice", "/refresh-token");
			await t.get("/get-session", { as: "alice" });
		});

		scenario("is not there, or is none", async (t) => {
			await t.member("alice");
			await ask(t, "alice");
			t.changeCookie("alice", "better-auth.account_data", () => "x");
			await ask(t, "alice");
			await t.get("/get-session", { as: "alice" });
		});

		scenario("a second sign-in, and one by password", async (t) => {
			await t.member("alice");
			t.sql('update user set "emailVerified" = 1');
			await (await begin(t, "alice")).back(githubUser("alice"));
			await (await begin(t, "alice", { provider: "google" })).back(googleUser("alice"));
			await t.signIn("alice");
			await ask(t, "alice");
		});

		scenario("links leave it alone", async (t) => {
			await t.member("alice");
			await (await begin(t, "alice", {}, { path: "/link-social" })).back(githubUser("alice"));
			await ask(t, "alice");
		});

		scenario("without refresh tokens", async (t) => {
			await (await begin(t, "alice")).back(githubUser("alice", { tokens: { refresh_token: undefined, expires_in: undefined } }));
			await ask(t, "alice");
			await ask(t, "alice", "/refresh-token");
		});

		scenario("with a long token", async (t) => {
			await (await begin(t, "alice")).back(githubUser("alice", { tokens: { access_token: "a".repeat(5_000) } }));
			await (await begin(t, "alice")).back(githubUser("alice"));
		});
	});
}

group("account cookie with a session cache", services({ storeAccountCookie: true }, { session: { cookieCache: { enabled: true } } }), (scenario) => {
	scenario("is sent with it", async (t) => {
		await (await begin(t, "alice")).back(githubUser("alice"));
		await t.get("/get-session", { as: "alice" });
		t.changeCookie("alice", "better-auth.session_data", () => null);
		await t.get("/get-session", { as: "alice" });
		await ask(t, "alice");
		await t.post("/update-user", { as: "alice", json: { name: "Alice" } });
		await t.post("/sign-out", { as: "alice" });
	});
});

group("encrypted tokens", services({ encryptOAuthTokens: true }), (scenario) => {
	scenario("are stored and read", async (t) => {
		await (await begin(t, "alice")).back(githubUser("alice"));
		const lists = await t.get("/list-accounts", { as: "alice" });
		const json = (side) => ({ accountId: lists[side].json[0].id });
		await t.post("/get-access-token", { as: "alice", json });
		await t.post("/refresh-token", { as: "alice", json });
		age(t, -100);
		await t.post("/get-access-token", { as: "alice", json });
		await t.get((side) => `/account-info?accountId=${json(side).accountId}`, { as: "alice" });
		await (await begin(t, "alice", {}, { path: "/link-social" })).back(githubUser("alice"));
	});

	scenario("that were stored before, and some that cannot be read", async (t) => {
		await (await begin(t, "alice")).back(githubUser("alice"));
		const lists = await t.get("/list-accounts", { as: "alice" });
		const json = (side) => ({ accountId: lists[side].json[0].id });
		for (const stored of ["plain", "$ba$1$00", "0".repeat(100)]) {
			t.sql('update account set "accessToken" = ?, "refreshToken" = ?', () => [stored, stored]);
			await t.post("/get-access-token", { as: "alice", json });
			await t.post("/refresh-token", { as: "alice", json });
		}
		t.empty("account");
	});
});

group("encrypted tokens of a rotation", services({ encryptOAuthTokens: true, storeStateStrategy: "cookie" }, { secrets: [{ version: 2, value: "the newest secret of the rotation set" }, { version: 1, value: secret }] }), (scenario) => {
	scenario("are those of the newest secret", async (t) => {
		await (await begin(t, "alice")).back(githubUser("alice"));
		const lists = await t.get("/list-accounts", { as: "alice" });
		await t.post("/get-access-token", { as: "alice", json: (side) => ({ accountId: lists[side].json[0].id }) });
	});
});

group("stateless with services", { ...services({}), stateless: true }, (scenario) => {
	scenario("lives in its cookies", async (t) => {
		await (await begin(t, "alice")).back(githubUser("alice"));
		await t.get("/get-session", { as: "alice" });
		await t.get("/list-accounts", { as: "alice" });
		await ask(t, "alice");
		await ask(t, "alice", "/refresh-token");
		await ask(t, "alice");
		await t.get("/account-info?useAccountCookie=true", { as: "alice" });
		await t.post("/update-user", { as: "alice", json: { name: "Alice" } });
		await t.get("/get-session", { as: "alice" });
		await (await begin(t, "alice")).back(githubUser("alice"));
		await t.post("/sign-out", { as: "alice" });
		await t.get("/get-session", { as: "alice" });
		await ask(t, "alice");
	});

	scenario("with an id token", async (t) => {
		const token = idToken({ iss: "https://accounts.google.com", aud: clientID, ...googleUser("bob").idToken });
		await t.post("/sign-in/social", { as: "bob", json: { provider: "google", idToken: { token, accessToken: "access" } } });
		await t.get("/get-session", { as: "bob" });
		await ask(t, "bob");
	});

	scenario("accounts by id, and unlinking", async (t) => {
		await (await begin(t, "carol")).back(githubUser("carol", { id: 3 }));
		const lists = await t.get("/list-accounts", { as: "carol" });
		const json = (side) => ({ accountId: lists[side].json[0].id });
		await t.post("/get-access-token", { as: "carol", json });
		await t.post("/refresh-token", { as: "carol", json });
		await t.post("/unlink-account", { as: "carol", json });
		await t.client("carol", (c) => c.listAccounts());
	});
});
