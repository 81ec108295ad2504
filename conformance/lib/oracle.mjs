// The oracle: the real better-auth behind node:http. One process holds many instances, because loading the library
// takes longer than all else. Messages: {start, options, file, callbacks, services} is answered by {started, port} or
// {started, error}; {stop} by {stopped}. The process ends when its parent goes away.
import { AsyncLocalStorage } from "node:async_hooks";
import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import { bearer, jwt } from "better-auth/plugins";
import * as generic from "better-auth/plugins/generic-oauth";
import Database from "better-sqlite3";
import { withCallbacks } from "./callbacks.mjs";

const running = new Map();

// Some URLs of services are constants of the library, so what it fetches over https is fetched from the runner: from the
// services of the instance whose request it is.
const playing = new AsyncLocalStorage();
const fetchDirectly = globalThis.fetch;
globalThis.fetch = (target, init) => {
	const { protocol, host, pathname, search } = new URL(target);
	const url = playing.getStore();
	return fetchDirectly(url && protocol === "https:" ? url + host + pathname + search : target, init);
};

process.on("message", async ({ start, stop, options, file, callbacks, services }) => {
	if (stop !== undefined) {
		const { server, database } = running.get(stop);
		running.delete(stop);
		server.closeAllConnections();
		server.close(() => {
			database?.close();
			process.send({ stopped: stop });
		});
		return;
	}
	try {
		const given = callbacks ? withCallbacks(options, callbacks) : options;
		process.send({ started: start, port: await playing.run(services?.url, () => serve(start, given, { file, services })) });
	} catch (error) {
		process.send({ started: start, error: error.stack });
	}
});

process.on("disconnect", () => process.exit(0));

// Fills in the options of a generic provider that is ready-made.
function readyMade({ preset, ...options }) {
	return preset ? generic[preset](options) : options;
}

// A plugin as it stands in a configuration file: its name, perhaps with options.
function named(entry) {
	const [[name, options]] = typeof entry === "string" ? [[entry]] : Object.entries(entry);
	return { bearer, jwt }[name](options);
}

async function serve(id, options, { file, services }) {
	const plugins = (options.plugins ?? []).map(named);
	if (services?.generic.length > 0) plugins.push(generic.genericOAuth({ config: services.generic.map(readyMade) }));
	const given = { ...options, plugins, logger: { disabled: true }, telemetry: { enabled: false } };
	const database = file ? new Database(file) : undefined;
	if (database) {
		given.database = database;
		const { runMigrations } = await getMigrations(given);
		await runMigrations();
	}
	const handler = toNodeHandler(betterAuth(given));
	// What the handler throws is answered as every framework does; alone it would end the process.
	const answer = (request, response) => handler(request, response).catch(() => response.writeHead(500).end());
	const server = createServer((request, response) => playing.run(services?.url, answer, request, response));
	server.keepAliveTimeout = 60_000; // ms; a connection closed between two steps would look like a failure
	await new Promise((done) => server.listen(0, "127.0.0.1", done));
	running.set(id, { server, database });
	return server.address().port;
}
