// The comparison of callbacks: what it must see and what it must not.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { compareCalls } from "./listener.mjs";
import { compare, Pairing } from "./mask.mjs";
import { secret } from "./options.mjs";
import { emailToken } from "./tokens.mjs";

const moments = { oracle: Date.now(), lockstep: Date.now() };
const reset = "emailAndPassword.sendResetPassword";
const tokens = ["A".repeat(24), "B".repeat(24)];

const call = (token, more = {}) => ({ name: reset, user: { email: "a@b.co" }, url: `https://x.example/reset-password/${token}?callbackURL=`, token, ...more });

async function placesOf(oracle, lockstep, pairing = new Pairing()) {
	const found = await compareCalls({ oracle, lockstep }, { options: { secret }, pairing, moments });
	return found.map((difference) => difference.at);
}

const storedAs = (token) => createHash("sha256").update(`reset-password:${token}`).digest("base64url");

function rowsDiffer(left, right, pairing) {
	const found = [];
	compare(left, right, { pairing, moments, report: (at) => found.push(at), path: "row" });
	return found.length > 0;
}

test("callbacks are compared", async () => {
	const [left, right] = tokens;
	assert.deepEqual(await placesOf([call(left)], [call(right)]), []);
	assert.deepEqual(await placesOf([call(left)], []), ["callbacks.length"]);
	assert.deepEqual(await placesOf([], [call(right)]), ["callbacks.length"]);
	assert.deepEqual(await placesOf([call(left)], [call(right, { user: { email: "b@b.co" } })]), ["callbacks[0].user.email"]);
	assert.deepEqual(await placesOf([call(left)], [call(right, { url: "https://x.example/reset-password/" })]), ["callbacks[0].url"]);
	assert.deepEqual(await placesOf([call(left)], [call(right.slice(1))]), ["callbacks[0].token"], "a shorter secret");
	assert.deepEqual(await placesOf([call(left)], [call("-".repeat(24))]), ["callbacks[0].token"], "a secret of other characters");
});

test("signed tokens are opened", async () => {
	const good = emailToken({ email: "a@b.co" });
	const places = async (token) => placesOf([call(good)], [call(token)]);
	assert.deepEqual(await places(emailToken({ email: "a@b.co" })), []);
	assert.deepEqual(await places(emailToken({ email: "b@b.co" })), ["callbacks[0].token.claims.email"]);
	const { iat, exp } = JSON.parse(Buffer.from(good.split(".")[1], "base64url"));
	assert.deepEqual(await places(emailToken(JSON.stringify({ exp, iat, email: "a@b.co" }))), ["callbacks[0].token.claims.(order)"]);
	assert.deepEqual(await places(emailToken({ email: "a@b.co" }, { ends: 60 })), ["callbacks[0].token.claims.exp"]);
	assert.deepEqual(await places(emailToken({ email: "a@b.co" }, { key: "x" })), ["callbacks[0].token.signature"]);
	assert.deepEqual(await places(emailToken({ email: "a@b.co" }, { header: { alg: "HS256", typ: "JWT" } })), ["callbacks[0].token.header.typ"]);
});

test("a secret of a mail is known in a row, plain or hashed", async () => {
	const [left, right] = tokens;
	const pairing = new Pairing();
	await placesOf([call(left)], [call(right)], pairing);
	assert.equal(rowsDiffer(`reset-password:${left}`, `reset-password:${right}`, pairing), false);
	assert.equal(rowsDiffer(storedAs(left), storedAs(right), pairing), false);
	assert.equal(rowsDiffer(storedAs(left), `reset-password:${right}`, pairing), true);
	assert.equal(rowsDiffer(`reset-password:${left}`, `reset-password:${"C".repeat(24)}`, pairing), true);
	assert.equal(rowsDiffer(storedAs(left), storedAs("C".repeat(24)), pairing), true);
});
