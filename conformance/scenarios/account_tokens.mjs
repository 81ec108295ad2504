// POST /get-access-token and /refresh-token, GET /account-info.
import { githubUser, googleUser, socialProviders } from "../lib/people.mjs";
import { group } from "../lib/suite.mjs";

const people = { github: githubUser, google: googleUser };
const services = { services: true, options: { socialProviders: socialProviders() } };

// Signs a new user up, and returns the id of the account as a function of the side.
async function newcomer(t, actor, provider, more) {
	await (await t.visit(actor, { provider })).back(people[provider](actor, more));
	const lists = await t.get("/list-accounts", { as: actor });
	return (side) => lists[side].json.find((account) => account.providerId === provider).id;
}

const select = (id, more = {}) => (side) => ({ accountId: id(side), ...more });
const ask = (t, actor, id, more) => t.post("/get-access-token", { as: actor, json: select(id, more) });
const refresh = (t, actor, id, more) => t.post("/refresh-token", { as: actor, json: select(id, more) });
const info = (t, actor, id) => t.get((side) => `/account-info?accountId=${id(side)}`, { as: actor });
const age = (t, seconds) => t.sql('update account set "accessTokenExpiresAt" = ?', () => [new Date(Date.now() + seconds * 1_000).toISOString()]);

for (const provider of Object.keys(people)) {
	group(`tokens of ${provider} accounts`, services, (scenario) => {
		scenario("a token that is good", async (t) => {
			const id = await newcomer(t, "alice", provider);
			await ask(t, "alice", id);
			await info(t, "alice", id);
			age(t, 7);
			await ask(t, "alice", id);
		});

		scenario("a token that has ended, or is about to", async (t) => {
			const id = await newcomer(t, "alice", provider);
			for (const left of [3, -100]) {
				age(t, left);
				await ask(t, "alice", id);
			}
			age(t, -100);
			await info(t, "alice", id);
			await ask(t, "alice", id);
		});

		scenario("a refresh that is asked for", async (t) => {
			const id = await newcomer(t, "alice", provider);
			await refresh(t, "alice", id);
			await refresh(t, "alice", id);
			await ask(t, "alice", id);
		});

		scenario("a refresh that brings little", async (t) => {
			const id = await newcomer(t, "alice", provider, { tokens: { refresh_token_expires_in: 10_000 } });
			t.service("token", { json: { access_token: "another" } });
			await refresh(t, "alice", id);
			await ask(t, "alice", id);
			age(t, -100);
			await ask(t, "alice", id);
		});

		scenario("a refresh that brings much", async (t) => {
			const id = await newcomer(t, "alice", provider);
			t.service("token", { json: { access_token: "another", refresh_token: "new", expires_in: 60, refresh_token_expires_in: 120, scope: "x y", id_token: "a.b.c" } });
			await refresh(t, "alice", id);
			await ask(t, "alice", id);
		});

		for (const [title, answer] of Object.entries({
			"is refused": { status: 400, json: { error: "invalid_grant" } },
			"fails": { status: 500, json: {} },
			"redirects": { status: 302, json: {}, headers: { location: "https://evil.example" } },
			"is no JSON": { body: "<html>" },
			"has no access token": { json: {} },
			"is an error with 200": { json: { error: "bad_refresh_token" } },
			"has a token of another type": { json: { access_token: 7 } },
		})) {
			scenario(`a refresh that ${title}`, async (t) => {
				const id = await newcomer(t, "alice", provider);
				t.service("token", answer);
				await refresh(t, "alice", id);
				age(t, -100);
				await ask(t, "alice", id);
				await info(t, "alice", id);
			});
		}

		scenario("no refresh token", async (t) => {
			const id = await newcomer(t, "alice", provider, { tokens: { refresh_token: undefined } });
			await refresh(t, "alice", id);
			age(t, -100);
			await ask(t, "alice", id);
			await info(t, "alice", id);
		});

		scenario("no end of the token", async (t) => {
			const id = await newcomer(t, "alice", provider, { tokens: { expires_in: undefined } });
			await ask(t, "alice", id);
			await t.client("alice", (c, side) => c.getAccessToken({ accountId: id(side) }));
		});

		scenario("no access token", async (t) => {
			const id = await newcomer(t, "alice", provider);
			t.sql('update account set "accessToken" = null, "refreshToken" = null');
			await ask(t, "alice", id);
			await info(t, "alice", id);
		});

		scenario("of another user", async (t) => {
			const id = await newcomer(t, "bob", provider);
			await t.member("alice");
			for (const more of [{}, { userId: "bob" }]) {
				await ask(t, "alice", id, more);
				await refresh(t, "alice", id, more);
			}
			await info(t, "alice", id);
		});

		scenario("without a session, or with one that has ended", async (t) => {
			const id = await newcomer(t, "alice", provider);
			for (const actor of ["nobody", "alice"]) {
				await ask(t, actor, id, { userId: "x" });
				await refresh(t, actor, id);
				await info(t, actor, id);
				t.sql("delete from session");
			}
			await ask(t, "alice", id);
		});

		scenario("the official client", async (t) => {
			const id = await newcomer(t, "alice", provider);
			await t.client("alice", (c, side) => c.getAccessToken({ accountId: id(side) }));
			await t.client("alice", (c, side) => c.refreshToken({ accountId: id(side) }));
			await t.client("alice", (c, side) => c.accountInfo({ query: { accountId: id(side) } }));
			await t.client("alice", (c) => c.getAccessToken({ accountId: "x" }));
			await t.client("alice", (c) => c.accountInfo({ query: { accountId: "x" } }));
		});
	});
}

group("tokens of accounts", services, (scenario) => {
	scenario("input that is none", async (t) => {
		await t.member("alice");
		for (const path of ["/get-access-token", "/refresh-token"]) {
			for (const json of [
				{},
				{ accountId: 1 },
				{ accountId: "" },
				{ accountId: "x" },
				{ accountId: "x", userId: 1 },
				{ accountId: "x", foo: 1 },
				{ accountId: "x", useAccountCookie: true },
				{ useAccountCookie: true },
				{ useAccountCookie: false },
				{ useAccountCookie: "true" },
				{ useAccountCookie: true, foo: 1 },
				{ providerId: "github" },
				null,
				[],
			]) await t.post(path, { as: "alice", json });
		}
		for (const query of ["", "?accountId=", "?accountId=x", "?accountId=x&accountId=y", "?accountId=x&foo=1", "?useAccountCookie=true", "?accountId=x&userId=y"]) {
			await t.get(`/account-info${query}`, { as: "alice" });
		}
	});

	scenario("the password is no account at a service", async (t) => {
		await t.member("alice");
		const lists = await t.get("/list-accounts", { as: "alice" });
		const id = (side) => lists[side].json[0].id;
		await ask(t, "alice", id);
		await refresh(t, "alice", id);
		await info(t, "alice", id);
	});

	scenario("a service that is no longer there", async (t) => {
		const id = await newcomer(t, "alice", "github");
		t.sql(`update account set "providerId" = 'discord'`);
		await ask(t, "alice", id);
		await refresh(t, "alice", id);
		await info(t, "alice", id);
	});

	scenario("pages of other sites", async (t) => {
		const id = await newcomer(t, "alice", "github");
		const headers = { origin: "https://evil.example" };
		await t.post("/get-access-token", { as: "alice", json: select(id), headers });
		await t.post("/refresh-token", { as: "alice", json: select(id), headers });
	});

	scenario("the user API", async (t) => {
		const id = await newcomer(t, "alice", "github");
		for (const answer of [{ status: 401, json: {} }, { status: 500, json: {} }]) {
			t.service("userinfo", answer);
			await info(t, "alice", id);
		}
	});

	scenario("with a session cookie that is not fresh", async (t) => {
		const id = await newcomer(t, "alice", "github");
		t.ageSessions({ createdAt: -1_000_000 });
		await ask(t, "alice", id);
		await refresh(t, "alice", id);
		await info(t, "alice", id);
	});
});
