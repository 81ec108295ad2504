// Sign-in with services when what is stored is broken, or cannot be read.
import { genericProvider, githubUser, oidcUser, socialProviders } from "../lib/people.mjs";
import { group } from "../lib/suite.mjs";

const urls = { callbackURL: "/in", errorCallbackURL: "/failed" };
const oidc = genericProvider("oidc", { discoveryUrl: "https://id.example.com/.well-known/openid-configuration" });
const setup = { services: [oidc], options: { socialProviders: socialProviders() } };
const begin = (t, provider = "github", given) => t.visit("alice", { provider, ...urls }, given);

group("services with a broken state", setup, (scenario) => {
	for (const value of ["", "x", "null", "[]", "{}", "7", '"x"']) {
		scenario(`that is ${JSON.stringify(value)}`, async (t) => {
			const visit = await begin(t);
			t.sql("update verification set value = ?", () => [value]);
			await visit.back(githubUser("alice"));
		});
	}

	for (const [title, change] of Object.entries({
		"without a callback URL": "json_remove(value, '$.callbackURL')",
		"with an empty callback URL": "json_set(value, '$.callbackURL', '')",
		"without a verifier": "json_remove(value, '$.codeVerifier')",
		"without an end": "json_remove(value, '$.expiresAt')",
		"with an end that is a text": "json_set(value, '$.expiresAt', 'x')",
		"without its own name": "json_remove(value, '$.oauthState')",
		"with another name": "json_set(value, '$.oauthState', 'x')",
		"without an error URL": "json_remove(value, '$.errorURL')",
		"with a link that is none": "json_set(value, '$.link', json('{}'))",
		"with a link to nobody": `json_set(value, '$.link', json('{"email":"alice@example.com","userId":"nobody"}'))`,
		"with more in it": `json_set(value, '$.more', json('{"a":[1]}'))`,
		"with a flag of another type": "json_set(value, '$.requestSignUp', 'yes')",
	})) {
		scenario(title, async (t) => {
			const visit = await begin(t);
			t.sql(`update verification set value = ${change}`);
			await visit.back(githubUser("alice"));
		});
	}

	scenario("without the nonce", async (t) => {
		const visit = await begin(t, "oidc");
		t.sql("update verification set value = json_remove(value, '$.idTokenNonce')");
		await visit.back(oidcUser("alice"));
	});
});

group("services with broken accounts", setup, (scenario) => {
	const account = (t, id, userId) =>
		t.sql('insert into account (id, "accountId", "providerId", "userId", "createdAt", "updatedAt") values (?, \'4711\', \'github\', ?, ?, ?)', () => [
			id.repeat(32),
			userId,
			...Array(2).fill(new Date().toISOString()),
		]);

	scenario("of users who are gone", async (t) => {
		await t.member("alice");
		t.sql("pragma foreign_keys = off");
		account(t, "a", "nobody");
		t.sql("pragma foreign_keys = on");
		await (await begin(t)).back(githubUser("alice"));
		await (await begin(t, "github", { path: "/link-social" })).back(githubUser("alice"));
	});

	scenario("that are two", async (t) => {
		await t.member("alice");
		await t.member("bob");
		account(t, "a", "alice1User".padEnd(32, "0"));
		account(t, "b", "bob2User".padEnd(32, "0"));
		await (await begin(t)).back(githubUser("carol"));
	});
});

group("services and a database that fails", setup, (scenario) => {
	const without = async (t, table, steps) => {
		await t.get("/ok"); // upstream looks at its tables before the first answer, and never again
		t.sql(`alter table "${table}" rename to "gone"`);
		try {
			await steps();
		} finally {
			t.sql(`alter table "gone" rename to "${table}"`);
		}
	};

	scenario("starting", async (t) => {
		await without(t, "verification", () => t.post("/sign-in/social", { json: { provider: "github", ...urls } }));
	});

	for (const table of ["verification", "account", "user", "session"]) {
		scenario(`coming back without ${table}`, async (t) => {
			const visit = await begin(t);
			await without(t, table, () => visit.back(githubUser("alice")));
			t.empty("verification", "session", "account", "user");
		});
	}

	scenario("tokens", async (t) => {
		await (await begin(t)).back(githubUser("alice"));
		await without(t, "account", async () => {
			await t.post("/get-access-token", { as: "alice", json: { accountId: "x" } });
			await t.post("/unlink-account", { as: "alice", json: { accountId: "x" } });
			await t.get("/list-accounts", { as: "alice" });
		});
	});
});
