// The plugin generic-oauth: services by configuration, with discovery or without.
import { idToken, strangersKey } from "../lib/idp.mjs";
import { genericProvider, oidcUser, socialProviders } from "../lib/people.mjs";
import { group } from "../lib/suite.mjs";

const urls = { callbackURL: "/in", errorCallbackURL: "/failed", newUserCallbackURL: "/welcome" };
const discoveryUrl = (host) => `https://${host}/.well-known/openid-configuration`;
const endpoints = (host) => ({ authorizationUrl: `https://${host}/authorize`, tokenUrl: `https://${host}/token`, userInfoUrl: `https://${host}/userinfo` });
const oidc = genericProvider("oidc", { discoveryUrl: discoveryUrl("id.example.com") });
const plain = genericProvider("plain", endpoints("oauth.example.com"));

const begin = (t, provider, more = {}, actor = "alice") => t.visit(actor, { provider, ...urls, ...more });

// Signs in with a service and looks at what came of it.
async function signIn(t, provider, person, more = {}, given = {}) {
	await (await begin(t, provider, more)).back(person, given);
	await t.get("/get-session", { as: "alice" });
}

for (const provider of ["oidc", "plain"]) {
	group(`generic ${provider}`, { services: [oidc, plain] }, (scenario) => {
		scenario("redirects", async (t) => {
			await begin(t, provider, { scopes: ["x", "openid"], loginHint: "alice@example.com", requestSignUp: true });
			await begin(t, provider, { scopes: [], disableRedirect: true, additionalParams: { a: "b c", prompt: "login" } });
		});

		scenario("signs up and in", async (t) => {
			await signIn(t, provider, oidcUser("alice"));
			await t.get("/list-accounts", { as: "alice" });
			await signIn(t, provider, oidcUser("alice"));
			await (await begin(t, provider, {}, "phone")).back(oidcUser("alice"));
		});

		scenario("signs up without an id token", async (t) => {
			const { userinfo } = oidcUser("alice");
			await signIn(t, provider, { userinfo });
			await t.get("/list-accounts", { as: "alice" });
		});

		scenario("what the user API says beside a short id token", async (t) => {
			const { userinfo } = oidcUser("alice");
			await signIn(t, provider, { userinfo, idToken: { sub: userinfo.sub } });
		});

		scenario("a user API that describes somebody else", async (t) => {
			const { userinfo } = oidcUser("alice");
			await (await begin(t, provider)).back({ userinfo: { ...userinfo, sub: "another", id: "another" }, idToken: { sub: userinfo.sub } });
			t.empty("session", "account", "user");
		});

		scenario("what the user API does not say", async (t) => {
			const { userinfo } = oidcUser("alice");
			await signIn(t, provider, { userinfo: { ...userinfo, email: undefined } });
			await signIn(t, provider, { userinfo: { ...userinfo, sub: undefined, id: undefined } });
			await signIn(t, provider, { userinfo: { ...userinfo, name: undefined, picture: undefined, email_verified: undefined } });
		});

		scenario("verified in words", async (t) => {
			await signIn(t, provider, oidcUser("alice", { verified: "true" }));
			await signIn(t, provider, oidcUser("bob", { verified: "false" }));
		});

		scenario("ids that are numbers", async (t) => {
			const { userinfo } = oidcUser("alice");
			await signIn(t, provider, { userinfo: { ...userinfo, id: 42, sub: undefined } });
			await signIn(t, provider, { userinfo: { ...userinfo, id: "42", sub: "43" } });
		});

		scenario("the token endpoint fails", async (t) => {
			for (const answer of [{ status: 400, json: { error: "invalid_grant" } }, { status: 500, json: {} }]) {
				t.service("token", answer);
				await (await begin(t, provider)).back(oidcUser("alice"));
			}
		});

		scenario("the user API fails", async (t) => {
			t.service("userinfo", { status: 500, json: {} });
			await (await begin(t, provider)).back({ userinfo: oidcUser("alice").userinfo });
		});

		scenario("links", async (t) => {
			await t.member("alice");
			await (await t.visit("alice", { provider, ...urls }, { path: "/link-social" })).back(oidcUser("alice"));
			await t.get("/list-accounts", { as: "alice" });
			await (await t.visit("alice", { provider, ...urls }, { path: "/link-social" })).back(oidcUser("bob"));
		});

		scenario("tokens", async (t) => {
			await signIn(t, provider, oidcUser("alice"));
			const lists = await t.get("/list-accounts", { as: "alice" });
			const json = (side) => ({ accountId: lists[side].json[0].id });
			await t.post("/get-access-token", { as: "alice", json });
			await t.post("/refresh-token", { as: "alice", json });
			t.sql('update account set "accessTokenExpiresAt" = ?', () => [new Date(0).toISOString()]);
			await t.post("/get-access-token", { as: "alice", json });
			await t.get((side) => `/account-info?accountId=${json(side).accountId}`, { as: "alice" });
		});

		scenario("signs out", async (t) => {
			await signIn(t, provider, oidcUser("alice"));
			await t.post("/sign-out", { as: "alice", json: { callbackURL: "/bye", state: "s" } });
			await signIn(t, provider, oidcUser("alice"));
			await t.post("/sign-out", { as: "alice" });
		});

		scenario("id tokens of clients", async (t) => {
			const send = (token, nonce) => t.post("/sign-in/social", { as: "alice", json: { provider, idToken: { token, ...(nonce && { nonce }) } } });
			const claims = { iss: "https://id.example.com", aud: "the-client", ...oidcUser("alice").idToken };
			await send(idToken(claims));
			await send(idToken({ ...claims, nonce: "n" }), "n");
			await send(idToken({ ...claims, nonce: "n" }), "m");
			await send(idToken({ ...claims, iss: "https://evil.example" }));
			await send(idToken(claims, { key: strangersKey() }));
			await t.get("/get-session", { as: "alice" });
		});
	});
}

group("generic oidc that does not hold", { services: [oidc] }, (scenario) => {
	const { userinfo, idToken: claims } = oidcUser("alice");
	for (const [title, idToken] of Object.entries({
		"another nonce": { ...claims, nonce: "another" },
		"no nonce": { ...claims, nonce: undefined },
		"another audience": { ...claims, aud: "another-client" },
		"another issuer": { ...claims, iss: "https://evil.example" },
		"too old": { ...claims, iat: 1, exp: 2 },
		"no subject": { ...claims, sub: undefined },
		"no token": "x",
	})) {
		scenario(title, async (t) => {
			await (await begin(t, "oidc")).back({ userinfo, idToken });
		});
	}

	scenario("iss of the callback", async (t) => {
		for (const iss of ["https://id.example.com", "https://evil.example", "https://id.example.com/"]) await (await begin(t, "oidc")).back(oidcUser("alice", { iss }));
	});
});

const variants = {
	basic: genericProvider("basic", { ...endpoints("oauth.example.com"), authentication: "basic", pkce: false, clientId: "a client/é", clientSecret: "s:e c/r%et" }),
	public: { ...genericProvider("public", endpoints("oauth.example.com")), clientSecret: undefined },
	tuned: genericProvider("tuned", {
		...endpoints("oauth.example.com"),
		scopes: ["a", "b"],
		prompt: "consent",
		accessType: "offline",
		responseMode: "query",
		authorizationUrlParams: { audience: "https://api.example", foo: "x y" },
		tokenUrlParams: { resource: "https://api.example" },
		authorizationHeaders: { "X-Extra": "yes" },
		accessTokenExpiresIn: 60,
	}),
	nonceless: { ...oidc, providerId: "nonceless", disableIdTokenNonceBinding: true, scopes: ["email", "openid"] },
	query: genericProvider("query", { ...endpoints("oauth.example.com"), authorizationUrl: "https://oauth.example.com/authorize?tenant=a%20b&scope=x" }),
	discovered: genericProvider("discovered", { discoveryUrl: discoveryUrl("plain.example.com"), userInfoUrl: "https://oauth.example.com/me" }),
};
group("generic variants", { services: Object.values(variants) }, (scenario) => {
	for (const provider of Object.keys(variants)) {
		scenario(provider, async (t) => {
			await signIn(t, provider, oidcUser("alice", { tokens: { expires_in: undefined, id_token: undefined } }), { scopes: ["b", "c"] });
			await t.get("/list-accounts", { as: "alice" });
			const lists = await t.get("/list-accounts", { as: "alice" });
			await t.post("/refresh-token", { as: "alice", json: (side) => ({ accountId: lists[side].json[0]?.id ?? "none" }) });
		});
	}
});

const tenantId = "11111111-2222-3333-4444-555555555555";
const oid = "00000000-0000-0000-66f3-3332eca7ea81";
const readyMade = {
	auth0: { id: "auth0", options: { domain: "tenant.auth0.example" }, users: [oidcUser("alice")] },
	keycloak: { id: "keycloak", options: { issuer: "https://id.example.com/realms/main/" }, users: [oidcUser("alice")] },
	okta: { id: "okta", options: { issuer: "https://dev-1.okta.example/oauth2/default", scopes: ["openid", "email"], pkce: false }, users: [oidcUser("alice")] },
	gumroad: {
		id: "gumroad",
		users: [{ userinfo: { success: true, user: { user_id: "g-1", name: "Alice", email: "alice@example.com", profile_url: "https://img.example/a.png" } } }, { userinfo: { success: false } }],
	},
	hubspot: {
		id: "hubspot",
		users: [{ userinfo: { user: "alice@example.com", user_id: 7, hub_id: 9 } }, { userinfo: { user: "alice@example.com", signed_access_token: { userId: 8 } } }, { userinfo: { user: "alice@example.com" } }],
	},
	line: { id: "line", users: [oidcUser("alice"), { userinfo: { sub: "l-1", name: "Alice", picture: "https://img.example/a.png" } }, { userinfo: oidcUser("alice").userinfo }] },
	microsoftEntraId: {
		id: "microsoft-entra-id",
		options: { tenantId },
		users: [
			oidcUser("alice", { claims: { oid } }),
			{ idToken: { sub: "s", oid, given_name: "Alice", family_name: "Example" }, userinfo: { sub: "s", email: "alice@example.com", picture: "https://img.example/a.png" } },
			{ idToken: { sub: "s", oid }, userinfo: { sub: "another", email: "eve@example.com" } },
			oidcUser("alice"),
		],
	},
	patreon: {
		id: "patreon",
		users: [{ userinfo: { data: { id: "p-1", attributes: { full_name: "Alice", email: "alice@example.com", image_url: "https://img.example/a.png", is_email_verified: true } } } }],
	},
	slack: { id: "slack", users: [oidcUser("alice"), { userinfo: { sub: "U1", email: "alice@example.com", "https://slack.com/user_image_512": "https://img.example/512.png" } }] },
	yandex: {
		id: "yandex",
		users: [
			{ userinfo: { id: "1", login: "alice", display_name: "Alice", default_email: "alice@example.com", default_avatar_id: "0/0-0", is_avatar_empty: false } },
			{ userinfo: { id: "1", login: "alice", emails: ["alice@example.com"], default_avatar_id: "0/0-0", is_avatar_empty: true } },
			{ userinfo: { id: "1", login: "alice" } },
		],
	},
};
const presets = Object.entries(readyMade).map(([preset, { id, options }]) => genericProvider(id, { providerId: undefined, preset, ...options }));
group("generic presets", { services: presets }, (scenario) => {
	for (const { id, users } of Object.values(readyMade)) {
		for (const [i, user] of users.entries()) {
			scenario(`${id}: user ${i + 1}`, async (t) => {
				const { oracle } = await (await begin(t, id, { scopes: ["more"] })).back(user);
				await t.get("/get-session", { as: "alice" });
				if (oracle.headers.get("location") !== "/welcome") return;
				const lists = await t.get("/list-accounts", { as: "alice" });
				const account = (side) => lists[side].json[0].id;
				await t.get((side) => `/account-info?accountId=${account(side)}`, { as: "alice" });
				await t.post("/refresh-token", { as: "alice", json: (side) => ({ accountId: account(side) }) });
			});
		}
	}
});

const rules = [
	genericProvider("closed", { ...endpoints("oauth.example.com"), disableSignUp: true }),
	genericProvider("asked", { ...endpoints("oauth.example.com"), disableImplicitSignUp: true }),
	genericProvider("strict", { ...endpoints("oauth.example.com"), requireEmailVerification: true, overrideUserInfo: true }),
	genericProvider("started", { ...endpoints("oauth.example.com"), allowIdpInitiated: true }),
	{ ...oidc, providerId: "started-oidc", allowIdpInitiated: true },
];
group("generic rules", { services: rules }, (scenario) => {
	scenario("sign-up", async (t) => {
		await signIn(t, "closed", oidcUser("alice"));
		await signIn(t, "closed", oidcUser("alice"), { requestSignUp: true });
		await signIn(t, "asked", oidcUser("alice"));
		await signIn(t, "asked", oidcUser("alice"), { requestSignUp: true });
	});

	scenario("verified and overriding", async (t) => {
		await signIn(t, "strict", oidcUser("alice", { verified: false }));
		await signIn(t, "strict", oidcUser("bob"));
		await signIn(t, "strict", oidcUser("bob", { claims: { name: "Robert" } }));
	});

	scenario("started by the service", async (t) => {
		for (const provider of ["started", "started-oidc"]) {
			await t.get(`/callback/${provider}?code=x`, { as: "alice" });
			await t.get(`/callback/${provider}?code=x&state=`, { as: "alice" });
			await t.get(`/callback/${provider}`, { as: "alice" });
			await t.get(`/callback/${provider}?error=access_denied`, { as: "alice" });
		}
		await t.get("/callback/closed?code=x");
	});
});

group("generic discovery", { services: [genericProvider("down", { discoveryUrl: discoveryUrl("down.example.com") }), genericProvider("iss", { discoveryUrl: discoveryUrl("iss.example.com") })] }, (scenario) => {
	scenario("that fails", async (t) => {
		await t.post("/sign-in/social", { json: { provider: "down" } });
		await t.get("/callback/down?code=x&state=y");
	});

	scenario("that promises iss", async (t) => {
		await signIn(t, "iss", oidcUser("alice", { iss: "https://iss.example.com" }));
		await (await begin(t, "iss")).back(oidcUser("alice", { iss: "https://evil.example" }));
	});

	scenario("that promises iss, which does not come", async (t) => {
		await (await begin(t, "iss")).back(oidcUser("alice"));
		t.empty("session", "account", "user");
	});
});

group("generic beside built in", { services: [genericProvider("github", endpoints("oauth.example.com"))], options: { socialProviders: socialProviders() } }, (scenario) => {
	scenario("takes the place of one with its id", async (t) => {
		await signIn(t, "github", oidcUser("alice"));
		await begin(t, "google");
	});

	scenario("has no endpoints of its own", async (t) => {
		await t.post("/sign-in/oauth2", { json: { providerId: "github" } });
		await t.get("/oauth2/callback/github?code=x&state=y");
		await t.post("/oauth2/link", { json: { providerId: "github" } });
	});
});

group("stateless with generic services", { services: [oidc, plain], stateless: true }, (scenario) => {
	for (const provider of ["oidc", "plain"]) {
		scenario(`${provider} lives in its cookies`, async (t) => {
			await signIn(t, provider, oidcUser(provider, { sub: provider }));
			await t.post("/get-access-token", { as: "alice", json: { useAccountCookie: true } });
			await t.post("/refresh-token", { as: "alice", json: { useAccountCookie: true } });
		});
	}
});
