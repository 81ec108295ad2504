// The oracle: the real better-auth behind node:http, as one process.
// Usage: node oracle.mjs OPTIONS.json [SQLITE_FILE]
// It reports its port to the parent and ends when the parent goes away.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import Database from "better-sqlite3";

const [optionsFile, databaseFile] = process.argv.slice(2);
const options = JSON.parse(readFileSync(optionsFile, "utf8"));
options.logger = { disabled: true };
options.telemetry = { enabled: false };
if (databaseFile) {
	options.database = new Database(databaseFile);
	const { runMigrations } = await getMigrations(options);
	await runMigrations();
}

const server = createServer(toNodeHandler(betterAuth(options)));
server.keepAliveTimeout = 60_000; // ms; a connection closed between two steps would look like a failure
server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
process.on("disconnect", () => process.exit(0));
