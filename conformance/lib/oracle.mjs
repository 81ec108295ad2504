// The oracle: the real better-auth behind node:http. One process holds many instances, because loading the library
// takes longer than all else. Messages: {start, options, file, callbacks} is answered by {started, port} or
// {started, error}; {stop} by {stopped}. The process ends when its parent goes away.
import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import Database from "better-sqlite3";
import { withCallbacks } from "./callbacks.mjs";

const running = new Map();

process.on("message", async ({ start, stop, options, file, callbacks }) => {
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
		process.send({ started: start, port: await serve(start, callbacks ? withCallbacks(options, callbacks) : options, file) });
	} catch (error) {
		process.send({ started: start, error: error.stack });
	}
});

process.on("disconnect", () => process.exit(0));

async function serve(id, options, file) {
	const given = { ...options, logger: { disabled: true }, telemetry: { enabled: false } };
	const database = file ? new Database(file) : undefined;
	if (database) {
		given.database = database;
		const { runMigrations } = await getMigrations(given);
		await runMigrations();
	}
	const handler = toNodeHandler(betterAuth(given));
	// What the handler throws is answered as every framework does; alone it would end the process.
	const server = createServer((request, response) => handler(request, response).catch(() => response.writeHead(500).end()));
	server.keepAliveTimeout = 60_000; // ms; a connection closed between two steps would look like a failure
	await new Promise((done) => server.listen(0, "127.0.0.1", done));
	running.set(id, { server, database });
	return server.address().port;
}
