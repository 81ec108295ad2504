// The fake services: what they notice, and that what is sealed is opened.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { symmetricEncrypt } from "better-auth/crypto";
import { IdP, idToken, readIDToken, strangersKey } from "./idp.mjs";
import { reveal, revealRow } from "./reveal.mjs";

const verifier = "v".repeat(128);
const challenge = createHash("sha256").update(verifier).digest("base64url");
const asked = `https://id.example.com/authorize?client_id=c&state=s&scope=a+b&code_challenge=${challenge}`;

async function withIdP(steps) {
	const idp = await IdP.start();
	idp.arrive(new URL(asked));
	const post = (place, form) => fetch(idp.url + place, { method: "POST", headers: { accept: "application/json" }, body: new URLSearchParams(form) });
	try {
		await steps(idp, post);
	} finally {
		await idp.stop();
	}
}

test("a code works once, and what was sent is kept without the verifier", () =>
	withIdP(async (idp, post) => {
		const { code } = idp.allow(asked, { tokens: { scope: undefined } });
		const form = { grant_type: "authorization_code", code, code_verifier: verifier };
		assert.deepEqual(await (await post("id.example.com/token", form)).json(), { access_token: "access-2", token_type: "bearer", expires_in: 3_600, refresh_token: "refresh-2" });
		assert.equal((await post("id.example.com/token", form)).status, 400);
		const [first] = idp.take();
		assert.equal(first.request, "POST id.example.com/token");
		assert.equal(first.body, "grant_type=authorization_code&code=code-1&code_verifier=<verifier of visit 1, 128 characters>");
		assert.deepEqual(idp.take(), []);
	}));

test("a wrong verifier is seen", () =>
	withIdP(async (idp, post) => {
		const { code } = idp.allow(asked, {});
		await post("id.example.com/token", { grant_type: "authorization_code", code, code_verifier: "x".repeat(128) });
		assert.match(idp.take()[0].body, /<no verifier: x{128}>/);
	}));

test("an id token is opened, and its signature checked", () => {
	assert.equal(readIDToken(idToken({ sub: "a" })).signature, "valid");
	assert.match(readIDToken(idToken({ sub: "a" }, { key: strangersKey() })).signature, /^wrong: /);
	assert.equal(reveal({ list: [idToken({ sub: "a" })] }).list[0].claims.sub, "a");
	assert.equal(reveal(`/logout?hint=${idToken({ sub: "a" })}&x=y`).text, "/logout?hint=<id token>&x=y");
	for (const text of ["", "a.b.c", "eyJ.eyJ", "plain text"]) assert.equal(readIDToken(text), undefined);
});

test("an encrypted token is opened, and one that should be is seen", async () => {
	const options = { secret: "a secret of 32 characters or more", account: { encryptOAuthTokens: true } };
	const sealed = await symmetricEncrypt({ key: options.secret, data: "access-1" });
	const row = await revealRow("account", { accessToken: sealed, refreshToken: "refresh-1" }, options);
	assert.deepEqual(row.accessToken, { encrypted: "access-1" });
	assert.notDeepEqual(row.refreshToken, { encrypted: "refresh-1" });
});
