// Interoperation: both servers on one database with one secret, as in a fleet that is being moved from one to the other.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe as suite, test } from "node:test";
import { officialClient } from "./client.mjs";
import { endConnections, request } from "./http.mjs";
import { IdP } from "./idp.mjs";
import { Jar } from "./jar.mjs";
import { basePath, usualHeaders, withDefaults } from "./options.mjs";
import { endHosts, self, startLockstep, startOracle, stopAll } from "./servers.mjs";

const groups = [];

/**
 * Adds tests that share one database, whose tables the oracle makes, or Lockstep where `setup.tablesBy` says so.
 * `setup.options`, `setup.callbacks` and `setup.services` are given to both servers, which have one `idp`; `define` receives the function
 * that declares a test, whose steps run twice: from the oracle to Lockstep and from Lockstep to the oracle.
 */
export function interop(name, setup, define) {
	groups.push({ name, setup, define });
}

/** Declares all that was added. */
export function declareInterop() {
	suite("one database, two servers", () => {
		for (const { name, setup, define } of groups) suite(name, () => declareGroup({ ...setup, options: withDefaults(setup.options) }, define));
	});
	after(() => {
		endHosts();
		endConnections();
	});
}

function declareGroup({ options, tablesBy, callbacks, services }, define) {
	let servers;
	let folder;
	let idp;
	before(async () => {
		folder = mkdtempSync(join(tmpdir(), "conformance-"));
		if (services) idp = await IdP.start();
		const setup = { options, callbacks, services, idp, file: join(folder, "auth.db") };
		const start = { oracle: startOracle, lockstep: self ? () => startOracle(setup, "lockstep") : startLockstep };
		// One after the other: the first makes the tables, the second must find nothing to change.
		servers = {};
		for (const side of tablesBy === "lockstep" ? ["lockstep", "oracle"] : ["oracle", "lockstep"]) servers[side] = await start[side](setup);
	});
	after(async () => {
		await stopAll(Object.values(servers ?? {}));
		rmSync(folder, { recursive: true, force: true });
	});
	define((title, steps) => {
		for (const [from, to] of [["oracle", "lockstep"], ["lockstep", "oracle"]]) {
			test(`${title} (${from} to ${to})`, async () => {
				const { database } = servers.oracle;
				for (const table of ["session", "account", "verification", "user"]) database.prepare(`delete from "${table}"`).run();
				for (const { listener } of Object.values(servers)) listener?.clear();
				idp?.clear();
				const [a, b] = [from, to].map((side) => new Visitor(servers[side], options));
				await steps({ a, b, database, options, idp, browser: () => new Jar() });
			});
		}
	});
}

/** A Visitor sends requests of a browser to one of the servers. */
class Visitor {
	constructor(server, options) {
		Object.assign(this, { server, options });
	}

	/** Sends a request with the cookies of a jar, which takes what comes back. */
	async send(method, path, jar, json) {
		const headers = { ...usualHeaders(this.options), cookie: jar.header() };
		if (json !== undefined) headers["content-type"] = "application/json";
		const body = json === undefined ? undefined : JSON.stringify(json);
		const answer = await request(this.server.port, { method, path: basePath(this.options) + path, headers, body });
		jar.take(answer.setCookies);
		return answer;
	}

	/** Sends a GET. */
	get(path, jar) {
		return this.send("GET", path, jar);
	}

	/** Sends a POST. */
	post(path, jar, json = {}) {
		return this.send("POST", path, jar, json);
	}

	/** The session that a jar has here, or null. */
	async session(jar, query = "") {
		return (await this.get(`/get-session${query}`, jar)).json;
	}

	/** The link and the token of the one mail that the server has sent since the last time. */
	async mail() {
		const mails = (await this.server.listener.take(1)).filter((call) => call.url);
		assert.equal(mails.length, 1, `${this.server.name} sent ${mails.length} mails`);
		const [{ url, token, user }] = mails;
		return { path: url.slice(url.indexOf(basePath(this.options)) + basePath(this.options).length), token, to: user.email };
	}

	/** The official client on a jar. */
	client(jar) {
		return officialClient(this.server, this.options, jar);
	}
}
