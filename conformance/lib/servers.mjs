// Starting and stopping the two servers that are compared.
import { execFile, fork, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import Database from "better-sqlite3";
import { request } from "./http.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const repository = resolve(here, "../..");

// How long a server may take to answer its first request.
const startTimeout = 15_000; // ms

/** Whether both sides are the oracle, which proves that masking hides nothing it should not and nothing it must. */
export const self = process.env.CONFORMANCE_SELF === "1";

/** A Server is a running process, its port and, unless it is stateless, an open handle on its database. */
export class Server {
	constructor(name, port, child, database, scratch) {
		Object.assign(this, { name, port, child, database, scratch });
	}

	/** Ends the process and forgets its files. */
	async stop() {
		this.database?.close();
		if (this.child.exitCode === null && this.child.signalCode === null) {
			const gone = new Promise((done) => this.child.once("exit", done));
			this.child.kill();
			await gone;
		}
		if (this.scratch) rmSync(this.scratch, { recursive: true, force: true });
	}
}

/**
 * Starts the real better-auth.
 * `setup` has options (better-auth's own, as JSON), env, and either stateless or a database file to share.
 */
export async function startOracle(setup) {
	const { scratch, file, database } = prepare(setup);
	const optionsFile = join(scratch, "options.json");
	writeFileSync(optionsFile, JSON.stringify(setup.options));
	const child = fork(join(here, "oracle.mjs"), database ? [optionsFile, file] : [optionsFile], {
		env: environment(setup),
		stdio: ["ignore", "pipe", "pipe", "ipc"],
	});
	const log = collect(child);
	const port = await new Promise((done, fail) => {
		child.once("message", (message) => done(message.port));
		child.once("exit", () => fail(new Error(`the oracle did not start:\n${log()}`)));
	});
	return new Server("oracle", port, child, open(database), scratch);
}

/** Starts Lockstep with the same setup: the same document, with the database's place added. */
export async function startLockstep(setup) {
	const binary = await lockstepBinary();
	const { scratch, file, database } = prepare(setup);
	const configFile = join(scratch, "lockstep.json");
	const place = database ? { sqlite: file } : { stateless: true };
	writeFileSync(configFile, JSON.stringify({ ...setup.options, database: place }));
	const env = environment(setup);
	if (database) {
		await promisify(execFile)(binary, ["migrate", "--config", configFile, "--yes"], { env });
	}
	const port = await freePort();
	const child = spawn(binary, ["serve", "--config", configFile, "--addr", `127.0.0.1:${port}`], {
		env,
		stdio: ["ignore", "pipe", "pipe"],
	});
	const log = collect(child);
	const path = `${basePath(setup.options)}/ok`;
	for (const started = Date.now(); ; ) {
		if (child.exitCode !== null || Date.now() - started > startTimeout) {
			child.kill();
			throw new Error(`lockstep did not start:\n${log()}`);
		}
		const answer = await request(port, { path, headers: { host: hostOf(setup.options) } }).catch(() => null);
		if (answer && answer.status < 500) break;
		await new Promise((done) => setTimeout(done, 20));
	}
	return new Server("lockstep", port, child, open(database), scratch);
}

/** Starts both sides, the second being the oracle again in self mode. */
export async function startBoth(setup) {
	const second = self ? startOracle(setup).then((server) => Object.assign(server, { name: "lockstep" })) : startLockstep(setup);
	const [oracle, lockstep] = await Promise.allSettled([startOracle(setup), second]);
	if (oracle.status === "fulfilled" && lockstep.status === "fulfilled") {
		return { oracle: oracle.value, lockstep: lockstep.value };
	}
	for (const started of [oracle, lockstep]) await started.value?.stop();
	throw oracle.reason ?? lockstep.reason;
}

/** The path under which the endpoints live. */
export function basePath(options) {
	const path = new URL(options.baseURL).pathname;
	return path !== "/" ? path : (options.basePath ?? "/api/auth");
}

/** The host that requests name, whatever address the server listens on. */
export function hostOf(options) {
	return new URL(options.baseURL).host;
}

function prepare({ stateless, file }) {
	const scratch = mkdtempSync(join(tmpdir(), "conformance-"));
	return { scratch, file: file ?? join(scratch, "auth.db"), database: stateless ? null : (file ?? join(scratch, "auth.db")) };
}

function open(file) {
	return file ? new Database(file, { timeout: 5_000 }) : null;
}

// Only what a process needs to run: a BETTER_AUTH_* variable of the developer must not decide a test.
function environment({ env }) {
	const kept = ["PATH", "HOME", "TMPDIR", "SystemRoot"].filter((name) => process.env[name] !== undefined);
	return { ...Object.fromEntries(kept.map((name) => [name, process.env[name]])), NODE_ENV: "production", ...env };
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

let building;

function lockstepBinary() {
	building ??= buildLockstep();
	return building;
}

async function buildLockstep() {
	const given = process.env.LOCKSTEP_BIN;
	if (given) {
		const binary = resolve(given);
		if (!existsSync(binary)) throw new Error(`LOCKSTEP_BIN names ${binary}, which does not exist`);
		return binary;
	}
	const folder = mkdtempSync(join(tmpdir(), "lockstep-bin-"));
	process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
	const binary = join(folder, "lockstep");
	await promisify(execFile)("go", ["build", "-o", binary, "./cmd/lockstep"], { cwd: repository });
	return binary;
}
