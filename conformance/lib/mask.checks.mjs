// The comparison itself: what it must see and what it must not.
import assert from "node:assert/strict";
import { test } from "node:test";
import { compare, Pairing } from "./mask.mjs";

const now = Date.parse("2026-06-01T00:00:00.000Z");
const moments = { oracle: now, lockstep: now + 3_600_000 };
const idA = "A".repeat(32);
const idB = "B".repeat(32);

function placesOf(left, right) {
	const places = [];
	compare(left, right, { pairing: new Pairing(), moments, report: (path) => places.push(path), path: "" });
	return places;
}

test("the comparison sees", () => {
	const cases = {
		"another value": [{ a: 1 }, { a: 2 }, ["a"]],
		"null for absent": [{ a: null }, {}, ["a"]],
		"absent for null": [{}, { a: null }, ["a"]],
		"a text for a number": [{ a: 1 }, { a: "1" }, ["a"]],
		"another order of members": [{ a: 1, b: 2 }, { b: 2, a: 1 }, ["(order)"]],
		"a longer list": [[1], [1, 2], ["length"]],
		"microseconds in a date": [{ at: "2026-06-01T00:00:00.000Z" }, { at: "2026-06-01T01:00:00.000000Z" }, ["at"]],
		"a date without milliseconds": [{ at: "2026-06-01T00:00:00.000Z" }, { at: "2026-06-01T01:00:00Z" }, ["at"]],
		"another distance in time": [{ at: "2026-06-01T00:00:00.000Z" }, { at: "2026-06-01T01:01:00.000Z" }, ["at"]],
		"seconds for milliseconds": [{ at: now }, { at: now / 1_000 + 3_600 }, ["at"]],
		"an id that refers to another row": [[idA, idA], [idA, idB], ["[1]"]],
		"one id for two": [[idA, idB], [idA, idA], ["[1]"]],
		"another text around an id": [`/x/${idA}`, `/y/${idB}`, [""]],
		"an id of another length": [idA, "B".repeat(31), [""]],
		"a hash of another format": [`${"0".repeat(32)}:${"0".repeat(128)}`, `${"0".repeat(32)}:${"0".repeat(64)}`, [""]],
	};
	for (const [name, [left, right, want]] of Object.entries(cases)) assert.deepEqual(placesOf(left, right), want, name);
});

test("the comparison does not see", () => {
	const cases = {
		"other ids in the same roles": [[idA, idB, idA], [idB, idA, idB]],
		"the same distance in time": [{ at: "2026-06-08T00:00:00.000Z" }, { at: "2026-06-08T01:00:01.000Z" }],
		"a time in milliseconds": [{ at: now }, { at: now + 3_600_500 }],
		"another password hash": [`${"0".repeat(32)}:${"0".repeat(128)}`, `${"1".repeat(32)}:${"f".repeat(128)}`],
	};
	for (const [name, [left, right]] of Object.entries(cases)) assert.deepEqual(placesOf(left, right), [], name);
});
