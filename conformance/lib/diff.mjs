// Comparing one exchange, and the databases it left behind.
import { compare, show } from "./mask.mjs";
import { currentSecret, readCookies, readValue } from "./cookies.mjs";
import { reveal, revealRow } from "./reveal.mjs";
import { self } from "./servers.mjs";

// Headers of the connection, not of the answer.
const ignoredHeaders = new Set(["date", "connection", "keep-alive", "transfer-encoding", "content-length"]);

/** Every difference between two answers, as {kind, at, left, right}. */
export async function compareAnswers(answers, { options, pairing }) {
	const found = [];
	const { oracle, lockstep } = answers;
	const moments = { oracle: oracle.at, lockstep: lockstep.at };
	const reporter = (kind) => (at, left, right) => found.push({ kind, at, left, right, moments });
	if (oracle.status !== lockstep.status) reporter("status")("status", oracle.status, lockstep.status);
	compareHeaders(oracle, lockstep, { options, pairing, moments, report: reporter("header") });
	await compareCookies(oracle, lockstep, { options, pairing, moments, reporter });
	compareBodies(oracle, lockstep, pairing, moments, reporter("body"));
	return found;
}

function compareHeaders(oracle, lockstep, { options, pairing, moments, report }) {
	// A session token in a header is signed as in a cookie, and spelled as it is.
	const open = (name, value) => (name === "set-auth-token" && value ? readValue(encodeURIComponent(value), currentSecret(options)) : reveal(value));
	const names = new Set([...oracle.headers.keys(), ...lockstep.headers.keys()]);
	for (const name of [...names].sort()) {
		if (ignoredHeaders.has(name)) continue;
		const [left, right] = [oracle, lockstep].map((answer) => open(name, answer.headers.get(name)));
		// A whole second may pass between the two answers.
		if (name === "x-retry-after" && Math.abs(Number(left) - Number(right)) <= 1) continue;
		compare(left, right, { pairing, moments, report, path: name });
	}
}

async function compareCookies(oracle, lockstep, { options, pairing, moments, reporter }) {
	const left = await readCookies(oracle.setCookies, options);
	const right = await readCookies(lockstep.setCookies, options);
	if (!self && right.repeated.length > 0) reporter("cookie-repeat")("set-cookie", undefined, right.repeated.join());
	compare(left.seen, right.seen, { pairing, moments, report: reporter("cookie") });
}

function compareBodies(oracle, lockstep, pairing, moments, report) {
	const [left, right] = [oracle.json, lockstep.json];
	if (left === undefined || right === undefined) {
		compare(oracle.text, lockstep.text, { pairing, moments, report, path: "body" });
		return;
	}
	compare(reveal(left), reveal(right), { pairing, moments, report, path: "body" });
	// The same value in other bytes (escapes, spaces, number forms) is a difference too.
	const [leftForm, rightForm] = [JSON.stringify(left) === oracle.text, JSON.stringify(right) === lockstep.text];
	if (leftForm !== rightForm) report("body.(bytes)", oracle.text, lockstep.text);
}

/** Every difference between the rows of two databases, in the order in which they were written. */
export async function compareDatabases(sides, { options, pairing, moments }) {
	const found = [];
	const report = (at, left, right) => found.push({ kind: "database", at, left, right, moments });
	compare(await rowsOf(sides.oracle, options), await rowsOf(sides.lockstep, options), { pairing, moments, report });
	return found;
}

async function rowsOf(database, options) {
	const tables = {};
	for (const table of tablesOf(database)) {
		const rows = database.prepare(`select * from "${table}" order by rowid`).all();
		tables[table] = await Promise.all(rows.map((row) => revealRow(table, row, options)));
	}
	return tables;
}

/** Every difference between what two servers asked of services. */
export function compareRequests({ oracle, lockstep }, { pairing, moments }) {
	const found = [];
	const report = (at, left, right) => found.push({ kind: "service", at, left, right, moments });
	compare(oracle, lockstep, { pairing, moments, report, path: "services" });
	return found;
}

/** The tables of a database that hold somebody's rows. */
export function tablesOf(database) {
	const query = "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' and name not like 'lockstep_%' order by name";
	return database.prepare(query).pluck().all();
}

/** The shape of a database: columns in order with type and constraints, indexes, foreign keys. */
export function schemaOf(database) {
	const shape = {};
	for (const table of tablesOf(database)) {
		const pragma = (name, argument = table) => database.pragma(`${name}("${argument}")`);
		shape[table] = {
			columns: pragma("table_info").map(({ name, type, notnull, pk, dflt_value }) => ({ name, type: type.toLowerCase(), notnull, pk, dflt_value })),
			indexes: Object.fromEntries(
				pragma("index_list")
					.map(({ name, unique, origin }) => {
						const columns = pragma("index_info", name).map((column) => column.name);
						return [origin === "c" ? name : `${origin}(${columns})`, { unique, columns }];
					})
					.sort(([a], [b]) => a.localeCompare(b)),
			),
			references: pragma("foreign_key_list").map(({ table: to, from, to: column, on_delete }) => ({ from, to, column, on_delete })),
		};
	}
	return shape;
}

/** A difference as a line for reading. */
export function describe({ kind, at, left, right, moments }, pairing) {
	const [oracle, lockstep] = [show(left, "oracle", { pairing, moments }), show(right, "lockstep", { pairing, moments })];
	return `    ${kind} ${at}\n      oracle    ${oracle}\n      lockstep  ${lockstep}`;
}
