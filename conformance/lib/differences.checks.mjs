// The list of differences: what an entry explains and what it does not.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Registry } from "./differences.mjs";

const place = { scenario: "group: title", endpoint: "GET /ok" };
const difference = { kind: "header", at: "vary", left: undefined, right: "Origin" };
const entry = { id: "D-x", reason: "because", kind: "header", at: "vary", oracle: null, lockstep: "Origin" };

const openOf = (given, found = difference, answers = undefined) => new Registry([given]).unexplained(place, [found], answers).length;

test("an entry explains what it names", () => {
	assert.equal(openOf(entry), 0);
	assert.equal(openOf({ ...entry, at: "v*", lockstep: "/^Ori.*$/", where: { scenario: "group: *", endpoint: "GET *" } }), 0);
});

test("an entry explains nothing else", () => {
	const cases = {
		"another place": { at: "x-vary" },
		"another kind": { kind: "body" },
		"another value of the oracle": { oracle: "Accept" },
		"another value of Lockstep": { lockstep: "origin" },
		"a pattern that does not match": { lockstep: "/^Or$/" },
		"another scenario": { where: { scenario: "group" } },
		"another endpoint": { where: { endpoint: "POST /ok" } },
	};
	for (const [name, changed] of Object.entries(cases)) assert.equal(openOf({ ...entry, ...changed }), 1, name);
});

test("a whole answer is explained by both statuses", () => {
	const headers = new Map([["location", "/failed?error=x"]]);
	const answers = { oracle: { status: 500, text: "" }, lockstep: { status: 400, json: { code: "X" }, text: '{"code":"X"}', headers } };
	const whole = { id: "D-x", reason: "because", kind: "exchange", oracle: { status: 500 }, lockstep: { status: 400, body: { code: "X" } } };
	assert.equal(openOf(whole, difference, answers), 0);
	assert.equal(openOf({ ...whole, oracle: { status: 200 } }, difference, answers), 1);
	assert.equal(openOf({ ...whole, lockstep: { status: 400, location: "/failed?error=x" } }, difference, answers), 0);
	assert.equal(openOf({ ...whole, lockstep: { status: 400, location: "/in" } }, difference, answers), 1);
	assert.equal(openOf({ ...whole, lockstep: { status: 400, body: { code: "Y" } } }, difference, answers), 1);
	assert.equal(openOf(whole, { ...difference, kind: "cookie-repeat" }, answers), 1, "a cookie that is set twice");
});

test("an entry that nothing meets is stale, and one without a reason is refused", () => {
	const registry = new Registry([entry, { ...entry, at: "other" }]);
	registry.unexplained(place, [difference]);
	assert.deepEqual(registry.stale().map((stale) => stale.at), ["other"]);
	assert.throws(() => new Registry([{ ...entry, reason: "" }]), /no id or reason/);
});
