// GET and POST /callback/:id: users who come back from a service.
import { githubUser, googleUser, socialProviders } from "../lib/people.mjs";
import { group } from "../lib/suite.mjs";

const urls = { callbackURL: "/in", errorCallbackURL: "/failed?from=here", newUserCallbackURL: "/welcome" };
const people = { github: githubUser, google: googleUser };

group("callback", { services: true, options: { socialProviders: socialProviders() } }, (scenario) => {
	for (const [provider, person] of Object.entries(people)) {
		scenario(`${provider} signs a new user up, and in again`, async (t) => {
			await (await t.visit("alice", { provider, ...urls })).back(person("alice"));
			await t.get("/get-session", { as: "alice" });
			await t.get("/list-accounts", { as: "alice" });
			await (await t.visit("alice", { provider, ...urls })).back(person("alice"));
			await (await t.visit("phone", { provider, callbackURL: "http://localhost:3000/in" })).back(person("alice"));
			await t.get("/get-session", { as: "phone" });
		});

		scenario(`${provider}: without URLs of one's own`, async (t) => {
			await (await t.visit("alice", { provider })).back(person("alice"));
			await (await t.visit("alice", { provider })).refused({ error: "access_denied" });
		});

		scenario(`${provider} comes back with a form`, async (t) => {
			const visit = await t.visit("alice", { provider, ...urls });
			const { oracle, lockstep } = await visit.back(person("alice"), { form: true, as: undefined });
			const to = { oracle, lockstep };
			await t.get((side) => new URL(to[side].headers.get("location")).pathname + new URL(to[side].headers.get("location")).search, { as: "alice", absolute: true });
			await t.get("/get-session", { as: "alice" });
		});

		scenario(`${provider}: what it tells of a user`, async (t) => {
			const told = { userinfo: { name: null, avatar_url: null }, claims: { name: undefined, picture: undefined } };
			await (await t.visit("alice", { provider, ...urls })).back(person("alice", told));
			await t.get("/get-session", { as: "alice" });
			const capital = { id: 2, sub: "2", email: "BOB@Example.COM", verified: false, userinfo: { name: "" }, claims: { name: "" } };
			await (await t.visit("bob", { provider, ...urls })).back(person("bob", capital));
			await t.get("/get-session", { as: "bob" });
			const wide = { id: 3, sub: "3", userinfo: { name: "é 漢字 \u{1F600}" }, claims: { name: "é 漢字 \u{1F600}", email_verified: "true" } };
			await (await t.visit("carol", { provider, ...urls })).back(person("carol", wide));
			await t.get("/get-session", { as: "carol" });
		});

		scenario(`${provider}: a user without an address`, async (t) => {
			for (const email of [null, "", undefined]) {
				const none = { userinfo: { email }, claims: { email: email === null ? undefined : email }, emails: [] };
				await (await t.visit("alice", { provider, ...urls })).back(person("alice", none));
			}
		});

		scenario(`${provider}: changes at the service change nothing here`, async (t) => {
			await (await t.visit("alice", { provider, ...urls })).back(person("alice", { verified: false }));
			await (await t.visit("alice", { provider, ...urls })).back(person("alice", { email: "other@example.com", userinfo: { name: "Other" }, claims: { name: "Other" } }));
			await t.get("/get-session", { as: "alice" });
			await (await t.visit("alice", { provider, ...urls })).back(person("alice", { verified: true }));
			await t.get("/get-session", { as: "alice" });
		});

		scenario(`${provider}: tokens with little in them`, async (t) => {
			const tokens = { refresh_token: undefined, expires_in: undefined, scope: undefined, token_type: undefined };
			await (await t.visit("alice", { provider, ...urls })).back(person("alice", { tokens }));
			await t.get("/list-accounts", { as: "alice" });
			await (await t.visit("alice", { provider, ...urls })).back(person("alice"));
			await (await t.visit("alice", { provider, ...urls })).back(person("alice", { tokens }));
		});

		scenario(`${provider}: tokens with much in them`, async (t) => {
			const tokens = { refresh_token_expires_in: 86_400, expires_in: "7200", scope: "a,b c  d", extra: { a: [1] } };
			await (await t.visit("alice", { provider, ...urls })).back(person("alice", { tokens }));
			await (await t.visit("bob", { provider, ...urls })).back(person("bob", { id: 2, tokens: { scope: ["a", "b"], expires_in: 0 } }));
			await (await t.visit("carol", { provider, ...urls })).back(person("carol", { id: 3, tokens: { refresh_token: "" } }));
		});

		scenario(`${provider}: tokens with a lifetime that is none`, async (t) => {
			await (await t.visit("alice", { provider, ...urls })).back(person("alice", { tokens: { expires_in: "soon" } }));
			t.empty("session", "account", "user");
		});

		scenario(`${provider}: an id that is none`, async (t) => {
			for (const id of [undefined, null, "", " ", "undefined", "null"]) {
				const nobody = { userinfo: { id }, claims: { sub: id } };
				await (await t.visit("alice", { provider, ...urls })).back(person("alice", nobody));
			}
		});
	}

	scenario("GitHub: the primary address of those who hide it", async (t) => {
		const hidden = githubUser("alice", { userinfo: { email: null } });
		hidden.emails = [{ email: "old@example.com", primary: false, verified: true }, { email: "alice@example.com", primary: true, verified: true }];
		await (await t.visit("alice", { provider: "github", ...urls })).back(hidden);
		const none = { ...githubUser("bob", { id: 2, userinfo: { email: null } }), emails: [{ email: "bob@example.com", primary: false, verified: true }] };
		await (await t.visit("bob", { provider: "github", ...urls })).back(none);
		const other = { ...githubUser("carol", { id: 3 }), emails: [{ email: "else@example.com", primary: true, verified: true }] };
		await (await t.visit("carol", { provider: "github", ...urls })).back(other);
		await t.get("/get-session", { as: "carol" });
	});

	scenario("GitHub: addresses that cannot be read", async (t) => {
		for (const answer of [{ status: 403, json: { message: "no" } }, { json: [] }, { json: [{}] }]) {
			t.service("emails", answer);
			await (await t.visit("alice", { provider: "github", ...urls })).back(githubUser("alice"));
			await t.get("/get-session", { as: "alice" });
			t.empty("session", "account", "user");
		}
	});

	scenario("GitHub: addresses that are no list", async (t) => {
		for (const answer of [{ json: {} }, { body: "<html>" }]) {
			t.service("emails", answer);
			await (await t.visit("alice", { provider: "github", ...urls })).back(githubUser("alice"));
			t.empty("session", "account", "user");
		}
	});

	scenario("GitHub: one id of several kinds", async (t) => {
		for (const id of [12, "12", 9_007_199_254_740_991, "abc"]) await (await t.visit("alice", { provider: "github", ...urls })).back(githubUser(`a${id}`, { id }));
	});
});

group("callback with a broken service", { services: true, options: { socialProviders: socialProviders() } }, (scenario) => {
	const answers = {
		"refuses the code": { status: 400, json: { error: "invalid_grant", error_description: "no" } },
		"says so with 200": { json: { error: "bad_verification_code", error_description: "The code passed is incorrect or expired.", error_uri: "https://docs.example" } },
		"fails": { status: 500, json: { error: "server_error" } },
		"answers no JSON": { body: "access_token=access-1&token_type=bearer" },
		"answers JSON of another type": { json: [] },
		"answers null": { json: null },
		"answers nothing": { body: "" },
		"has no access token": { json: { token_type: "bearer" } },
		"has an access token that is none": { json: { access_token: 7 } },
		"redirects": { status: 302, json: {}, headers: { location: "https://evil.example/token" } },
		"redirects and repeats the body": { status: 307, json: {}, headers: { location: "https://evil.example/token" } },
	};
	for (const [provider, person] of Object.entries(people)) {
		for (const [title, answer] of Object.entries(answers)) {
			scenario(`${provider}: the token endpoint ${title}`, async (t) => {
				t.service("token", answer);
				await (await t.visit("alice", { provider, ...urls })).back(person("alice"));
			});
		}
	}

	const descriptions = {
		"fails": { status: 500, json: {} },
		"knows the token not": { status: 401, json: { message: "Bad credentials" } },
		"answers no JSON": { body: "<html>" },
		"answers null": { json: null },
		"answers a list": { json: [] },
		"redirects": { status: 302, json: {}, headers: { location: "https://evil.example/user" } },
	};
	for (const [title, answer] of Object.entries(descriptions)) {
		scenario(`GitHub: the user API ${title}`, async (t) => {
			t.service("userinfo", answer);
			await (await t.visit("alice", { provider: "github", ...urls })).back(githubUser("alice"));
		});
	}

	scenario("Google: id tokens that do not hold", async (t) => {
		for (const claims of [{ aud: "another-client" }, { iss: "https://evil.example" }, { exp: 1 }, { sub: undefined }]) {
			await (await t.visit("alice", { provider: "google", ...urls })).back(googleUser("alice", { claims }));
		}
		for (const token of ["x.y.z", "", "eyJhbGciOiJub25lIn0.e30."]) {
			await (await t.visit("alice", { provider: "google", ...urls })).back({ idToken: token });
		}
		await (await t.visit("alice", { provider: "google", ...urls })).back({});
		t.empty("session", "account", "user");
	});
});

group("callback that belongs to no sign-in", { services: true, options: { socialProviders: socialProviders() } }, (scenario) => {
	const begin = (t, more = {}) => t.visit("alice", { provider: "github", ...urls, ...more });

	scenario("without a state, or with one that nobody made", async (t) => {
		for (const query of ["", "?code=code-1", "?state=", "?code=code-1&state=", `?code=code-1&state=${"x".repeat(32)}`, "?state=x", "?error=access_denied", "?error=access_denied&state=x"]) {
			await t.get(`/callback/github${query}`, { as: "alice" });
		}
	});

	scenario("with a state that was changed", async (t) => {
		const visit = await begin(t);
		await visit.back(githubUser("alice"), { change: ({ code, state }) => ({ code, state: state.slice(0, -1) }) });
		await visit.back(githubUser("alice"), { change: ({ code, state }) => ({ code, state: `${state}x` }) });
		await visit.back(githubUser("alice"));
	});

	scenario("in another browser", async (t) => {
		const visit = await begin(t);
		await visit.back(githubUser("alice"), { as: "eve" });
		await visit.back(githubUser("alice"), { as: undefined });
	});

	scenario("with the state of another sign-in of the browser", async (t) => {
		const first = await begin(t);
		const second = await begin(t);
		await first.back(githubUser("alice"));
		await second.back(githubUser("alice"));
	});

	scenario("with a state cookie that was forged", async (t) => {
		const visit = await begin(t);
		t.changeCookie("alice", "better-auth.state", (raw) => raw.slice(0, 40));
		await visit.back(githubUser("alice"));
	});

	scenario("twice", async (t) => {
		const visit = await begin(t);
		await visit.back(githubUser("alice"));
		await visit.back(githubUser("alice"));
		await t.get("/get-session", { as: "alice" });
	});

	scenario("too late", async (t) => {
		const visit = await begin(t);
		const past = new Date(Date.now() - 1_000);
		t.sql(`update verification set "expiresAt" = ?, value = json_set(value, '$.expiresAt', ?)`, () => [past.toISOString(), past.getTime()]);
		await visit.back(githubUser("alice"));
	});

	scenario("too late by what the state says", async (t) => {
		const visit = await begin(t);
		t.sql(`update verification set value = json_set(value, '$.expiresAt', ?)`, () => [Date.now() - 1_000]);
		await visit.back(githubUser("alice"));
	});

	scenario("the service refuses", async (t) => {
		await (await begin(t)).refused({ error: "access_denied", error_description: "The user has denied your application access & more." });
		await (await begin(t)).refused({ error: "é <b>", error_description: "é <b>" });
		await (await begin(t)).refused({ error: "server_error", code: "code-1" });
		await (await begin(t, { errorCallbackURL: undefined })).refused({ error: "access_denied", error_description: "no" });
		await (await begin(t, { errorCallbackURL: "http://localhost:3000/failed#part" })).refused({ error: "access_denied", error_description: "no" });
	});

	scenario("the service refuses, and then agrees", async (t) => {
		const visit = await begin(t);
		await visit.refused({ error: "access_denied" });
		await visit.back(githubUser("alice"));
	});

	scenario("without a code", async (t) => {
		await (await begin(t)).refused({});
		await (await begin(t)).refused({ code: "" });
	});

	scenario("with a code that nobody made", async (t) => {
		await (await begin(t)).refused({ code: "x" });
	});

	scenario("of a service that is not there", async (t) => {
		for (const id of ["discord", "nothing", "%20", "__proto__"]) {
			await (await begin(t)).back(githubUser("alice"), { path: `/api/auth/callback/${id}` });
			await t.get(`/callback/${id}?code=x`);
		}
	});

	scenario("of another service", async (t) => {
		await (await begin(t)).back(githubUser("alice"), { path: "/api/auth/callback/google" });
	});

	scenario("parameters that come twice, or that nobody knows", async (t) => {
		const visit = await begin(t);
		await t.get((side) => `/callback/github?code=a&code=b&state=${visit.state(side)}`, { as: "alice" });
		await t.get((side) => `/callback/github?state=${visit.state(side)}&state=${visit.state(side)}&code=a`, { as: "alice" });
		await visit.back(githubUser("alice"), { change: (query) => ({ ...query, scope: "a b", authuser: "0", foo: "bar" }) });
	});

	scenario("forms", async (t) => {
		const post = (body, path = "/callback/github") => t.post(path, { body, headers: { "content-type": "application/x-www-form-urlencoded", origin: "https://github.com" } });
		await post("code=a&state=b");
		await post("code=a&state=b", "/callback/github?code=c&iss=d");
		await post("state=b&code=a&user=%7B%22a%22%3A1%7D&error=&foo=1&iss=x&device_id=d&error_description=e+f%20g");
		await post("");
		await post("code=a&code=b&state=c");
		await post("code=a&state=b", "/callback/nothing");
		await post("code=%C3%A9+%26~*'()");
		await t.post("/callback/github", { json: { code: "a", state: "b" } });
		await t.post("/callback/github", { json: { code: 1 } });
		await t.post("/callback/github", { body: "code=a", headers: { "content-type": "text/plain" } });
		await t.send("PUT", "/callback/github");
	});
});

for (const errorURL of ["https://app.example/oops?a=b", "/oops"]) {
	group(`callback with ${errorURL}`, { services: true, options: { onAPIError: { errorURL }, socialProviders: socialProviders() } }, (scenario) => {
		scenario("errors lead there", async (t) => {
			await t.get("/callback/github?code=x");
			await t.get("/callback/github?code=x&state=y");
			await (await t.visit("alice", { provider: "github" })).refused({ error: "access_denied", error_description: "no" });
			await (await t.visit("alice", { provider: "github", errorCallbackURL: "/mine" })).refused({ error: "access_denied" });
			await (await t.visit("alice", { provider: "github" })).refused({});
		});
	});
}
