// Starting and stopping the two servers that are compared.
import { execFile, fork, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import Database from "better-sqlite3";
import { deploy, endDeployments, store } from "./convex.mjs";
import { request } from "./http.mjs";
import { IdP } from "./idp.mjs";
import { Listener } from "./listener.mjs";
import { basePath, usualHeaders } from "./options.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const repository = resolve(here, "../..");

// How long a server may take to answer its first request.
const startTimeout = 15_000; // ms

/** Whether both sides are the oracle, which proves that masking hides nothing it should not and nothing it must. */
export const self = process.env.CONFORMANCE_SELF === "1";

/**
 * A Server is a running server, its port and, unless it is stateless, an open handle on its database. If it has
 * callbacks, `listener` hears them; if it has services, `idp` plays them.
 */
export class Server {
	#end;

	constructor({ name, port, database, listener, idp, end }) {
		Object.assign(this, { name, port, database, listener, idp });
		this.#end = end;
	}

	/** Ends the server and forgets its files. */
	async stop() {
		this.database?.close();
		await this.#end();
		await this.listener?.stop();
		await this.idp?.stop();
	}
}

/**
 * Starts the real better-auth.
 * `setup` has options (better-auth's own, as JSON), the names of `callbacks` to be told of, `services` (true, or a list of
 * generic OAuth providers) where users sign in with services, an `idp` to share, and either `stateless` or the `file` of a
 * database to share.
 * The rate limiter of the library counts per process, so whoever looks at it asks for a process `alone`.
 */
export async function startOracle(setup, name = "oracle") {
	const { scratch, file } = prepare(setup);
	const { listener, callbacks } = await listen(setup);
	const { idp, services } = await play(setup);
	const host = setup.alone ? new OracleHost() : sharedHost(name);
	const { id, port } = await host.start({ options: setup.options, file, callbacks, services });
	const end = async () => {
		await host.stop(id);
		if (setup.alone) host.end();
		remove(scratch);
	};
	return new Server({ name, port, database: open(file), listener, idp, end });
}

// The services of a setup, and what the server has to know of them.
async function play({ services, idp: shared }) {
	if (!services) return {};
	const idp = shared ?? (await IdP.start());
	return { idp, services: { url: idp.url, generic: Array.isArray(services) ? services : [] } };
}

// The listener for the callbacks of a setup, and what the server has to know of them.
async function listen({ callbacks }) {
	if (!callbacks) return {};
	const listener = await Listener.start();
	return { listener, callbacks: { url: listener.url, names: callbacks } };
}

// An OracleHost is one process that holds instances of better-auth.
class OracleHost {
	#child;
	#log;
	#waiting = new Map();
	#next = 0;
	#gone = false;

	constructor() {
		this.#child = fork(join(here, "oracle.mjs"), { env: environment(), stdio: ["ignore", "pipe", "pipe", "ipc"] });
		this.#log = collect(this.#child);
		this.#child.on("message", (message) => this.#settle(message.started ?? message.stopped, message));
		this.#child.once("exit", () => {
			this.#gone = true;
			for (const id of [...this.#waiting.keys()]) this.#settle(id, { error: "the process ended" });
		});
	}

	async start(setup) {
		const id = this.#next++;
		const { port, error } = await this.#ask(id, { start: id, ...setup });
		if (error) throw new Error(`the oracle did not start: ${error}\n${this.#log()}`);
		return { id, port };
	}

	async stop(id) {
		if (this.#gone) throw new Error(`the oracle ended by itself:\n${this.#log()}`);
		await this.#ask(id, { stop: id });
	}

	end() {
		if (!this.#gone) this.#child.disconnect();
	}

	#ask(id, message) {
		return new Promise((done) => {
			this.#waiting.set(id, done);
			this.#child.send(message);
		});
	}

	#settle(id, message) {
		this.#waiting.get(id)?.(message);
		this.#waiting.delete(id);
	}
}

const hosts = new Map();

// Each name has a process of its own: in self mode the two sides share nothing.
function sharedHost(name) {
	if (!hosts.has(name)) hosts.set(name, new OracleHost());
	return hosts.get(name);
}

/** Starts Lockstep with the same setup: the same document, with the place of the database added. */
export async function startLockstep(setup) {
	const { scratch, file } = prepare(setup);
	const { listener, callbacks } = await listen(setup);
	const { idp, services } = await play(setup);
	const port = await freePort();
	const address = `127.0.0.1:${port}`;
	const place = await placeOf(setup, scratch, file);
	const asLibrary = callbacks || services || !file;
	const child = asLibrary
		? await serveLibrary(setup, { database: place.database, callbacks, services }, address)
		: await serve(setup, scratch, place.database, address);
	const log = collect(child);
	const killed = () => child.kill();
	process.once("exit", killed);
	const gone = new Promise((done) => child.once("exit", done));
	const end = async () => {
		process.removeListener("exit", killed);
		child.kill();
		await gone;
		await place.end?.();
		remove(scratch);
	};
	const ready = await answers(port, setup.options, () => child.exitCode !== null);
	if (!ready) {
		await end();
		await listener?.stop();
		await idp?.stop();
		throw new Error(`lockstep did not start:\n${log()}`);
	}
	return new Server({ name: "lockstep", port, database: place.rows ?? open(file), listener, idp, end });
}

// Where Lockstep keeps its rows: the section `database` of its configuration and, if that is no file, the rows.
async function placeOf({ options }, scratch, file) {
	if (!file) return {};
	const binary = await program("./cmd/lockstep", process.env.LOCKSTEP_BIN);
	const config = join(scratch, "sqlite.json");
	writeFileSync(config, JSON.stringify({ ...options, database: { sqlite: file } }));
	await promisify(execFile)(binary, ["migrate", "--config", config, "--yes"], { env: environment() });
	return store === "sqlite" ? { database: { sqlite: file } } : deploy({ binary, options, scratch, file, env: environment() });
}

async function serve({ options }, scratch, database, address) {
	const binary = await program("./cmd/lockstep", process.env.LOCKSTEP_BIN);
	const config = join(scratch, "lockstep.json");
	writeFileSync(config, JSON.stringify({ ...options, database }));
	return spawn(binary, ["serve", "--config", config, "--addr", address], { env: environment(), stdio: ["ignore", "pipe", "pipe"] });
}

async function serveLibrary({ options }, more, address) {
	const child = spawn(await program("./conformance/library"), [address], { env: environment(), stdio: ["pipe", "pipe", "pipe"] });
	child.stdin.end(JSON.stringify({ ...options, ...more }));
	return child;
}

// Asks until there is an answer. A path that is disabled answers too.
async function answers(port, options, ended) {
	const question = { path: `${basePath(options)}/ok`, headers: usualHeaders(options) };
	for (const started = Date.now(); Date.now() - started < startTimeout && !ended(); ) {
		const answer = await request(port, question).catch(() => null);
		if (answer && answer.status < 500) return true;
		await new Promise((done) => setTimeout(done, 20));
	}
	return false;
}

/** Starts both sides, the second being the oracle again in self mode. */
export async function startBoth(setup) {
	const second = self ? startOracle(setup, "lockstep") : startLockstep(setup);
	const [oracle, lockstep] = await Promise.allSettled([startOracle(setup), second]);
	if (oracle.status === "fulfilled" && lockstep.status === "fulfilled") {
		return { oracle: oracle.value, lockstep: lockstep.value };
	}
	await stopAll([oracle, lockstep].filter((started) => started.value).map((started) => started.value));
	throw oracle.reason ?? lockstep.reason;
}

/** Ends the processes that the servers shared. */
export function endHosts() {
	endDeployments();
	for (const host of hosts.values()) host.end();
	hosts.clear();
}

/** Ends servers; the first failure is reported when all are ended. */
export async function stopAll(servers) {
	const ends = await Promise.allSettled(servers.map((server) => server.stop()));
	const failed = ends.find((end) => end.status === "rejected");
	if (failed) throw failed.reason;
}

function prepare({ stateless, file }) {
	const scratch = mkdtempSync(join(tmpdir(), "conformance-"));
	return { scratch, file: stateless ? null : (file ?? join(scratch, "auth.db")) };
}

function remove(scratch) {
	rmSync(scratch, { recursive: true, force: true });
}

function open(file) {
	return file ? new Database(file, { timeout: 5_000 }) : null;
}

// Only what a process needs to run: a BETTER_AUTH_* variable of the developer must not decide a test.
function environment() {
	const kept = ["PATH", "HOME", "TMPDIR"].filter((name) => process.env[name] !== undefined);
	return { ...Object.fromEntries(kept.map((name) => [name, process.env[name]])), NODE_ENV: "production" };
}

function collect(child) {
	const lines = [];
	for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => lines.push(chunk));
	return () => Buffer.concat(lines).toString().slice(-4_000);
}

function freePort() {
	return new Promise((done, fail) => {
		const probe = createServer();
		probe.once("error", fail);
		probe.listen(0, "127.0.0.1", () => {
			const { port } = probe.address();
			probe.close(() => done(port));
		});
	});
}

const programs = new Map();

// The path of a program of this repository: the given one, or one that is built now, once.
function program(source, given) {
	if (!programs.has(source)) programs.set(source, given ? existing(given) : build(source));
	return programs.get(source);
}

async function existing(path) {
	const binary = resolve(path);
	if (!existsSync(binary)) throw new Error(`LOCKSTEP_BIN names ${binary}, which does not exist`);
	return binary;
}

async function build(source) {
	const folder = mkdtempSync(join(tmpdir(), "conformance-bin-"));
	process.once("exit", () => remove(folder));
	const binary = join(folder, basename(source));
	await promisify(execFile)("go", ["build", "-o", binary, source], { cwd: repository });
	return binary;
}
