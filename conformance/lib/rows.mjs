// The rows of a Convex deployment as tables of SQL, so that a scenario reads and changes them as it does those of SQLite.
import { createHmac, timingSafeEqual } from "node:crypto";
import Database from "better-sqlite3";
import { requestSync } from "./sync.mjs";

/**
 * Rows are those of a deployment, with the part of better-sqlite3's interface that the runner uses. Each statement is
 * carried out on a copy in memory, which is filled before and whose changes are sent after.
 *
 * Convex makes ids. A row that the runner writes with an id of its own gets another; from then on that one stands for
 * the runner's, wherever it is named.
 */
export class Rows {
	#url;
	#copy = new Database(":memory:");
	#tables = new Map();
	#ids = new Map();

	/** The rows at a deployment, in the shape of the tables of a SQLite file. */
	constructor(url, file) {
		this.#url = url;
		const shape = new Database(file, { readonly: true });
		const made = shape.prepare("select name, sql from sqlite_master where type = 'table' and name not like 'sqlite_%' and name not like 'lockstep_%'").all();
		for (const { name, sql } of made) {
			this.#copy.exec(sql);
			this.#tables.set(name, this.#copy.pragma(`table_info("${name}")`));
		}
		shape.close();
	}

	/** Like better-sqlite3's. To rename a table away takes the whole deployment away: its tables have no other names. */
	prepare(sql) {
		const gone = /^alter table ".*" rename to "(.*)"$/.exec(sql);
		if (gone) return { run: () => this.#ask("PUT", "faults", gone[1] === "gone" ? [{ action: "unavailable" }] : []) };
		const own = (values) => values.map((value) => this.#ids.get(value) ?? value);
		const statement = {
			run: (...values) => this.#change((copy) => copy.prepare(sql).run(...own(values))),
			all: (...values) => this.#read((copy) => copy.prepare(sql).all(...own(values))),
			pluck: () => ({ all: (...values) => this.#read((copy) => copy.prepare(sql).pluck().all(...own(values))) }),
		};
		return statement;
	}

	/** The path of a request with ids of the runner's replaced: in a token that is signed with the secret, too. */
	translate(path, secret) {
		let own = path;
		for (const [chosen, id] of this.#ids) own = own.replaceAll(chosen, id);
		return own.replace(/[\w-]+\.[\w-]+\.[\w-]+/g, (token) => this.#signAgain(token, secret));
	}

	#signAgain(token, secret) {
		const [header, payload, signature] = token.split(".");
		const sign = (text) => createHmac("sha256", secret).update(text).digest("base64url");
		const right = Buffer.from(sign(`${header}.${payload}`));
		if (signature.length !== right.length || !timingSafeEqual(Buffer.from(signature), right)) return token;
		let claims = Buffer.from(payload, "base64url").toString();
		for (const [chosen, id] of this.#ids) claims = claims.replaceAll(chosen, id);
		const signed = `${header}.${Buffer.from(claims).toString("base64url")}`;
		return `${signed}.${sign(signed)}`;
	}

	/** Empties the deployment, for another server. */
	forget() {
		this.#ask("POST", "reset");
	}

	/** Ends the copy. */
	close() {
		this.#copy.close();
	}

	#read(select) {
		this.#fill();
		return select(this.#copy);
	}

	#change(statement) {
		const documents = this.#fill();
		const done = statement(this.#copy);
		for (const [table, columns] of this.#tables) this.#send(table, columns, documents[table]);
		return done;
	}

	// Makes the copy what the deployment has, and returns that.
	#fill() {
		const documents = this.#ask("GET", "dump");
		const keysMatter = this.#copy.pragma("foreign_keys", { simple: true });
		this.#copy.pragma("foreign_keys = off");
		this.#copy.transaction(() => {
			for (const [table, columns] of this.#tables) {
				this.#copy.prepare(`delete from "${table}"`).run();
				const insert = this.#copy.prepare(`insert into "${table}" (${columns.map(({ name }) => `"${name}"`)}) values (${columns.map(() => "?")})`);
				for (const document of documents[table]) insert.run(...columns.map((column) => fromConvex(document, column)));
			}
		})();
		this.#copy.pragma(`foreign_keys = ${keysMatter}`);
		if ([...this.#tables.keys()].every((table) => documents[table].length === 0)) this.#ids.clear(); // another scenario
		return documents;
	}

	// Sends what a statement has changed in a table.
	#send(table, columns, documents) {
		const rows = this.#copy.prepare(`select * from "${table}" order by rowid`).all();
		const kept = new Set(rows.map((row) => row.id));
		const remove = documents.filter(({ _id }) => !kept.has(_id)).map(({ _id }) => _id);
		const known = new Map(documents.map((document) => [document._id, document]));
		const patch = [];
		const made = [];
		for (const row of rows) {
			const document = known.get(row.id);
			const changed = columns.filter((column) => column.name !== "id" && row[column.name] !== (document ? fromConvex(document, column) : null));
			const fields = Object.fromEntries(changed.map((column) => [column.name, toConvex(row[column.name], column, document)]));
			if (!document) made.push({ id: row.id, fields });
			else if (changed.length > 0) patch.push({ _id: row.id, ...fields });
		}
		if (patch.length + remove.length > 0) this.#ask("POST", "change", { patch, remove });
		if (made.length === 0) return;
		const ids = this.#ask("POST", "load", { tables: { [table]: made.map(({ fields }) => fields) } })[table];
		made.forEach(({ id }, i) => this.#ids.set(id, ids[i]));
	}

	#ask(method, path, body) {
		return requestSync(method, `${this.#url}/__test/${path}`, body);
	}
}

// Convex keeps dates as milliseconds, SQLite as text; SQLite has no booleans and no lists.
function fromConvex(document, { name, type }) {
	const value = document[name === "id" ? "_id" : name] ?? null;
	if (typeof value === "boolean") return Number(value);
	if (Array.isArray(value)) return JSON.stringify(value);
	return typeof value === "number" && isDate(type) ? new Date(value).toISOString() : value;
}

function toConvex(value, { name, type }, document) {
	if (value === null) return null;
	if (typeof document?.[name] === "boolean" || name === "emailVerified") return value !== 0;
	if (Array.isArray(document?.[name])) return JSON.parse(value);
	return isDate(type) ? Date.parse(value) : value;
}

function isDate(type) {
	return type.toLowerCase() === "date";
}
