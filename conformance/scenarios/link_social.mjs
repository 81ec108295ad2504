// POST /link-social and /unlink-account.
import { clientID, idToken, strangersKey } from "../lib/idp.mjs";
import { githubUser, googleUser, socialProviders } from "../lib/people.mjs";
import { group } from "../lib/suite.mjs";

const urls = { callbackURL: "/account", errorCallbackURL: "/failed?from=here" };
const path = { path: "/link-social" };

function services(accountLinking, more = {}) {
	return { services: true, options: { socialProviders: socialProviders(), account: { accountLinking, ...more } } };
}

const token = (person, more) => idToken({ iss: "https://accounts.google.com", aud: clientID, ...person.idToken }, more);

// Links an account to who is signed in, and looks at what came of it.
async function link(t, actor, provider, person, more = {}) {
	await (await t.visit(actor, { provider, ...urls, ...more }, path)).back(person);
	await t.get("/list-accounts", { as: actor });
}

const linkToken = (t, actor, text, more = {}) => t.post("/link-social", { as: actor, json: { provider: "google", idToken: { token: text, ...more } } });

// Signs a new user up with GitHub.
async function newcomer(t, actor, more) {
	await (await t.visit(actor, { provider: "github" })).back(githubUser(actor, more));
}

// The id of an actor's account at a service, as a function of the side.
async function accountOf(t, actor, providerId) {
	const lists = await t.get("/list-accounts", { as: actor });
	return (side) => lists[side].json.find((account) => account.providerId === providerId).id;
}

group("link-social", services({}), (scenario) => {
	scenario("needs a session that was not ended", async (t) => {
		await t.post("/link-social", { json: { provider: "github" } });
		await t.member("alice");
		await t.visit("alice", { provider: "github" }, path);
		t.sql("delete from session");
		await t.post("/link-social", { as: "alice", json: { provider: "github" } });
	});

	scenario("need not be fresh", async (t) => {
		await t.member("alice");
		t.ageSessions({ createdAt: -1_000_000 });
		await t.visit("alice", { provider: "github" }, path);
	});

	scenario("checks its input", async (t) => {
		await t.member("alice");
		const send = (json) => t.post("/link-social", { as: "alice", json });
		for (const json of [{}, { provider: 1 }, { provider: "nothing" }, { provider: "discord" }, { provider: "credential" }, null, []]) await send(json);
		for (const more of [
			{ callbackURL: "https://evil.example" },
			{ errorCallbackURL: "//evil.example" },
			{ newUserCallbackURL: "https://evil.example" },
			{ newUserCallbackURL: "/new" },
			{ disableRedirect: true, requestSignUp: true, loginHint: "a", scopes: ["x"] },
			{ scopes: "x" },
			{ additionalParams: { state: "x" } },
			{ additionalParams: { a: "b" } },
			{ additionalData: { a: 1 } },
			{ idToken: {} },
			{ idToken: { token: "x" } },
		]) await send({ provider: "github", ...more });
		await t.post("/link-social", { as: "alice", json: { provider: "github" }, headers: { origin: "https://evil.example" } });
	});

	scenario("links an account with the same address", async (t) => {
		await t.member("alice");
		await link(t, "alice", "github", githubUser("alice", { email: "Alice@Example.com" }));
		await t.get("/get-session", { as: "alice" });
		await (await t.visit("phone", { provider: "github" })).back(githubUser("alice", { email: "Alice@Example.com" }));
		await t.get("/get-session", { as: "phone" });
	});

	scenario("links it again, with more scopes", async (t) => {
		await t.member("alice");
		await link(t, "alice", "github", githubUser("alice"));
		await link(t, "alice", "github", githubUser("alice"), { scopes: ["repo", "user:email"] });
		await link(t, "alice", "github", githubUser("alice", { tokens: { refresh_token: undefined, expires_in: undefined, scope: undefined } }));
	});

	scenario("does not link another address, or one that nobody vouches for", async (t) => {
		await t.member("alice");
		await link(t, "alice", "github", githubUser("bob"));
		await link(t, "alice", "github", githubUser("alice", { verified: false }));
		await link(t, "alice", "google", googleUser("alice", { claims: { email_verified: "false" } }));
		await link(t, "alice", "google", googleUser("alice", { claims: { email: undefined } }));
	});

	scenario("does not link what is another user's", async (t) => {
		await newcomer(t, "bob");
		await t.member("alice");
		await link(t, "alice", "github", githubUser("bob", { email: "alice@example.com" }));
		await link(t, "alice", "github", githubUser("bob"));
	});

	scenario("two accounts of one service", async (t) => {
		await newcomer(t, "alice");
		await link(t, "alice", "github", githubUser("alice", { id: 2 }));
	});

	scenario("the session ends on the way", async (t) => {
		await t.member("alice");
		const visit = await t.visit("alice", { provider: "github", ...urls }, path);
		t.sql("delete from session");
		await visit.back(githubUser("alice"));
	});

	scenario("the session is over on the way", async (t) => {
		await t.member("alice");
		const visit = await t.visit("alice", { provider: "github", ...urls }, path);
		t.ageSessions({ expiresAt: -10 });
		await visit.back(githubUser("alice"));
	});

	scenario("somebody else signs in on the way", async (t) => {
		await t.member("alice");
		await t.member("bob");
		const visit = await t.visit("alice", { provider: "github", ...urls }, path);
		for (const side of ["oracle", "lockstep"]) t.jar(side, "alice").set("better-auth.session_token", t.jar(side, "bob").get("better-auth.session_token"));
		await visit.back(githubUser("alice"));
		await t.get("/list-accounts", { as: "bob" });
	});

	scenario("another browser brings it back", async (t) => {
		await t.member("alice");
		const visit = await t.visit("alice", { provider: "github", ...urls }, path);
		await visit.back(githubUser("alice"), { as: "eve" });
		await visit.back(githubUser("alice"));
	});

	scenario("the service refuses, or its answers do not hold", async (t) => {
		await t.member("alice");
		await (await t.visit("alice", { provider: "github", ...urls }, path)).refused({ error: "access_denied" });
		await (await t.visit("alice", { provider: "github", ...urls }, path)).refused({});
		t.service("token", { status: 400, json: { error: "invalid_grant" } });
		await (await t.visit("alice", { provider: "github", ...urls }, path)).back(githubUser("alice"));
	});

	scenario("the official client", async (t) => {
		await t.member("alice");
		await t.client("alice", (c) => c.linkSocial({ provider: "github", callbackURL: "/account", disableRedirect: true }));
		await t.client("alice", (c) => c.linkSocial({ provider: "google", idToken: { token: token(googleUser("alice")) } }));
		await t.client("alice", (c) => c.listAccounts());
		await t.client("nobody", (c) => c.linkSocial({ provider: "github", disableRedirect: true }));
	});
});

group("link-social with id tokens", services({}), (scenario) => {
	scenario("links, and links again", async (t) => {
		await t.member("alice");
		await linkToken(t, "alice", token(googleUser("alice")));
		await linkToken(t, "alice", token(googleUser("alice"), { ends: 60 }), { accessToken: "access", refreshToken: "refresh" });
		await linkToken(t, "alice", token(googleUser("alice", { claims: { nonce: "n" } })), { nonce: "n" });
		await t.get("/list-accounts", { as: "alice" });
	});

	scenario("does not link what is not alice's", async (t) => {
		await t.member("alice");
		await linkToken(t, "alice", token(googleUser("bob")));
		await linkToken(t, "alice", token(googleUser("alice", { verified: false })));
		await linkToken(t, "alice", token(googleUser("alice", { claims: { email: undefined } })));
		await linkToken(t, "alice", token(googleUser("alice"), { key: strangersKey() }));
		await linkToken(t, "alice", token(googleUser("alice", { claims: { nonce: "n" } })), { nonce: "m" });
		await t.post("/link-social", { as: "alice", json: { provider: "github", idToken: { token: "x" } } });
		await t.post("/link-social", { json: { provider: "google", idToken: { token: token(googleUser("alice")) } } });
	});

	scenario("does not link what is another user's", async (t) => {
		await t.post("/sign-in/social", { as: "bob", json: { provider: "google", idToken: { token: token(googleUser("bob")) } } });
		await t.member("alice");
		await linkToken(t, "alice", token(googleUser("bob")));
	});
});

const options = [
	{ enabled: false },
	{ disableImplicitLinking: true },
	{ trustedProviders: ["github", "google"] },
	{ allowDifferentEmails: true },
	{ allowDifferentEmails: true, updateUserInfoOnLink: true },
	{ requireLocalEmailVerified: false },
];
for (const accountLinking of options) {
	group(`link-social with ${JSON.stringify(accountLinking)}`, services(accountLinking), (scenario) => {
		for (const [title, more] of Object.entries({
			"the same address": {},
			"the same address, not verified": { verified: false },
			"another address": { email: "else@example.com" },
			"another address, not verified": { email: "else@example.com", verified: false },
		})) {
			scenario(title, async (t) => {
				await t.member("alice");
				await link(t, "alice", "github", githubUser("alice", more));
				await linkToken(t, "alice", token(googleUser("alice", more)));
				await t.get("/get-session", { as: "alice" });
				await linkToken(t, "alice", token(googleUser("alice", { ...more, claims: { name: "Another Name" } })));
				await t.get("/get-session", { as: "alice" });
			});
		}
	});
}

group("unlink-account", services({}), (scenario) => {
	scenario("removes one account, not the last", async (t) => {
		await t.member("alice");
		await link(t, "alice", "github", githubUser("alice"));
		const github = await accountOf(t, "alice", "github");
		const password = await accountOf(t, "alice", "credential");
		await t.post("/unlink-account", { as: "alice", json: (side) => ({ accountId: github(side) }) });
		await t.post("/unlink-account", { as: "alice", json: (side) => ({ accountId: github(side) }) });
		await t.post("/unlink-account", { as: "alice", json: (side) => ({ accountId: password(side) }) });
		await t.get("/list-accounts", { as: "alice" });
	});

	scenario("removes the password", async (t) => {
		await t.member("alice");
		await link(t, "alice", "github", githubUser("alice"));
		const password = await accountOf(t, "alice", "credential");
		await t.post("/unlink-account", { as: "alice", json: (side) => ({ accountId: password(side) }) });
		await t.signIn("alice");
		await (await t.visit("phone", { provider: "github" })).back(githubUser("alice"));
	});

	scenario("does not know accounts of others, or the service's ids", async (t) => {
		await newcomer(t, "bob");
		const foreign = await accountOf(t, "bob", "github");
		await t.member("alice");
		await link(t, "alice", "github", githubUser("alice", { id: 2 }));
		for (const accountId of ["nothing", "", "2", "github"]) await t.post("/unlink-account", { as: "alice", json: { accountId } });
		await t.post("/unlink-account", { as: "alice", json: (side) => ({ accountId: foreign(side) }) });
	});

	scenario("checks its input", async (t) => {
		await t.member("alice");
		for (const json of [{}, { accountId: 1 }, { accountId: null }, { providerId: "github" }, null]) await t.post("/unlink-account", { as: "alice", json });
		await t.post("/unlink-account", { as: "alice", json: { accountId: "x" }, headers: { origin: "https://evil.example" } });
	});

	scenario("needs a fresh session", async (t) => {
		await t.post("/unlink-account", { json: { accountId: "x" } });
		await t.member("alice");
		await link(t, "alice", "github", githubUser("alice"));
		const github = await accountOf(t, "alice", "github");
		t.ageSessions({ createdAt: -90_000 });
		await t.post("/unlink-account", { as: "alice", json: (side) => ({ accountId: github(side) }) });
	});

	scenario("the official client", async (t) => {
		await t.member("alice");
		await link(t, "alice", "github", githubUser("alice"));
		const github = await accountOf(t, "alice", "github");
		await t.client("alice", (c, side) => c.unlinkAccount({ accountId: github(side) }));
		await t.client("alice", (c) => c.unlinkAccount({ accountId: "x" }));
	});
});

group("unlink-account with allowUnlinkingAll", services({ allowUnlinkingAll: true }), (scenario) => {
	scenario("removes the last one", async (t) => {
		await newcomer(t, "alice");
		const github = await accountOf(t, "alice", "github");
		await t.post("/unlink-account", { as: "alice", json: (side) => ({ accountId: github(side) }) });
		await t.get("/list-accounts", { as: "alice" });
		await (await t.visit("phone", { provider: "github", ...urls })).back(githubUser("alice"));
		await t.get("/list-accounts", { as: "phone" });
	});
});
