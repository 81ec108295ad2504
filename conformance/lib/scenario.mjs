// Scenarios: the same steps at both servers, everything compared.
import assert from "node:assert/strict";
import { officialClient } from "./client.mjs";
import { currentSecret } from "./cookies.mjs";
import { compareAnswers, compareDatabases, compareRequests, describe, tablesOf } from "./diff.mjs";
import { request } from "./http.mjs";
import { Jar } from "./jar.mjs";
import { compareCalls } from "./listener.mjs";
import { compare, Pairing } from "./mask.mjs";
import { memberRows } from "./member.mjs";
import { basePath, password, usualHeaders } from "./options.mjs";
import { reveal } from "./reveal.mjs";
import { secretsOf, Visit } from "./visit.mjs";

const sides = ["oracle", "lockstep"];

/** A Scenario is what the steps of one test see. */
export class Scenario {
	/** What to print when the scenario fails. */
	report = [];

	#pairing = new Pairing();
	#jars = new Map();
	#count = 0;
	#members = 0;
	#last;
	#told = { oracle: [], lockstep: [] };

	constructor(title, servers, options, registry) {
		Object.assign(this, { title, servers, options, registry });
		this.base = basePath(options);
	}

	/** Empties both databases, so that scenarios do not meet each other. */
	clear() {
		for (const side of sides) {
			const { database, listener, idp } = this.servers[side];
			listener?.clear();
			idp?.clear();
			if (database) for (const table of tablesOf(database)) database.prepare(`delete from "${table}"`).run();
		}
	}

	/** Compares what is left in the databases, and sees to it that no mail is left over. */
	async close() {
		if (this.servers.oracle.listener) {
			const [oracle, lockstep] = await Promise.all(sides.map((side) => this.servers[side].listener.rest()));
			if (oracle.length + lockstep.length > 0) await this.#compareCalls({ scenario: this.title, endpoint: "" }, "after the last step", { oracle, lockstep });
		}
		const databases = { oracle: this.servers.oracle.database, lockstep: this.servers.lockstep.database };
		if (!databases.oracle) return;
		const moments = this.#last ?? { oracle: Date.now(), lockstep: Date.now() };
		const found = await compareDatabases(databases, { options: this.options, pairing: this.#pairing, moments });
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

	/** Empties tables at both databases: after a difference that is meant, what follows from it is no other one. */
	empty(...tables) {
		for (const table of tables) this.sql(`delete from "${table}"`);
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
	 * Puts a user with a session into both databases, as a sign-up would have left them.
	 * Returns what signUp returns as far as tests need it: json.token.
	 */
	async member(actor, { rememberMe = true } = {}) {
		const { rows, cookies, token } = await memberRows(actor, `${actor}${++this.#members}`, this.options, rememberMe);
		for (const [table, row] of Object.entries(rows)) {
			const names = Object.keys(row).map((name) => `"${name}"`);
			this.sql(`insert into "${table}" (${names}) values (${names.map(() => "?")})`, () => Object.values(row));
		}
		for (const [name, value] of Object.entries(cookies)) this.changeCookie(actor, name, () => value);
		return Object.fromEntries(sides.map((side) => [side, { json: { token } }]));
	}

	/** Puts a one-time secret of the actor, the first member, into both databases. */
	secretFor(actor, identifier) {
		const at = new Date(Date.now() + 60_000).toISOString();
		const row = [identifier.padEnd(32, "0").replace(/[^a-zA-Z0-9]/g, "0").slice(-32), identifier, `${actor}1User`.padEnd(32, "0"), at, at, at];
		this.sql('insert into verification (id, identifier, value, "expiresAt", "createdAt", "updatedAt") values (?, ?, ?, ?, ?, ?)', () => row);
	}

	/** Signs a new user up; the actor's jar holds the session. */
	signUp(actor, more = {}, given = {}) {
		return this.post("/sign-up/email", { as: actor, ...given, json: { name: actor, email: `${actor}@example.com`, password, ...more } });
	}

	/** Signs an existing user in. */
	signIn(actor, more = {}, given = {}) {
		return this.post("/sign-in/email", { as: actor, ...given, json: { email: `${actor}@example.com`, password, ...more } });
	}

	/** Whether calls of a callback fail from now on, at both sides. */
	refuse(name, refused) {
		for (const side of sides) this.servers[side].listener.refuse(name, refused);
	}

	/** The last mail with a link, at this moment: `path` and `token` are functions of the side, for steps to come. */
	mail() {
		const last = Object.fromEntries(sides.map((side) => [side, this.#told[side].findLast((call) => call.url)]));
		return {
			path: (side) => last[side].url.slice(last[side].url.indexOf(this.base) + this.base.length),
			token: (side) => last[side].token,
		};
	}

	/** Starts a sign-in with a service, or what else `path` starts, and returns the visit of the actor's browser there. */
	async visit(actor, json, { path = "/sign-in/social", ...given } = {}) {
		return new Visit(this, actor, await this.post(path, { as: actor, ...given, json }));
	}

	/** Services answer otherwise from now on, at both sides; see IdP. */
	service(place, answer) {
		for (const side of sides) this.servers[side].idp.answer(place, answer);
	}

	/** Makes one call of the official client at both sides; compares what it returns and all that went over the wire. */
	async client(actor, call) {
		const results = {};
		const exchanges = {};
		for (const side of sides) {
			exchanges[side] = [];
			const seen = (sent, answer) => exchanges[side].push({ sent, answer });
			results[side] = plain(await call(officialClient(this.servers[side], this.options, this.jar(side, actor), seen), side));
		}
		assert.equal(exchanges.lockstep.length, exchanges.oracle.length, "the client sent another number of requests");
		for (const [i, { sent, answer }] of exchanges.oracle.entries()) {
			await this.#compare(sent, { oracle: answer, lockstep: exchanges.lockstep[i].answer });
		}
		const found = [];
		const report = (at, left, right) => found.push({ kind: "client", at, left, right, moments: this.#last });
		compare(reveal(results.oracle), reveal(results.lockstep), { pairing: this.#pairing, moments: this.#last, report, path: "result" });
		const { sent } = exchanges.oracle[0];
		this.#judge(this.#place(sent), `what the client returned for ${sent.method} ${sent.path}`, found);
		return results;
	}

	#request(side, method, path, given) {
		const at = (value) => (typeof value === "function" ? value(side) : value);
		const headers = usualHeaders(this.options);
		if (given.as) headers.cookie = this.jar(side, given.as).header();
		if ("cookie" in given) headers.cookie = at(given.cookie);
		let body = at(given.body);
		if ("json" in given) {
			body = JSON.stringify(at(given.json));
			headers["content-type"] = "application/json";
		}
		const target = given.absolute ? at(path) : this.base + at(path);
		const { database } = this.servers[side];
		return { method, path: database?.translate?.(target, currentSecret(this.options)) ?? target, headers: { ...headers, ...at(given.headers) }, body };
	}

	async #compare(sent, answers) {
		this.#last = { oracle: answers.oracle.at, lockstep: answers.lockstep.at };
		this.#count++;
		this.registry.totals.exchanges++;
		if (this.servers.oracle.idp) this.#introduce(answers);
		const found = await compareAnswers(answers, { options: this.options, pairing: this.#pairing });
		if (found.length > 0) this.#judge(this.#place(sent), summary(sent), found, answers);
		if (this.servers.oracle.listener) await this.#listen(sent);
		if (this.servers.oracle.idp) this.#watch(sent);
	}

	// The secrets of a redirect to a service stand for each other, wherever they are from now on.
	#introduce(answers) {
		const [oracle, lockstep] = sides.map((side) => secretsOf(answers[side]));
		for (const name of Object.keys(oracle)) if (lockstep[name]) this.#pairing.learn(oracle[name], lockstep[name]);
	}

	// Compares what a request made the servers ask of services.
	#watch(sent) {
		const [oracle, lockstep] = sides.map((side) => this.servers[side].idp.take());
		const found = compareRequests({ oracle, lockstep }, { pairing: this.#pairing, moments: this.#last });
		if (found.length > 0) this.#judge(this.#place(sent), `requests of ${summary(sent)}`, found);
	}

	// Compares the callbacks that a request led to. The oracle's are over when it has answered.
	async #listen(sent) {
		const oracle = await this.servers.oracle.listener.take();
		const lockstep = await this.servers.lockstep.listener.take(oracle.length);
		await this.#compareCalls(this.#place(sent), `callbacks of ${summary(sent)}`, { oracle, lockstep });
	}

	async #compareCalls(place, title, calls) {
		for (const side of sides) this.#told[side].push(...calls[side]);
		const found = await compareCalls(calls, { options: this.options, pairing: this.#pairing, moments: this.#last });
		if (found.length > 0) this.#judge(place, title, found);
	}

	#place({ method, path }) {
		const local = path.startsWith(this.base) ? path.slice(this.base.length) : path;
		return { scenario: this.title, endpoint: `${method} ${local.split("?")[0]}` };
	}

	#judge(place, title, found, answers) {
		const open = this.registry.unexplained(place, found, answers);
		if (open.length === 0) return;
		this.report.push(`  step ${this.#count}: ${title}`, ...open.map((difference) => describe(difference, this.#pairing)));
	}
}

// A request in a line: what was changed of the usual headers, and the start of the body.
function summary({ method, path, body, changed }) {
	const headers = changed ? ` ${JSON.stringify(changed)}` : "";
	const start = body ? ` ${String(body).slice(0, 200)}` : "";
	return `${method} ${path.slice(0, 200)}${headers}${start}`;
}

// A value with its dates marked, so that a date is not the text of a date.
function plain(value) {
	if (value instanceof Date) return { date: value.toISOString() };
	if (Array.isArray(value)) return value.map(plain);
	if (typeof value !== "object" || value === null) return value;
	return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]));
}
