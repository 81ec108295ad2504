// Every service that is built in, with the users of social/testdata/recorded.json, from the redirect to a refresh.
import { readFileSync } from "node:fs";
import { idToken } from "../lib/idp.mjs";
import { group } from "../lib/suite.mjs";

const { providers } = JSON.parse(readFileSync(new URL("../../social/testdata/recorded.json", import.meta.url), "utf8"));
const urls = { callbackURL: "/in", errorCallbackURL: "/failed" };

// All that a client can ask for, sorted as Lockstep sends it.
const additionalParams = { appid: "x", client_key: "x", foo: "b a~r*'()!", hd: "request.example", lang: "en", prompt: "login" };
const full = { scopes: ["extra one", "two"], loginHint: "jo+e@example.com", additionalParams };

// A user of the fake services from a recorded sample.
function personOf({ token, claims, apis }, { authority, tenantId } = {}) {
	const { id_token: _, ...tokens } = token;
	const { iat: _iat, exp: _exp, ...said } = claims ?? {};
	if (authority) said.iss = `${authority.replace(/\/+$/, "")}/${tenantId}/v2.0`;
	const answers = Object.fromEntries(Object.entries(apis).map(([url, answer]) => [url.replace("https://", ""), answer]));
	return { tokens, answers, ...(claims && { idToken: said }) };
}

const optionsOf = (setup) => Object.fromEntries(Object.entries(providers).flatMap(([id, { setups }]) => (setups[setup] ? [[id, setups[setup].options]] : [])));

group("every service", { services: true, options: { socialProviders: optionsOf(0) } }, (scenario) => {
	for (const [provider, { samples }] of Object.entries(providers)) {
		scenario(`${provider}: redirects`, async (t) => {
			await t.visit("alice", { provider, ...urls });
			await t.visit("alice", { provider, ...urls, ...full });
		});

		scenario(`${provider}: id tokens of clients`, async (t) => {
			const { iat, exp, ...claims } = { aud: "client-1", sub: "sub-1", ...samples[0].claims, email: "a@example.com" };
			if (provider === "facebook") claims.iss = "https://www.facebook.com";
			t.service("api.line.me/oauth2/v2.1/verify", { json: { ...claims, iat, exp, nonce: "n" } });
			t.service("graph.facebook.com/debug_token", { json: samples[0].apis["https://graph.facebook.com/debug_token"] ?? {} });
			t.service("graph.facebook.com/me", { json: samples[0].apis["https://graph.facebook.com/me"] ?? {} });
			const send = (token, more) => t.post("/sign-in/social", { as: "alice", json: { provider, idToken: { token, ...more } } });
			await send(idToken({ ...claims, nonce: "n" }), { nonce: "n" });
			await t.get("/get-session", { as: "alice" });
			await send(idToken({ ...claims, nonce: "n" }), { nonce: "m" });
			await send(idToken({ ...claims, aud: "another-client" }), { nonce: "n" });
			await send(idToken({ ...claims, iss: "https://evil.example" }), { nonce: "n" });
			await send("opaque", { accessToken: "at-1" });
		});

		for (const [i, sample] of samples.entries()) {
			scenario(`${provider}: user ${i + 1}`, async (t) => {
				const visit = await t.visit("alice", { provider, ...urls });
				const change = (query) => ({ ...query, device_id: "dev-1", ...(sample.formUser && { user: sample.formUser }) });
				const { oracle } = await visit.back(personOf(sample), { change });
				await t.get("/get-session", { as: "alice" });
				if (oracle.headers.get("location") !== "/in") return;
				const lists = await t.get("/list-accounts", { as: "alice" });
				const id = (side) => lists[side].json[0].id;
				await t.post("/get-access-token", { as: "alice", json: (side) => ({ accountId: id(side) }) });
				await t.get((side) => `/account-info?accountId=${id(side)}`, { as: "alice" });
				await t.post("/refresh-token", { as: "alice", json: (side) => ({ accountId: id(side) }) });
			});
		}
	}
});

for (let setup = 1; Object.keys(optionsOf(setup)).length > 0; setup++) {
	group(`every service with options, ${setup}`, { services: true, options: { socialProviders: optionsOf(setup) } }, (scenario) => {
		for (const [provider, { samples, setups }] of Object.entries(providers).filter(([, { setups }]) => setups[setup])) {
			const { options } = setups[setup];
			scenario(`${provider} ${JSON.stringify(options)}`, async (t) => {
				await t.visit("alice", { provider, ...urls, ...full });
				const visit = await t.visit("alice", { provider, ...urls });
				await visit.back(personOf(samples[0], options), { change: (query) => ({ ...query, device_id: "dev-1" }), path: `/api/auth/callback/${provider}` });
			});
		}
	});
}
