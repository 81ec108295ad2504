// The real better-auth as a server of its own, as its users run it: one process behind node:http.
//
//   PORT          where to listen, on 127.0.0.1
//   DB            sqlite (the file DATABASE) or memory
//   COOKIE_CACHE  off, compact, jwt or jwe
//   SECRET        signs cookies
//
// It ends on SIGTERM.
import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import Database from "better-sqlite3";

const { PORT, DB, DATABASE, COOKIE_CACHE, SECRET } = process.env;

const options = {
	baseURL: `http://127.0.0.1:${PORT}`,
	secret: SECRET,
	database: openDatabase(),
	emailAndPassword: { enabled: true },
	rateLimit: { enabled: false },
	session: { cookieCache: { enabled: COOKIE_CACHE !== "off", ...(COOKIE_CACHE !== "off" && { strategy: COOKIE_CACHE }) } },
	telemetry: { enabled: false },
};

if (DB === "sqlite") {
	const { runMigrations } = await getMigrations(options);
	await runMigrations();
}

const server = createServer(toNodeHandler(betterAuth(options)));
server.keepAliveTimeout = 60_000; // ms; the generator keeps its connections
server.listen(Number(PORT), "127.0.0.1");

process.on("SIGTERM", () => process.exit(0));

function openDatabase() {
	switch (DB) {
		case "memory":
			return memoryAdapter({ user: [], session: [], account: [], verification: [] });
		case "sqlite": {
			const database = new Database(DATABASE);
			database.pragma("journal_mode = WAL");
			database.pragma("synchronous = NORMAL");
			return database;
		}
		default:
			throw new Error(`DB is ${DB}, must be sqlite or memory`);
	}
}
