// Records what the providers of Better Auth do, for social_test.go. Run it where
// better-auth 1.7.25 is installed:
//
//	node …/social/testdata/record.mjs > …/social/testdata/recorded.json
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(process.cwd() + "/");
const { socialProviders } = await import(pathToFileURL(require.resolve("@better-auth/core/social-providers")));

const now = 1760000000; // the test's clock
const id = "client-1", secret = "s3cret+/ü~*";
const basic = { clientId: id, clientSecret: secret };

const request = {
	state: "st-_0123456789012345678901234567",
	codeVerifier: "v".repeat(128),
	redirectURI: "https://app.test/api/auth/callback/x",
};
const full = {
	...request,
	scopes: ["extra one", "two"],
	loginHint: "jo+e@example.com",
	additionalParams: { foo: "b a~r*'()!", state: "evil", prompt: "login", hd: "request.example", lang: "en", client_key: "evil", appid: "evil" },
};

// claims of an id token for client-1.
const claims = (iss, more) => ({ iss, sub: "sub-1", aud: id, exp: now + 600, iat: now, ...more });
const person = { name: "Ann Example", email: "ann@example.com", picture: "https://img.test/a.png" };

const token = { access_token: "at-1", refresh_token: "rt-1", token_type: "Bearer", expires_in: 3600, scope: "a b" };
const withID = { ...token, id_token: "<id token>" };

// Per provider: options beside basic, the token response, and samples of what its
// APIs answer, by URL. A sample can have an error in place of a user.
const table = {
	apple: {
		idToken: (more) => claims("https://appleid.apple.com", more),
		token: withID,
		samples: [
			{ claims: { email: "a@example.com", email_verified: "true" }, user: { name: { firstName: "Ann", lastName: "Example" } } },
			{ claims: { email: "a@example.com", email_verified: true, name: "Claimed" } },
			{ claims: { email: "a@example.com", email_verified: "false" } },
			{ claims: { is_private_email: true } },
		],
	},
	atlassian: {
		samples: [{ "https://api.atlassian.com/me": { account_id: "acc-1", name: "Ann", email: "a@example.com", picture: "https://img.test/a.png", email_verified: true } }],
	},
	cloudflare: {
		samples: [
			{ "https://api.cloudflare.com/client/v4/user": { success: true, errors: [], result: { id: "cf-1", first_name: "Ann", last_name: "Example", email: "a@example.com" } } },
			{ "https://api.cloudflare.com/client/v4/user": { success: true, result: { id: "cf-1", first_name: null, last_name: null, email: "a@example.com" } } },
			{ "https://api.cloudflare.com/client/v4/user": { success: false, errors: [{ code: 1 }], result: null } },
		],
		variants: [{ clientSecret: undefined }, { tokenEndpointAuthMethod: "client_secret_post" }, { scope: ["user-details.read", "x"] }],
	},
	cognito: {
		options: { domain: "https://pool.auth.eu-west-1.amazoncognito.com", region: "eu-west-1", userPoolId: "eu-west-1_abc" },
		idToken: (more) => claims("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc", more),
		token: withID,
		samples: [
			{ claims: { ...person, email_verified: true } },
			{ claims: { email: "a@example.com", given_name: "Ann", email_verified: false } },
			{ noIDToken: true, "https://pool.auth.eu-west-1.amazoncognito.com/oauth2/userinfo": { sub: "sub-1", username: "ann", email: "a@example.com", email_verified: "true" } },
		],
		variants: [{ identityProvider: "Google", scope: ["a b"] }],
	},
	discord: {
		samples: [
			{ "https://discord.com/api/users/@me": { id: "80351110224678912", username: "ann", discriminator: "0", global_name: "Ann", avatar: null, verified: true, email: "a@example.com" } },
			{ "https://discord.com/api/users/@me": { id: "80351110224678912", username: "ann", discriminator: "1337", global_name: null, avatar: null, verified: false, email: "a@example.com" } },
			{ "https://discord.com/api/users/@me": { id: "80351110224678912", username: "ann", discriminator: "0", avatar: "a_8342729096ea3675442027381ff50dfe", verified: true, email: "a@example.com" } },
			{ "https://discord.com/api/users/@me": { id: "80351110224678912", username: "ann", discriminator: "0", avatar: "8342729096ea3675442027381ff50dfe", verified: true, email: null } },
		],
		variants: [{ permissions: 8, scope: ["bot"] }, { permissions: 0, scope: ["bot"] }, { permissions: 8 }, { prompt: "consent" }],
	},
	dropbox: {
		samples: [
			{ "https://api.dropboxapi.com/2/users/get_current_account": { account_id: "dbid:1", name: { display_name: "Ann Example" }, email: "a@example.com", email_verified: true, profile_photo_url: "https://img.test/a.png" } },
			{ "https://api.dropboxapi.com/2/users/get_current_account": { account_id: "dbid:1", name: { display_name: "Ann Example" }, email: "a@example.com", email_verified: false } },
		],
		variants: [{ accessType: "offline" }],
	},
	facebook: {
		samples: [
			{
				"https://graph.facebook.com/debug_token": { data: { is_valid: true, app_id: id, user_id: "fb-1" } },
				"https://graph.facebook.com/me": { id: "fb-1", name: "Ann", email: "a@example.com", picture: { data: { url: "https://img.test/a.png" } } },
			},
			{
				"https://graph.facebook.com/debug_token": { data: { is_valid: true, app_id: id, user_id: "fb-1" } },
				"https://graph.facebook.com/me": { id: "fb-1", name: "Ann", email: "a@example.com", email_verified: true, picture: { data: { url: "https://img.test/a.png" } } },
			},
			{
				"https://graph.facebook.com/debug_token": { data: { is_valid: true, app_id: "other", user_id: "fb-1" } },
				"https://graph.facebook.com/me": { id: "fb-1", name: "Ann", picture: { data: { url: "" } } },
			},
			{
				"https://graph.facebook.com/debug_token": { data: { is_valid: true, app_id: id, user_id: "fb-2" } },
				"https://graph.facebook.com/me": { id: "fb-1", name: "Ann", picture: { data: { url: "" } } },
			},
			{
				"https://graph.facebook.com/debug_token": { data: { is_valid: false, app_id: id, user_id: "fb-1" } },
				"https://graph.facebook.com/me": { id: "fb-1", name: "Ann", picture: { data: { url: "" } } },
			},
		],
		variants: [{ configId: "cfg", fields: ["birthday"] }],
	},
	figma: { samples: [{ "https://api.figma.com/v1/me": { id: "f-1", handle: "Ann", email: "a@example.com", img_url: "https://img.test/a.png" } }] },
	github: {
		samples: [
			{
				"https://api.github.com/user": { login: "ann", id: 583231, avatar_url: "https://img.test/a.png", name: "Ann", email: null },
				"https://api.github.com/user/emails": [
					{ email: "old@example.com", primary: false, verified: true },
					{ email: "ann@example.com", primary: true, verified: true },
				],
			},
			{
				"https://api.github.com/user": { login: "ann", id: 583231, avatar_url: "https://img.test/a.png", name: null, email: "public@example.com" },
				"https://api.github.com/user/emails": [
					{ email: "public@example.com", primary: false, verified: false },
					{ email: "ann@example.com", primary: true, verified: true },
				],
			},
			{
				"https://api.github.com/user": { login: "ann", id: 583231, name: "Ann", email: null },
				"https://api.github.com/user/emails": [{ email: "only@example.com", primary: false, verified: true }],
			},
			{ "https://api.github.com/user": { login: "ann", id: 583231, name: "Ann", email: "a@example.com" }, "https://api.github.com/user/emails": 404 },
			{ "https://api.github.com/user": 401, "https://api.github.com/user/emails": 401 },
		],
		variants: [{ prompt: "select_account" }, { authorizationEndpoint: "https://ghe.test/login/oauth/authorize?keep=a%20b&state=old&x" }, { disableDefaultScope: true, scope: ["only"] }, { disableDefaultScope: true }, { redirectURI: "https://other.test/cb" }],
	},
	gitlab: {
		samples: [
			{ "https://gitlab.com/api/v4/user": { id: 42, username: "ann", name: "Ann", email: "a@example.com", avatar_url: "https://img.test/a.png", state: "active", locked: false } },
			{ "https://gitlab.com/api/v4/user": { id: 42, username: "ann", name: "Ann", email: "a@example.com", state: "active", email_verified: true } },
			{ "https://gitlab.com/api/v4/user": { id: 42, username: "ann", name: "Ann", email: "a@example.com", state: "blocked" } },
			{ "https://gitlab.com/api/v4/user": { id: 42, username: "ann", name: "Ann", email: "a@example.com", state: "active", locked: true } },
		],
		variants: [{ issuer: "https://git.test/sub/" }],
	},
	google: {
		idToken: (more) => claims("https://accounts.google.com", more),
		token: withID,
		samples: [
			{ claims: { ...person, email_verified: true, hd: "example.com" } },
			{ claims: { ...person, email_verified: false } },
		],
		variants: [
			{ prompt: "consent", accessType: "offline", display: "popup", hd: "example.com" },
			{ includeGrantedScopes: false },
			{ clientId: [id, "ios"], redirectURI: "https://other.test/cb" },
		],
	},
	huggingface: {
		samples: [
			{ "https://huggingface.co/oauth/userinfo": { sub: "hf-1", name: "Ann", preferred_username: "ann", email: "a@example.com", email_verified: true, picture: "https://img.test/a.png" } },
			{ "https://huggingface.co/oauth/userinfo": { sub: "hf-1", preferred_username: "ann" } },
		],
	},
	kakao: {
		samples: [
			{ "https://kapi.kakao.com/v2/user/me": { id: 123456789, kakao_account: { email: "a@example.com", is_email_valid: true, is_email_verified: true, profile: { nickname: "Ann", profile_image_url: "https://img.test/a.png", thumbnail_image_url: "https://img.test/t.png" } } } },
			{ "https://kapi.kakao.com/v2/user/me": { id: 123456789, kakao_account: { name: "Ann", email: "a@example.com", is_email_valid: false, is_email_verified: true, profile: { thumbnail_image_url: "https://img.test/t.png" } } } },
			{ "https://kapi.kakao.com/v2/user/me": { id: 123456789 } },
		],
	},
	kick: { samples: [{ "https://api.kick.com/public/v1/users": { data: [{ user_id: 7, name: "Ann", email: "a@example.com", profile_picture: "https://img.test/a.png" }], message: "OK" } }] },
	line: {
		idToken: (more) => claims("https://access.line.me", more),
		token: withID,
		samples: [
			{ claims: person },
			{ noIDToken: true, "https://api.line.me/oauth2/v2.1/userinfo": { sub: "sub-1", name: "Ann", picture: "https://img.test/a.png" } },
		],
	},
	linear: {
		samples: [
			{ "https://api.linear.app/graphql": { data: { viewer: { id: "lin-1", name: "Ann", email: "a@example.com", avatarUrl: "https://img.test/a.png", active: true } } } },
			{ "https://api.linear.app/graphql": { errors: [{ message: "no" }] } },
		],
	},
	linkedin: { samples: [{ "https://api.linkedin.com/v2/userinfo": { sub: "li-1", ...person, email_verified: true } }, { "https://api.linkedin.com/v2/userinfo": { sub: "li-1", ...person } }] },
	microsoft: {
		options: { tenantId: "11111111-2222-3333-4444-555555555555" },
		idToken: (more) => claims("https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0", { oid: "oid-1", tid: "11111111-2222-3333-4444-555555555555", ...more }),
		token: withID,
		samples: [
			{ claims: { name: "Ann", email: "a@example.com", email_verified: true }, "https://graph.microsoft.com/v1.0/me/photos/48x48/$value": "JPEG" },
			{ claims: { name: "Ann", email: "a@example.com" }, "https://graph.microsoft.com/v1.0/me/photos/48x48/$value": 404 },
			{ claims: { name: "Ann", email: "a@example.com", verified_primary_email: ["a@example.com"] }, "https://graph.microsoft.com/v1.0/me/photos/48x48/$value": 404 },
			{ claims: { name: "Ann", email: "a@example.com", verified_primary_email: ["b@example.com"], verified_secondary_email: ["a@example.com"] }, "https://graph.microsoft.com/v1.0/me/photos/48x48/$value": 404 },
			{ claims: { name: "Ann", email: "a@example.com", email_verified: false, verified_primary_email: ["a@example.com"] }, "https://graph.microsoft.com/v1.0/me/photos/48x48/$value": 404 },
			{ claims: { name: "Ann", email: "a@example.com", oid: "" } },
		],
		variants: [{ tenantId: undefined }, { authority: "https://corp.ciamlogin.com//", prompt: "login" }, { scope: ["Mail.Read"] }, { clientSecret: undefined }],
	},
	naver: {
		samples: [
			{ "https://openapi.naver.com/v1/nid/me": { resultcode: "00", message: "success", response: { id: "nv-1", name: "Ann", email: "a@example.com", profile_image: "https://img.test/a.png" } } },
			{ "https://openapi.naver.com/v1/nid/me": { resultcode: "00", response: { id: "nv-1", nickname: "ann" } } },
			{ "https://openapi.naver.com/v1/nid/me": { resultcode: "024", message: "failed", response: { id: "nv-1" } } },
		],
	},
	notion: {
		samples: [
			{ "https://api.notion.com/v1/users/me": { object: "user", bot: { owner: { type: "user", user: { id: "no-1", name: "Ann", avatar_url: "https://img.test/a.png", person: { email: "a@example.com" } } } } } },
			{ "https://api.notion.com/v1/users/me": { object: "user", bot: { owner: { type: "workspace" } } } },
		],
	},
	paybin: {
		idToken: (more) => claims("https://idp.paybin.io", more),
		token: withID,
		samples: [{ claims: { ...person, email_verified: true } }, { claims: { preferred_username: "ann", email: "a@example.com" } }],
		variants: [{ issuer: "https://id.test", prompt: "login" }],
	},
	paypal: {
		samples: [
			{ "https://api-m.sandbox.paypal.com/v1/identity/oauth2/userinfo": { user_id: "pp-1", sub: "pp-1", ...person, email_verified: true } },
			{ "https://api-m.sandbox.paypal.com/v1/identity/oauth2/userinfo": { user_id: "pp-1", ...person, email_verified: false } },
			{ idToken: { sub: "pp-1" }, "https://api-m.sandbox.paypal.com/v1/identity/oauth2/userinfo": { user_id: "pp-1", ...person, email_verified: true } },
			{ idToken: { sub: "pp-2" }, "https://api-m.sandbox.paypal.com/v1/identity/oauth2/userinfo": { user_id: "pp-1", ...person, email_verified: true } },
			{ idToken: { sub: "pp-2" }, "https://api-m.sandbox.paypal.com/v1/identity/oauth2/userinfo": { user_id: "pp-1", sub: "pp-1", ...person, email_verified: true } },
		],
		variants: [{ environment: "live", prompt: "login" }, { redirectURI: "https://other.test/cb" }],
	},
	polar: {
		samples: [
			{ "https://api.polar.sh/v1/oauth2/userinfo": { id: "po-1", public_name: "Ann", username: "ann", email: "a@example.com", email_verified: true, avatar_url: "https://img.test/a.png" } },
			{ "https://api.polar.sh/v1/oauth2/userinfo": { id: "po-1", username: "ann", email: "a@example.com" } },
		],
		variants: [{ prompt: "consent" }],
	},
	railway: { samples: [{ "https://backboard.railway.com/oauth/me": { sub: "rw-1", ...person, email_verified: true } }] },
	reddit: {
		samples: [{ "https://oauth.reddit.com/api/v1/me": { id: "rd1", name: "ann", icon_img: "https://img.test/a.png?width=256&s=x", has_verified_email: true } }],
		variants: [{ duration: "permanent" }, { redirectURI: "https://other.test/cb" }],
	},
	roblox: {
		samples: [
			{ "https://apis.roblox.com/oauth/v1/userinfo": { sub: "123", nickname: "Ann", preferred_username: "ann", picture: "https://img.test/a.png" } },
			{ "https://apis.roblox.com/oauth/v1/userinfo": { sub: "123", nickname: "", preferred_username: "ann" } },
		],
		variants: [{ prompt: "login" }],
	},
	salesforce: {
		samples: [
			{ "https://login.salesforce.com/services/oauth2/userinfo": { sub: "https://login.salesforce.com/id/00D/005", user_id: "005", name: "Ann", email: "a@example.com", email_verified: true, photos: { picture: "https://img.test/a.png", thumbnail: "https://img.test/t.png" } } },
			{ "https://login.salesforce.com/services/oauth2/userinfo": { user_id: "005", name: "Ann", email: "a@example.com", photos: { thumbnail: "https://img.test/t.png" } } },
		],
		variants: [{ environment: "sandbox" }, { loginUrl: "corp.my.salesforce.com" }],
	},
	slack: {
		samples: [
			{ "https://slack.com/api/openid.connect.userInfo": { ok: true, sub: "U1", "https://slack.com/user_id": "U1", "https://slack.com/team_id": "T1", ...person, email_verified: true } },
			{ "https://slack.com/api/openid.connect.userInfo": { ok: true, sub: "U1", "https://slack.com/user_id": "U1", email: "a@example.com", email_verified: false, "https://slack.com/user_image_512": "https://img.test/512.png" } },
		],
		variants: [{ scope: ["team"] }],
	},
	spotify: {
		samples: [
			{ "https://api.spotify.com/v1/me": { id: "sp-1", display_name: "Ann", email: "a@example.com", images: [{ url: "https://img.test/a.png" }] } },
			{ "https://api.spotify.com/v1/me": { id: "sp-1", display_name: "Ann", email: "a@example.com", images: [] } },
		],
	},
	tiktok: {
		options: { clientId: undefined, clientKey: "key-1" },
		samples: [
			{ "https://open.tiktokapis.com/v2/user/info/": { data: { user: { open_id: "tt-1", display_name: "Ann", username: "ann", avatar_large_url: "https://img.test/a.png" } }, error: { code: "ok" } } },
			{ "https://open.tiktokapis.com/v2/user/info/": { data: { user: { open_id: "tt-1", display_name: "", username: "ann" } } } },
		],
		variants: [{ redirectURI: "https://other.test/cb", scope: ["user.info.stats"] }],
	},
	twitch: {
		idToken: (more) => claims("https://id.twitch.tv/oauth2", more),
		token: withID,
		samples: [{ claims: { preferred_username: "ann", email: "a@example.com", email_verified: true, picture: "https://img.test/a.png" } }, { claims: { preferred_username: "ann", email: "a@example.com", email_verified: false } }],
		variants: [{ claims: ["locale", "picture"] }],
	},
	twitter: {
		samples: [
			{
				"https://api.x.com/2/users/me?user.fields=profile_image_url": { data: { id: "99", name: "Ann", username: "ann", profile_image_url: "https://img.test/a.png" } },
				"https://api.x.com/2/users/me?user.fields=confirmed_email": { data: { id: "99", name: "Ann", username: "ann", confirmed_email: "a@example.com" } },
			},
			{
				"https://api.x.com/2/users/me?user.fields=profile_image_url": { data: { id: "99", name: "Ann", username: "ann" } },
				"https://api.x.com/2/users/me?user.fields=confirmed_email": 403,
			},
		],
	},
	vercel: {
		samples: [
			{ "https://api.vercel.com/login/oauth/userinfo": { sub: "ve-1", ...person, email_verified: true } },
			{ "https://api.vercel.com/login/oauth/userinfo": { sub: "ve-1", preferred_username: "ann", email: "a@example.com" } },
		],
		variants: [{ scope: ["openid", "email"] }, { clientSecret: undefined, tokenEndpointAuth: { method: "none" } }],
	},
	vk: {
		samples: [
			{ "https://id.vk.com/oauth2/user_info": { user: { user_id: "1234", first_name: "Ann", last_name: "Example", email: "a@example.com", avatar: "https://img.test/a.png", sex: 1, birthday: "01.02.1990", verified: true } } },
			{ "https://id.vk.com/oauth2/user_info": { user: { user_id: "1234", first_name: "Ann", last_name: "Example" } } },
		],
		variants: [{ redirectURI: "https://other.test/cb" }],
	},
	wechat: {
		token: { access_token: "at-1", refresh_token: "rt-1", expires_in: 7200, openid: "oid-1", scope: "snsapi_login,x", unionid: "uid-1" },
		samples: [
			{ "https://api.weixin.qq.com/sns/userinfo": { openid: "oid-1", nickname: "Ann", headimgurl: "https://img.test/a.png", unionid: "uid-1", privilege: [] } },
			{ "https://api.weixin.qq.com/sns/userinfo": { openid: "oid-1", nickname: "Ann", headimgurl: "" } },
			{ "https://api.weixin.qq.com/sns/userinfo": { errcode: 40003, errmsg: "invalid openid" } },
		],
		variants: [{ lang: "en", redirectURI: "https://other.test/cb" }],
	},
	zoom: {
		samples: [
			{ "https://api.zoom.us/v2/users/me": { id: "zm-1", display_name: "Ann", pic_url: "https://img.test/a.png", email: "a@example.com", verified: 1 } },
			{ "https://api.zoom.us/v2/users/me": { id: "zm-1", display_name: "Ann", email: "a@example.com", verified: 0 } },
		],
		variants: [{ redirectURI: "https://other.test/cb" }],
	},
};

// unsigned makes what upstream can decode; the test signs the same claims.
const b64 = (v) => Buffer.from(JSON.stringify(v)).toString("base64url");
const unsigned = (c) => `${b64({ alg: "RS256", kid: "k1" })}.${b64(c)}.c2ln`;

let answers, log;
globalThis.fetch = async (input, init) => {
	const url = String(input).replace("/%40me", "/@me").replace("/%24value", "/$value"); // better-fetch escapes paths
	const headers = Object.fromEntries([...new Headers(init.headers)].filter(([name]) => !["user-agent", "accept", "x-forwarded-for"].includes(name)));
	log.push({ method: init.method ?? "GET", url, headers, body: init.body === undefined || init.body === null ? "" : String(init.body) });
	const key = Object.keys(answers).filter((k) => url === k || url.startsWith(k + "?") || (k.includes("?") && url === k)).sort((a, b) => b.length - a.length)[0];
	const answer = answers[key];
	if (answer === undefined) throw new Error(`unexpected request to ${url}`);
	if (typeof answer === "number") return new Response("{}", { status: answer, headers: { "content-type": "application/json" } });
	if (typeof answer === "string") return new Response(answer, { headers: { "content-type": "image/jpeg" } });
	return new Response(JSON.stringify(answer), { headers: { "content-type": "application/json" } });
};
console.error = console.warn = console.log = () => {};

const clean = (o) => Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined));

const out = {};
for (const [name, p] of Object.entries(table)) {
	const optionsList = [{}, ...(p.variants ?? [])].map((v) => clean({ ...basic, ...p.options, ...v }));
	const entry = (out[name] = { idToken: p.idToken ? p.idToken({}) : undefined, setups: [], samples: [] });
	for (const options of optionsList) {
		const provider = socialProviders[name](options);
		const setup = { options, urls: [], requests: [] };
		for (const r of [request, full]) setup.urls.push(String(await provider.createAuthorizationURL(r)));
		// Any answer will do to see the requests.
		log = [];
		const realFetch = globalThis.fetch;
		globalThis.fetch = async (input, init) => {
			answers = { [String(input).split("?")[0]]: p.token ?? token };
			return realFetch(input, init);
		};
		await provider.validateAuthorizationCode({ code: "c+d/e", codeVerifier: request.codeVerifier, redirectURI: request.redirectURI, deviceId: "dev-1" });
		if (provider.refreshAccessToken) await provider.refreshAccessToken("rt-0");
		globalThis.fetch = realFetch;
		setup.requests = log;
		entry.setups.push(setup);
	}
	const options = optionsList[0];
	const provider = socialProviders[name](options);
	for (const sample of p.samples) {
		const { claims: more, user: formUser, noIDToken, idToken, ...apis } = sample;
		const tokenResponse = { ...(p.token ?? token) };
		let claimsOfToken;
		if (p.idToken && !noIDToken) claimsOfToken = p.idToken(more ?? {});
		if (idToken) claimsOfToken = idToken;
		if (claimsOfToken) tokenResponse.id_token = unsigned(claimsOfToken);
		else delete tokenResponse.id_token;
		answers = { ...apis };
		const exchangeAnswers = tokenResponse;
		const realFetch = globalThis.fetch;
		log = [];
		globalThis.fetch = async (input, init) => {
			const saved = answers;
			answers = { [String(input).split("?")[0]]: exchangeAnswers };
			try {
				return await realFetch(input, init);
			} finally {
				answers = saved;
			}
		};
		const tokens = await provider.validateAuthorizationCode({ code: "c", codeVerifier: request.codeVerifier, redirectURI: request.redirectURI });
		globalThis.fetch = realFetch;
		log = [];
		let result = null;
		try {
			result = await provider.getUserInfo({ ...tokens, user: formUser });
		} catch {}
		let subject = null;
		if (result) try {
			subject = String(await provider.accountSubject({ tokens, profile: result.data }));
		} catch {}
		const recordedToken = { ...tokenResponse };
		if (claimsOfToken) recordedToken.id_token = "<id token>";
		entry.samples.push({
			token: recordedToken, claims: claimsOfToken, formUser: formUser ? JSON.stringify(formUser) : undefined, apis,
			scopes: tokens.scopes, tokenType: tokens.tokenType,
			requests: log, subject, user: result?.user ?? null, data: result?.data ?? null,
		});
	}
}
process.stdout.write(JSON.stringify({ now, request, full, providers: out }, null, 1) + "\n");
