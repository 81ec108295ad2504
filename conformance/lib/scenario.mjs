// Scenarios: the same steps at both servers, everything compared.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe as suite, test } from "node:test";
import { createAuthClient } from "better-auth/client";
import { hashPassword } from "better-auth/crypto";
import { currentSecret, sign } from "./cookies.mjs";
import { Registry } from "./differences.mjs";
import { compareAnswers, compareDatabases, describe, schemaOf, tablesOf } from "./diff.mjs";
import { endConnections, request } from "./http.mjs";
import { Jar } from "./jar.mjs";
import { compare, Pairing } from "./mask.mjs";
import { basePath, endHosts, hostOf, publicURL, self, startBoth, stopAll } from "./servers.mjs";

const sides = ["oracle", "lockstep"];

/** The signing secret of every group that does not name its own. */
export const secret = "a conformance secret of more than 32 characters";

/** The password of every user whose password is not the point. */
export const password = "correct horse battery";

const baseOptions = {
	baseURL: "http://localhost:3000",
	secret,
	emailAndPassword: { enabled: true },
	rateLimit: { enabled: false },
};

/** The base options with members replaced; undefined removes one. */
export function withDefaults(options = {}) {
	return Object.fromEntries(Object.entries({ ...baseOptions, ...options }).filter(([, value]) => value !== undefined));
}

const registry = self ? new Registry([]) : Registry.load();
const totals = { exchanges: 0, explained: 0, unexplained: 0 };

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

/** Declares all that was added, and the test that closes the run. */
export function declare() {
	suite("the same answers", { concurrency: 2 }, () => {
		for (const { name, setup, define } of groups) suite(name, { concurrency: 1 }, () => declareGroup(name, setup, define));
	});
	after(() => {
		endHosts();
		endConnections();
	});
	closing();
}

function declareGroup(name, setup, define) {
	const options = withDefaults(setup.options);
	let servers;
	before(async () => {
		servers = await startBoth({ ...setup, options });
	});
	after(() => stopAll(Object.values(servers ?? {})));
	const known = setup.stateless ? { ...options, database: null } : options;
	if (!setup.stateless) test("the tables have the same shape", () => checkSchema(name, servers));
	define((title, steps) => test(title, () => run(`${name}: ${title}`, { servers, options: known }, steps)));
}

// No entry of differences.json is stale, and the totals are printed.
function closing() {
	test("every difference that is listed was met", () => {
		const { exchanges, explained, unexplained } = totals;
		console.log(`conformance: ${exchanges} exchanges compared, ${explained} differences explained, ${unexplained} unexplained`);
		if (!only) assert.deepEqual(registry.stale().map((entry) => JSON.stringify(entry)), [], "differences.json lists what no longer differs");
	});
	test("every difference has a row in docs/parity.md", () => {
		const parity = readFileSync(new URL("../../docs/parity.md", import.meta.url), "utf8");
		assert.deepEqual(registry.ids().filter((id) => !parity.includes(`| ${id} |`)), []);
	});
}

async function run(title, { servers, options }, steps) {
	const scenario = new Scenario(title, servers, options);
	scenario.clear();
	let failure;
	try {
		await steps(scenario);
	} catch (error) {
		failure = error;
	}
	scenario.close();
	if (scenario.report.length > 0) {
		const stopped = failure ? `\n  stopped by: ${failure.message}` : "";
		assert.fail(`\n${scenario.report.join("\n")}${stopped}`);
	}
	if (failure) throw failure;
}

// A request in a line: what was changed of the usual headers, and the start of the body.
function summary({ method, path, body, changed }) {
	const headers = changed ? ` ${JSON.stringify(changed)}` : "";
	const start = body ? ` ${String(body).slice(0, 200)}` : "";
	return `${method} ${path.slice(0, 200)}${headers}${start}`;
}

// The hash of `password`, made once.
let passwordHash;

// A token whose signature contains both characters that other encodings of base64 spell differently.
function tokenWithEverySign(start, secret) {
	for (let i = 0; ; i++) {
		const token = `${start}x${i}x`.padEnd(32, "0");
		const signed = sign(token, secret);
		if (signed.includes("%2B") && signed.includes("%2F")) return token;
	}
}

function checkSchema(name, servers) {
	const pairing = new Pairing();
	const found = [];
	const moments = { oracle: 0, lockstep: 0 };
	const report = (at, left, right) => found.push({ kind: "schema", at, left, right, moments });
	compare(schemaOf(servers.oracle.database), schemaOf(servers.lockstep.database), { pairing, moments, report });
	const open = found.filter((difference) => !registry.explain({ scenario: name }, difference));
	totals.explained += found.length - open.length;
	totals.unexplained += open.length;
	assert.equal(open.length, 0, `\n${open.map((difference) => describe(difference, pairing)).join("\n")}`);
}

/** A Scenario is what the steps of one test see. */
class Scenario {
	/** What to print when the scenario fails. */
	report = [];

	#pairing = new Pairing();
	#jars = new Map();
	#count = 0;
	#members = 0;
	#last;

	constructor(title, servers, options) {
		Object.assign(this, { title, servers, options });
		this.origin = publicURL(options).origin;
		this.base = basePath(options);
	}

	/** Empties both databases, so that scenarios do not meet each other. */
	clear() {
		for (const side of sides) {
			const { database } = this.servers[side];
			if (database) for (const table of tablesOf(database)) database.prepare(`delete from "${table}"`).run();
		}
	}

	/** Compares what is left in the databases. */
	close() {
		const databases = { oracle: this.servers.oracle.database, lockstep: this.servers.lockstep.database };
		if (!databases.oracle) return;
		const moments = this.#last ?? { oracle: Date.now(), lockstep: Date.now() };
		const found = compareDatabases(databases, { pairing: this.#pairing, moments });
		this.#judge({ scenario: this.title, endpoint: "" }, "the rows at the end", found);
	}

	/** The jar of an actor at one side. */
	jar(side, actor) {
		const key = `${side}/${actor}`;
		if (!this.#jars.has(key)) this.#jars.set(key, new Jar());
		return this.#jars.get(key);
	}

	/** Changes an actor's cookie at both sides: change(raw, side) returns the new raw value, null removes it. */
	changeCookie(actor, name, change) {
		for (const side of sides) {
			const value = change(this.jar(side, actor).get(name), side);
			if (value === null) this.jar(side, actor).delete(name);
			else this.jar(side, actor).set(name, value);
		}
	}

	/** Gives an actor a copy of another's cookies, as a thief or an old backup would have them. */
	copyJar(from, to) {
		for (const side of sides) this.#jars.set(`${side}/${to}`, this.jar(side, from).clone());
	}

	/** Runs a statement at both databases; parameters(side) gives its parameters. Time travel is done with it. */
	sql(statement, parameters = () => []) {
		for (const side of sides) this.servers[side].database.prepare(statement).run(...parameters(side));
	}

	/** Moves columns of all sessions to a distance in seconds from now, the same moment at both sides. */
	ageSessions(columns) {
		const now = Date.now();
		const names = Object.keys(columns);
		const values = names.map((name) => new Date(now + columns[name] * 1_000).toISOString());
		this.sql(`update session set ${names.map((name) => `"${name}" = ?`).join(", ")}`, () => values);
	}

	/** Lets time pass where nothing else will do. */
	wait(ms) {
		return new Promise((done) => setTimeout(done, ms));
	}

	/**
	 * Sends one request to both sides and compares the answers, which it returns by side.
	 * `path` is relative to the base path unless `absolute` is set. `as` names the actor whose jar is used;
	 * `cookie` replaces the Cookie header. path, json, body, headers and cookie may be functions of the side.
	 */
	async send(method, path, given = {}) {
		const requests = {};
		for (const side of sides) requests[side] = this.#request(side, method, path, given);
		const [oracle, lockstep] = await Promise.all(sides.map((side) => request(this.servers[side].port, requests[side])));
		const answers = { oracle, lockstep };
		for (const side of sides) if (given.as) this.jar(side, given.as).take(answers[side].setCookies);
		await this.#compare({ ...requests.oracle, changed: given.headers }, answers);
		return answers;
	}

	/** Sends a GET. */
	get(path, given) {
		return this.send("GET", path, given);
	}

	/** Sends a POST; without a body it sends `{}`, as the official client does. */
	post(path, given = {}) {
		return this.send("POST", path, "json" in given || "body" in given ? given : { ...given, json: {} });
	}

	/**
	 * Puts a user with a session into both databases, as a sign-up would have left them, without the cost of hashing.
	 * Returns what signUp returns as far as tests need it: json.token.
	 */
	async member(actor, { rememberMe = true } = {}) {
		passwordHash ??= hashPassword(password);
		const secret = currentSecret(this.options);
		const number = ++this.#members;
		const id = `${actor}User${number}`.padEnd(32, "0");
		const token = tokenWithEverySign(`${actor}Token${number}`, secret);
		const now = new Date().toISOString();
		const end = new Date(Date.now() + (rememberMe ? (this.options.session?.expiresIn ?? 604_800) : 86_400) * 1_000).toISOString();
		const hash = await passwordHash;
		const insert = (table, row) => {
			const names = Object.keys(row);
			const statement = `insert into "${table}" (${names.map((name) => `"${name}"`)}) values (${names.map(() => "?")})`;
			this.sql(statement, () => Object.values(row));
		};
		const written = { createdAt: now, updatedAt: now };
		insert("user", { id, name: actor, email: `${actor}@example.com`, emailVerified: 0, ...written });
		insert("account", { id: id.replace("User", "Acct"), accountId: id, providerId: "credential", userId: id, password: hash, ...written });
		insert("session", { id: id.replace("User", "Sess"), expiresAt: end, token, ipAddress: "203.0.113.7", userAgent: "conformance/1", userId: id, ...written });
		const prefix = `${this.options.advanced?.cookiePrefix ?? "better-auth"}.`;
		for (const side of sides) {
			const jar = this.jar(side, actor).set(`${prefix}session_token`, sign(token, secret));
			if (!rememberMe) jar.set(`${prefix}dont_remember`, sign("true", secret));
		}
		return Object.fromEntries(sides.map((side) => [side, { json: { token } }]));
	}

	/** Signs a new user up; the actor's jar holds the session. */
	signUp(actor, more = {}, given = {}) {
		return this.post("/sign-up/email", { as: actor, ...given, json: { name: actor, email: `${actor}@example.com`, password, ...more } });
	}

	/** Signs an existing user in. */
	signIn(actor, more = {}, given = {}) {
		return this.post("/sign-in/email", { as: actor, ...given, json: { email: `${actor}@example.com`, password, ...more } });
	}

	/** Makes one call of the official client at both sides; compares what it returns and all that went over the wire. */
	async client(actor, call) {
		const results = {};
		const exchanges = {};
		for (const side of sides) {
			exchanges[side] = [];
			results[side] = await call(this.#client(side, actor, exchanges[side]), side);
		}
		assert.equal(exchanges.lockstep.length, exchanges.oracle.length, "the client sent another number of requests");
		for (const [i, { sent, answer }] of exchanges.oracle.entries()) {
			await this.#compare(sent, { oracle: answer, lockstep: exchanges.lockstep[i].answer });
		}
		const found = [];
		const report = (at, left, right) => found.push({ kind: "client", at, left, right, moments: this.#last });
		const [left, right] = sides.map((side) => JSON.parse(JSON.stringify(results[side] ?? null)));
		compare(left, right, { pairing: this.#pairing, moments: this.#last, report, path: "result" });
		const { sent } = exchanges.oracle[0] ?? { sent: { method: "", path: "" } };
		this.#judge(this.#place(sent), `what the client returned for ${sent.method} ${sent.path}`, found);
		return results;
	}

	#client(side, actor, exchanges) {
		const jar = this.jar(side, actor);
		return createAuthClient({
			baseURL: publicURL(this.options).href,
			basePath: this.options.basePath,
			fetchOptions: {
				customFetchImpl: async (url, init = {}) => {
					const { pathname, search } = new URL(url);
					const headers = { ...this.#headers(), cookie: jar.header(), ...Object.fromEntries(new Headers(init.headers)) };
					const sent = { method: init.method ?? "GET", path: pathname + search, headers, body: init.body };
					const answer = await request(this.servers[side].port, sent);
					jar.take(answer.setCookies);
					exchanges.push({ sent, answer });
					return new Response(answer.text === "" ? null : answer.text, { status: answer.status, headers: [...answer.headers] });
				},
			},
		});
	}

	#headers() {
		return { host: hostOf(this.options), origin: this.origin, "x-forwarded-for": "203.0.113.7", "user-agent": "conformance/1" };
	}

	#request(side, method, path, given) {
		const at = (value) => (typeof value === "function" ? value(side) : value);
		const headers = { ...this.#headers() };
		if (given.as) headers.cookie = this.jar(side, given.as).header();
		if ("cookie" in given) headers.cookie = at(given.cookie);
		let body = at(given.body);
		if ("json" in given) {
			body = JSON.stringify(at(given.json));
			headers["content-type"] = "application/json";
		}
		return { method, path: given.absolute ? at(path) : this.base + at(path), headers: { ...headers, ...at(given.headers) }, body };
	}

	async #compare(sent, answers) {
		this.#last = { oracle: answers.oracle.at, lockstep: answers.lockstep.at };
		totals.exchanges++;
		this.#count++;
		const found = await compareAnswers(answers, { options: this.options, pairing: this.#pairing });
		if (found.length === 0) return;
		const place = this.#place(sent);
		const whole = registry.explainExchange(place, answers);
		if (whole) {
			totals.explained++;
			return;
		}
		this.#judge(place, summary(sent), found);
	}

	#place({ method, path }) {
		const local = path.startsWith(this.base) ? path.slice(this.base.length) : path;
		return { scenario: this.title, endpoint: `${method} ${local.split("?")[0]}` };
	}

	#judge(place, title, found) {
		const open = found.filter((difference) => !registry.explain(place, difference));
		totals.explained += found.length - open.length;
		totals.unexplained += open.length;
		if (open.length === 0) return;
		this.report.push(`  step ${this.#count}: ${title}`, ...open.map((difference) => describe(difference, this.#pairing)));
	}
}
