// Sign-in with services: what one server starts or stores, the other ends or reads.
import assert from "node:assert/strict";
import { githubUser, googleUser, socialProviders } from "../lib/people.mjs";
import { interop } from "../lib/interop.mjs";
import { password, secret } from "../lib/options.mjs";

const urls = { callbackURL: "/in", errorCallbackURL: "/failed", newUserCallbackURL: "/welcome" };

// Sends a browser to a service.
async function leave(server, jar, path = "/sign-in/social", more = {}) {
	const { json } = await server.post(path, jar, { provider: "github", ...urls, ...more });
	assert.ok(json?.url, JSON.stringify(json));
	return new URL(json.url);
}

// Where the server sends a browser that comes back with this query.
async function arrive(server, jar, url, query) {
	const path = new URL(url.searchParams.get("redirect_uri")).pathname.slice("/api/auth".length);
	return (await server.get(`${path}?${new URLSearchParams(query)}`, jar)).headers.get("location");
}

async function signIn(idp, server, jar, person, more = {}) {
	const url = await leave(server, jar, "/sign-in/social", more);
	return arrive(server, jar, url, idp.allow(url.href, person));
}

const groups = {
	"with the state in the database": {},
	"with the state in a cookie": { account: { storeStateStrategy: "cookie" } },
	"with hashed identifiers": { verification: { storeIdentifier: "hashed" } },
	"with two secrets": {
		account: { storeStateStrategy: "cookie", encryptOAuthTokens: true },
		secrets: [{ version: 2, value: "the newest secret of the rotation set" }, { version: 1, value: secret }],
	},
};
for (const [title, more] of Object.entries(groups)) {
	interop(`services ${title}`, { services: true, options: { socialProviders: socialProviders(), ...more } }, (test) => {
		test("a sign-in that one starts is ended by the other", async ({ a, b, idp, browser }) => {
			const jar = browser();
			const url = await leave(a, jar);
			idp.arrive(url);
			assert.equal(await arrive(b, jar, url, idp.allow(url.href, githubUser("alice"))), "/welcome");
			assert.equal((await a.session(jar)).user.email, "alice@example.com");
			assert.match(idp.take()[0].body, /code_verifier=<verifier of visit 1,/);
		});

		test("a refusal finds the error URL of the other", async ({ a, b, browser }) => {
			const jar = browser();
			const url = await leave(a, jar);
			assert.equal(await arrive(b, jar, url, { error: "access_denied", state: url.searchParams.get("state") }), "/failed?error=access_denied");
		});

		test("another browser is refused by both", async ({ a, b, idp, browser }) => {
			const url = await leave(a, browser());
			const to = await arrive(b, browser(), url, idp.allow(url.href, githubUser("alice")));
			assert.match(to, /\?error=state_mismatch$/);
		});

		test("a link that one starts is ended by the other", async ({ a, b, idp, database, browser }) => {
			const jar = browser();
			await a.post("/sign-up/email", jar, { name: "Alice", email: "alice@example.com", password });
			const url = await leave(a, jar, "/link-social");
			assert.equal(await arrive(b, jar, url, idp.allow(url.href, githubUser("alice"))), "/in");
			assert.deepEqual(database.prepare('select "providerId" from account order by rowid').pluck().all(), ["credential", "github"]);
			const { id } = (await a.get("/list-accounts", jar)).json.find((account) => account.providerId === "github");
			assert.equal((await a.post("/unlink-account", jar, { accountId: id })).status, 200);
		});

		test("a link whose session one has ended is refused by the other", async ({ a, b, idp, browser }) => {
			const jar = browser();
			await a.post("/sign-up/email", jar, { name: "Alice", email: "alice@example.com", password });
			const url = await leave(a, jar, "/link-social");
			const phone = browser();
			await b.post("/sign-in/email", phone, { email: "alice@example.com", password });
			await b.post("/revoke-sessions", phone);
			assert.equal(await arrive(b, jar, url, idp.allow(url.href, githubUser("alice"))), "/failed?error=unable_to_link_account");
		});

		test("a user of one is a user of the other", async ({ a, b, idp, database, browser }) => {
			assert.equal(await signIn(idp, a, browser(), githubUser("alice")), "/welcome");
			assert.equal(await signIn(idp, b, browser(), githubUser("alice")), "/in");
			assert.equal(await signIn(idp, b, browser(), googleUser("alice"), { provider: "google" }), "/in");
			assert.equal(database.prepare("select count(*) from user").pluck().get(), 1);
		});
	});
}

for (const encryptOAuthTokens of [false, true]) {
	const options = { socialProviders: socialProviders(), account: { encryptOAuthTokens, storeAccountCookie: true } };
	interop(`tokens that are ${encryptOAuthTokens ? "" : "not "}encrypted`, { services: true, options }, (test) => {
		test("are read, renewed and read again", async ({ a, b, idp, database, browser }) => {
			const jar = browser();
			await signIn(idp, a, jar, githubUser("alice"));
			const stored = () => database.prepare('select "accessToken" from account').pluck().get();
			assert.equal(stored() === "access-2", !encryptOAuthTokens);
			const json = { accountId: (await b.get("/list-accounts", jar)).json[0].id };
			assert.equal((await b.post("/get-access-token", jar, json)).json.accessToken, "access-2");
			assert.equal((await b.post("/refresh-token", jar, json)).json.accessToken, "access-3");
			assert.equal((await a.post("/get-access-token", jar, json)).json.accessToken, "access-3");
			assert.equal((await a.post("/refresh-token", jar, json)).json.refreshToken, "refresh-4");
			assert.equal((await b.get(`/account-info?accountId=${json.accountId}`, jar)).json.user.name, "alice of GitHub");
		});

		test("of an account cookie are read, renewed and read again", async ({ a, b, idp, browser }) => {
			const jar = browser();
			await signIn(idp, a, jar, githubUser("alice"));
			const json = { useAccountCookie: true };
			assert.equal((await b.post("/get-access-token", jar, json)).json.accessToken, "access-2");
			assert.equal((await b.post("/refresh-token", jar, json)).json.accessToken, "access-3");
			assert.equal((await a.post("/get-access-token", jar, json)).json.accessToken, "access-3");
			await b.get("/get-session", jar);
			assert.equal((await a.post("/get-access-token", jar, json)).json.accessToken, "access-3");
		});
	});
}
