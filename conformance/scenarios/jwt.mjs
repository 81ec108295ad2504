// The plugin jwt: tokens that other services verify with the key set of the server.
import assert from "node:assert/strict";
import { createLocalJWKSet, jwtVerify } from "jose";
import { group } from "../lib/suite.mjs";

const origin = "http://localhost:3000";

// Checks that tokens, by side, are signed with a key that their server publishes.
async function verified(t, tokens, { issuer = origin, audience = origin } = {}) {
	const sets = await t.get("/jwks");
	for (const [side, token] of Object.entries(tokens)) {
		const { payload } = await jwtVerify(token, createLocalJWKSet(sets[side].json), { issuer, audience });
		assert.equal(payload.exp - payload.iat, 900, side);
	}
}

const bySide = (answers, read) => Object.fromEntries(Object.entries(answers).map(([side, answer]) => [side, read(answer)]));

group("jwt", { options: { plugins: ["jwt"] } }, (scenario) => {
	scenario("is given for a session", async (t) => {
		await t.member("alice");
		await verified(t, bySide(await t.get("/token", { as: "alice" }), ({ json }) => json.token));
		await verified(t, bySide(await t.get("/get-session", { as: "alice" }), ({ headers }) => headers.get("set-auth-jwt")));
		t.empty("jwks");
	});

	scenario("is given to nobody else", async (t) => {
		await t.get("/token");
		await t.get("/get-session");
		await t.get("/token", { cookie: "better-auth.session_token=forged.AAAA" });
		await t.post("/token");
		await t.post("/jwks");
		await t.send("HEAD", "/jwks");
		await t.post("/sign-jwt", { json: { payload: {} } });
		await t.post("/verify-jwt", { json: { token: "x" } });
		t.empty("jwks");
	});
});

group("jwt of other names", { options: { plugins: [{ jwt: { jwks: { jwksPath: "/keys" }, jwt: { issuer: "https://id.example.com", audience: "api" }, disableSettingJwtHeader: true } }] } }, (scenario) => {
	scenario("is given for a session", async (t) => {
		await t.member("alice");
		await t.get("/token", { as: "alice" });
		await t.get("/get-session", { as: "alice" });
		await t.get("/keys");
		await t.get("/jwks");
		t.empty("jwks");
	});
});

group("jwt with a session cache", { options: { session: { cookieCache: { enabled: true } }, plugins: ["bearer", "jwt"] } }, (scenario) => {
	scenario("is given for a session", async (t) => {
		await t.signUp("alice");
		await t.get("/get-session", { as: "alice" });
		t.empty("jwks");
	});

	scenario("is not given for a session that was ended", async (t) => {
		await t.signUp("alice");
		t.sql("delete from session");
		t.copyJar("alice", "thief");
		await t.get("/token", { as: "alice" });
		await t.get("/get-session", { as: "thief" });
		t.empty("jwks");
	});
});
