// Groups of scenarios, and the run as a whole.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe as suite, test } from "node:test";
import { store } from "./convex.mjs";
import { Registry } from "./differences.mjs";
import { describe, schemaOf } from "./diff.mjs";
import { endConnections } from "./http.mjs";
import { compare, Pairing } from "./mask.mjs";
import { withDefaults } from "./options.mjs";
import { Scenario } from "./scenario.mjs";
import { endHosts, self, startBoth, stopAll } from "./servers.mjs";

export { password, secret } from "./options.mjs";

// CONFORMANCE_ONLY runs the groups whose name contains it.
const only = process.env.CONFORMANCE_ONLY ?? "";

const groups = [];

/**
 * Adds scenarios that share one options document and one pair of servers.
 * `setup.options` replaces members of the base options; `define` receives the function that declares a scenario.
 */
export function group(name, setup, define) {
	if (name.includes(only)) groups.push({ name, setup, define });
}

/** Declares all that was added, and the tests that close the run. */
export function declare() {
	const registry = self ? new Registry([]) : Registry.load(store);
	suite("the same answers", { concurrency: 2 }, () => {
		for (const { name, setup, define } of groups) suite(name, { concurrency: 1 }, () => declareGroup(name, setup, define, registry));
	});
	after(() => {
		endHosts();
		endConnections();
	});
	closing(registry);
}

function declareGroup(name, setup, define, registry) {
	const options = withDefaults(setup.options);
	let servers;
	before(async () => {
		servers = await startBoth({ ...setup, options });
	});
	after(() => stopAll(Object.values(servers ?? {})));
	const known = setup.stateless ? { ...options, database: null } : options;
	// A server on Convex checks the tables of its deployment itself, before it starts.
	if (!setup.stateless && store === "sqlite") test("the tables have the same shape", () => checkSchema(name, servers, registry));
	define((title, steps) => test(title, () => run(new Scenario(`${name}: ${title}`, servers, known, registry), steps)));
}

function closing(registry) {
	test("every difference that is listed was met", () => {
		const { exchanges, explained, unexplained } = registry.totals;
		console.log(`conformance: ${exchanges} exchanges compared, ${explained} differences explained, ${unexplained} unexplained`);
		if (!only) assert.deepEqual(registry.stale().map((entry) => JSON.stringify(entry)), [], "differences.json lists what no longer differs");
	});
	test("every difference has a row in docs/parity.md", () => {
		const parity = readFileSync(new URL("../../docs/parity.md", import.meta.url), "utf8");
		assert.deepEqual(registry.ids().filter((id) => !parity.includes(`| ${id} |`)), []);
	});
}

async function run(scenario, steps) {
	scenario.clear();
	let failure;
	try {
		await steps(scenario);
	} catch (error) {
		failure = error;
	}
	await scenario.close();
	if (scenario.report.length > 0) {
		const stopped = failure ? `\n  stopped by: ${failure.message}` : "";
		assert.fail(`\n${scenario.report.join("\n")}${stopped}`);
	}
	if (failure) throw failure;
}

function checkSchema(name, servers, registry) {
	const pairing = new Pairing();
	const found = [];
	const moments = { oracle: 0, lockstep: 0 };
	const report = (at, left, right) => found.push({ kind: "schema", at, left, right, moments });
	compare(schemaOf(servers.oracle.database), schemaOf(servers.lockstep.database), { pairing, moments, report });
	const open = registry.unexplained({ scenario: name, endpoint: "" }, found);
	assert.equal(open.length, 0, `\n${open.map((difference) => describe(difference, pairing)).join("\n")}`);
}
