// POST /sign-in/social: the way to the service, and id tokens that a client got there by itself.
import { createHmac } from "node:crypto";
import { clientID, idToken, publicPEM, strangersKey } from "../lib/idp.mjs";
import { googleUser, socialProviders } from "../lib/people.mjs";
import { group } from "../lib/suite.mjs";

const claims = (more = {}) => ({ iss: "https://accounts.google.com", aud: clientID, ...googleUser("alice").idToken, ...more });
const begin = (t, json, given) => t.post("/sign-in/social", { as: "alice", ...given, json });

group("social sign-in", { services: true, options: { socialProviders: socialProviders() } }, (scenario) => {
	scenario("redirects to the service", async (t) => {
		for (const provider of ["github", "google"]) {
			await begin(t, { provider });
			await begin(t, { provider, callbackURL: "/in", errorCallbackURL: "/failed", newUserCallbackURL: "/welcome" });
			await begin(t, { provider, disableRedirect: true });
			await begin(t, { provider, disableRedirect: false, requestSignUp: true, loginHint: "alice+x@example.com" });
			await begin(t, { provider, scopes: ["repo", "a b", "é&="] });
			await begin(t, { provider, scopes: [] });
		}
	});

	scenario("keeps the state of one browser in one cookie", async (t) => {
		await begin(t, { provider: "github" });
		await begin(t, { provider: "google" });
	});

	scenario("a service that is not there", async (t) => {
		for (const provider of ["discord", "nothing", "", "credential", "GitHub", "__proto__", "constructor"]) await begin(t, { provider });
	});

	scenario("bodies that are none", async (t) => {
		for (const json of [{}, { provider: 1 }, { provider: null }, { provider: ["github"] }, [], null, "github"]) await begin(t, json);
		for (const more of [
			{ callbackURL: 1 },
			{ errorCallbackURL: {} },
			{ newUserCallbackURL: [] },
			{ disableRedirect: "yes" },
			{ requestSignUp: "true" },
			{ loginHint: 7 },
			{ scopes: "repo" },
			{ scopes: [1] },
			{ additionalData: "x" },
			{ additionalData: [] },
			{ additionalParams: "x" },
			{ additionalParams: { a: 1 } },
			{ idToken: "x" },
			{ idToken: {} },
			{ idToken: { token: 1 } },
			{ idToken: { token: "x", nonce: 1 } },
			{ idToken: { token: "x", expiresAt: "1" } },
			{ idToken: { token: "x", user: { name: "Alice" } } },
		]) await begin(t, { provider: "google", ...more });
		await t.post("/sign-in/social", { body: "provider=github", headers: { "content-type": "application/x-www-form-urlencoded" } });
		await t.get("/sign-in/social?provider=github");
	});

	scenario("URLs of other sites", async (t) => {
		for (const name of ["callbackURL", "errorCallbackURL", "newUserCallbackURL"]) {
			for (const url of ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "http://localhost:3000.evil.example", "", "/in?a=b#c", "http://localhost:3000/in"]) {
				await begin(t, { provider: "github", [name]: url });
			}
		}
	});

	scenario("pages of other sites", async (t) => {
		await begin(t, { provider: "github" }, { headers: { origin: "https://evil.example" } });
		await begin(t, { provider: "github" }, { headers: { origin: null } });
		await t.signUp("alice");
		await begin(t, { provider: "github" }, { headers: { origin: "https://evil.example" } });
		await begin(t, { provider: "github" }, { headers: { origin: null } });
		await begin(t, { provider: "github" });
	});

	scenario("parameters of one's own", async (t) => {
		await begin(t, { provider: "google", additionalParams: { a: "x y~é", hd: "example.com", prompt: "none" } });
		for (const name of ["state", "client_id", "redirect_uri", "response_type", "code_challenge", "code_challenge_method", "nonce", "scope"]) {
			await begin(t, { provider: "google", additionalParams: { [name]: "x" } });
		}
		await begin(t, { provider: "google", additionalParams: {} });
	});

	scenario("data of one's own", async (t) => {
		await begin(t, { provider: "github", additionalData: { a: 1, b: { c: ["é", null, true] } } });
		await begin(t, { provider: "github", additionalData: {} });
	});

	scenario("data of one's own that is the server's", async (t) => {
		for (const name of ["callbackURL", "codeVerifier", "errorURL", "newUserURL", "link", "serverContext", "expiresAt", "requestSignUp", "idTokenNonce", "oauthState"]) {
			await begin(t, { provider: "github", additionalData: { [name]: "x" } });
		}
		t.empty("verification");
	});

	scenario("the official client", async (t) => {
		await t.client("alice", (c) => c.signIn.social({ provider: "github", callbackURL: "/in", disableRedirect: true }));
		await t.client("alice", (c) => c.signIn.social({ provider: "nothing", disableRedirect: true }));
	});
});

group("id tokens of clients", { services: true, options: { socialProviders: socialProviders() } }, (scenario) => {
	const send = (t, token, more = {}) => begin(t, { provider: "google", idToken: { token, ...more } });

	scenario("sign a new user up, and in again", async (t) => {
		await send(t, idToken(claims()));
		await t.get("/get-session", { as: "alice" });
		await send(t, idToken(claims({ name: "Another Name" })), { accessToken: "an access token", refreshToken: "a refresh token", expiresAt: 2_000_000_000 });
		await t.get("/list-accounts", { as: "alice" });
	});

	scenario("sign in a user who is there, with a nonce", async (t) => {
		await t.member("alice");
		t.sql('update user set "emailVerified" = 1');
		await send(t, idToken(claims({ nonce: "the nonce" })), { nonce: "the nonce" });
		await t.get("/get-session", { as: "alice" });
		await t.get("/list-accounts", { as: "alice" });
	});

	scenario("with a wrong nonce, or one that is missing on one side", async (t) => {
		await send(t, idToken(claims({ nonce: "the nonce" })), { nonce: "another" });
		await send(t, idToken(claims()), { nonce: "the nonce" });
		await send(t, idToken(claims({ nonce: "the nonce" })));
	});

	scenario("of another issuer or for another application", async (t) => {
		for (const more of [
			{ iss: "https://evil.example" },
			{ iss: undefined },
			{ iss: "https://accounts.google.com/" },
			{ aud: "another-client" },
			{ aud: undefined },
			{ aud: [] },
			{ aud: ["another-client"] },
		]) await send(t, idToken(claims(more)));
	});

	scenario("of the issuer's other spelling, and for several applications", async (t) => {
		await send(t, idToken(claims({ iss: "accounts.google.com" })));
		await send(t, idToken(claims({ aud: [clientID] })));
	});

	scenario("for other applications too, or of a named kind", async (t) => {
		await send(t, idToken(claims({ aud: [clientID, "another-client"], azp: clientID })));
		await send(t, idToken(claims({ azp: "another-client" })));
		await send(t, idToken(claims(), { header: { alg: "RS256", kid: "the-key", typ: "JWT" } }));
		await send(t, idToken(claims(), { header: { alg: "RS256" } }));
	});

	scenario("that only upstream takes", async (t) => {
		await send(t, idToken(claims({ aud: [clientID, "another-client"] })));
		await send(t, idToken(claims({ aud: [clientID, "another-client"], azp: "another-client" })));
		await send(t, idToken(claims(), { header: { alg: "RS256", kid: "the-key", typ: "at+jwt" } }));
		await send(t, idToken(claims({ sub: "" })));
		t.empty("session", "account", "user");
	});

	scenario("too old, too new, or without a time", async (t) => {
		const now = Math.floor(Date.now() / 1_000);
		await send(t, idToken(claims(), { ends: -120 }));
		await send(t, idToken(claims({ iat: now - 7_200 })));
		await send(t, idToken(claims({ nbf: now + 3_600 })));
		await send(t, idToken(claims({ iat: undefined })));
		await send(t, idToken(claims({ exp: undefined })));
		await send(t, idToken(claims({ exp: "x" })));
	});

	scenario("signed by somebody else, or not at all", async (t) => {
		const key = strangersKey();
		await send(t, idToken(claims(), { key }));
		await send(t, idToken(claims(), { key, header: { alg: "RS256", kid: "another-key" } }));
		await send(t, idToken(claims(), { key: null, header: { alg: "none" } }));
		await send(t, idToken(claims(), { key: null, header: { alg: "None", kid: "the-key" } }));
		await send(t, idToken(claims(), { key: null }));
		await send(t, signedByPublicKey(claims()));
		await send(t, idToken(claims(), { header: { alg: "RS512", kid: "the-key" } }));
		await send(t, idToken(claims(), { header: { alg: "RS256", kid: "the-key", crit: ["x"], x: 1 } }));
	});

	scenario("that are none", async (t) => {
		const [header, body, signature] = idToken(claims()).split(".");
		for (const token of ["", "x", "a.b.c", `${header}.${body}`, `${header}..${signature}`, `${header}.${body}.${signature}.x`, ` ${header}.${body}.${signature}`, `${header}.${body}.${signature.slice(1)}`]) {
			await send(t, token);
		}
	});

	scenario("of somebody without an address or an id", async (t) => {
		await send(t, idToken(claims({ email: undefined })));
		await send(t, idToken(claims({ email: "" })));
		await send(t, idToken(claims({ sub: undefined })));
	});

	scenario("of somebody without a name", async (t) => {
		await send(t, idToken(claims({ name: undefined, picture: undefined })));
		await send(t, idToken(claims({ sub: "google-bob", email: "bob@example.com", name: "" })), { user: { name: { firstName: "Bob", lastName: "Builder" }, email: "eve@example.com" } });
	});

	scenario("whose address is another user's", async (t) => {
		await t.member("alice");
		await send(t, idToken(claims()));
		await send(t, idToken(claims({ email_verified: false })));
		t.sql('update user set "emailVerified" = 1');
		await send(t, idToken(claims({ email_verified: false })));
		await send(t, idToken(claims({ email_verified: "true" })));
	});

	scenario("a service that takes none", async (t) => {
		await begin(t, { provider: "github", idToken: { token: idToken(claims()) } });
		await begin(t, { provider: "nothing", idToken: { token: idToken(claims()) } });
	});

	scenario("the official client", async (t) => {
		await t.client("alice", (c) => c.signIn.social({ provider: "google", idToken: { token: idToken(claims()) } }));
		await t.client("alice", (c) => c.getSession());
		await t.client("alice", (c) => c.signIn.social({ provider: "google", idToken: { token: "x" } }));
	});
});

const closed = { disableIdTokenSignIn: true };
const noSignUp = { disableSignUp: true };
const noImplicitSignUp = { disableImplicitSignUp: true };

for (const [name, more] of Object.entries({ closed, noSignUp, noImplicitSignUp })) {
	group(`id tokens with ${JSON.stringify(more)}`, { services: true, options: { socialProviders: socialProviders(more) } }, (scenario) => {
		scenario("of a new user", async (t) => {
			await begin(t, { provider: "google", idToken: { token: idToken(claims()) } });
			if (name !== "closed") await begin(t, { provider: "google", requestSignUp: true, idToken: { token: idToken(claims()) } });
			await begin(t, { provider: "google", idToken: { token: idToken(claims()) } });
		});
	});
}

// A token whose signature is an HMAC with the public key, which everybody has.
function signedByPublicKey(content) {
	const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
	const now = Math.floor(Date.now() / 1_000);
	const text = `${part({ alg: "HS256", kid: "the-key" })}.${part({ iat: now, exp: now + 600, ...content })}`;
	return `${text}.${createHmac("sha256", publicPEM()).update(text).digest("base64url")}`;
}
