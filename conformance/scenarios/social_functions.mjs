// Options of services that are functions, and the hooks around what a sign-in with a service writes.
import { githubUser, socialProviders } from "../lib/people.mjs";
import { group } from "../lib/suite.mjs";

const urls = { callbackURL: "/in", errorCallbackURL: "/failed", newUserCallbackURL: "/welcome" };
const additionalFields = { country: { type: "string", required: false } };
const services = (names, more = {}) => ({
	services: true,
	options: { socialProviders: socialProviders(), user: { additionalFields }, ...more },
	callbacks: names.map((name) => `socialProviders.github.${name}`),
});

async function signIn(t, actor, person, more) {
	const { oracle } = await (await t.visit(actor, { provider: "github", ...urls, ...more })).back(person);
	await t.get("/get-session", { as: actor });
	return oracle.headers.get("location");
}

async function accountOf(t, actor) {
	const lists = await t.get("/list-accounts", { as: actor });
	return (side) => lists[side].json[0].id;
}

group("services with getUserInfo", services(["getUserInfo"]), (scenario) => {
	const told = (more) => ({ answers: { "github.example/me": { id: 7, nick: "Al", mail: "Al@example.com", checked: true, land: "Chile", ...more } } });

	scenario("the user is whom the program describes", async (t) => {
		await signIn(t, "alice", githubUser("alice", told()));
		await signIn(t, "alice", githubUser("alice", told({ nick: "Another" })));
		const id = await accountOf(t, "alice");
		await t.get((side) => `/account-info?accountId=${id(side)}`, { as: "alice" });
	});
	for (const [what, more] of Object.entries({ "no address": { mail: undefined }, "an address that is not verified": { checked: false }, "one that is in words": { checked: "true" }, "no id": { id: undefined }, "no name": { nick: undefined } })) {
		scenario(what, async (t) => {
			await signIn(t, "alice", githubUser("alice", told(more)));
		});
	}
	scenario("nobody", async (t) => {
		await signIn(t, "alice", githubUser("alice", { answers: { "github.example/me": 404 } }));
	});
});

group("services with refreshAccessToken", services(["refreshAccessToken"]), (scenario) => {
	scenario("the tokens are those of the program", async (t) => {
		await signIn(t, "alice", githubUser("alice", { tokens: { refresh_token: "refresh-1" } }));
		const id = await accountOf(t, "alice");
		await t.post("/refresh-token", { as: "alice", json: (side) => ({ accountId: id(side) }) });
		await t.post("/get-access-token", { as: "alice", json: (side) => ({ accountId: id(side) }) });
	});
	scenario("an access token that is due", async (t) => {
		await signIn(t, "alice", githubUser("alice", { tokens: { refresh_token: "refresh-1", expires_in: 1 } }));
		const id = await accountOf(t, "alice");
		await t.post("/get-access-token", { as: "alice", json: (side) => ({ accountId: id(side) }) });
		await t.post("/get-access-token", { as: "alice", json: (side) => ({ accountId: id(side) }) });
	});
	scenario("it fails", async (t) => {
		await signIn(t, "alice", githubUser("alice", { tokens: { refresh_token: "refresh-2", expires_in: 1 } }));
		const id = await accountOf(t, "alice");
		for (const path of ["/refresh-token", "/get-access-token"]) await t.post(path, { as: "alice", json: (side) => ({ accountId: id(side) }) });
	});
});

group("services with verifyIdToken", services(["verifyIdToken"]), (scenario) => {
	const send = (t, actor, idToken, path = "/sign-in/social") => t.post(path, { as: actor, json: { provider: "github", idToken } });

	scenario("a token that the program knows", async (t) => {
		const visit = await t.visit("alice", { provider: "github", ...urls });
		await visit.back(githubUser("alice"));
		const accessToken = "access-2";
		await t.post("/sign-out", { as: "alice" });
		await send(t, "alice", { token: "signed for n", nonce: "n", accessToken });
		await t.get("/list-accounts", { as: "alice" });
		await send(t, "alice", { token: "signed for n", nonce: "n", accessToken }, "/link-social");
		await send(t, "bob", { token: "signed for m", nonce: "n", accessToken });
		await send(t, "bob", { token: "signed for m", accessToken });
	});
});

const hooks = ["user.create", "account.create", "account.update", "session.create"].flatMap((write) => ["before", "after"].map((when) => `databaseHooks.${write}.${when}`));

// They may run at another time and see other members, since here all rows are written at once. What they can do is refuse.
group("services with database hooks", { services: true, options: { socialProviders: socialProviders() }, callbacks: hooks }, (scenario) => {
	for (const name of hooks) {
		scenario(`${name} refuses a new user`, async (t) => {
			t.refuse(name);
			await signIn(t, "alice", githubUser("alice"));
		});
		scenario(`${name} refuses one who comes back`, async (t) => {
			await signIn(t, "alice", githubUser("alice"));
			t.refuse(name);
			await signIn(t, "phone", githubUser("alice"));
		});
		scenario(`${name} refuses a link by the address`, async (t) => {
			await t.member("alice");
			t.sql('update user set "emailVerified" = 1');
			t.refuse(name);
			await signIn(t, "phone", githubUser("alice"));
		});
		scenario(`${name} refuses a link`, async (t) => {
			await t.member("alice");
			t.sql('update user set "emailVerified" = 1');
			t.refuse(name);
			const visit = await t.visit("alice", { provider: "github", ...urls }, { path: "/link-social" });
			await visit.back(githubUser("alice"));
		});
	}
});
