// A Convex deployment for Lockstep: the test bed of js/convex-testbed with the files that "lockstep convex init" makes.
import { execFile, spawn } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Rows } from "./rows.mjs";

const testbed = fileURLToPath(new URL("../../js/convex-testbed/server.mjs", import.meta.url));
const key = "testbed|0123456789abcdef";
const secret = "a shared secret of more than 32 characters";

/** The access modes of docs/convex.md: what opens the deployment, and whose functions are in it. */
const modes = {
	"functions-key": { opens: { deployKey: key } },
	"functions-secret": { opens: { secret }, flags: ["--with-secret"] },
	"createapi-key": { opens: { deployKey: key }, module: createApi("internal(createApi(schema, () => ({})))") },
	"createapi-public": { opens: { insecureAllowPublicFunctions: true }, module: createApi("createApi(schema, () => ({}))") },
};

// convex/auth.ts as in the integration guide, or as docs/convex.md makes it internal.
function createApi(functions) {
	return `import { createApi } from '@convex-dev/better-auth'
import schema from './schema'

function internal<T extends Record<string, any>>(functions: T): T {
  for (const f of Object.values(functions)) {
    delete f.isPublic
    f.isInternal = true
  }
  return functions
}

export const { create, findOne, findMany, updateOne, updateMany, deleteOne, deleteMany } = ${functions}
`;
}

/** Where Lockstep keeps its rows in this run: "sqlite", or one of the access modes to Convex. */
export const store = process.env.CONFORMANCE_STORE || "sqlite";
if (store !== "sqlite" && !modes[store]) throw new Error(`CONFORMANCE_STORE is ${store}: there is sqlite, ${Object.keys(modes).join(", ")}`);

// Test beds that nobody uses at the moment, by the tables that are deployed in them. To start one takes longer than a
// scenario.
const idle = new Map();

/**
 * A deployment for a server with these options. `scratch` is an empty folder, `file` a SQLite database that the server
 * would have. It returns the section `database` of the configuration, the rows, and a function that gives it back.
 */
export async function deploy({ binary, options, scratch, file, env }) {
	const { opens, flags = [], module } = modes[store];
	const config = join(scratch, "convex.json");
	writeFileSync(config, JSON.stringify({ ...options, database: { convex: { url: "http://127.0.0.1:1", ...opens } } }));
	await promisify(execFile)(binary, ["convex", "init", "--config", config, "--dir", scratch, ...flags], { env });
	const folder = join(scratch, "convex");
	if (module) {
		for (const name of ["lockstep.ts", "crons.ts"]) rmSync(join(folder, name));
		writeFileSync(join(folder, "auth.ts"), module);
	}
	const tables = readFileSync(join(folder, "lockstepSchema.ts"), "utf8");
	const bed = idle.get(tables)?.pop() ?? (await startTestbed(folder, env));
	const rows = new Rows(bed.url, file);
	const end = () => {
		rows.forget();
		idle.set(tables, [...(idle.get(tables) ?? []), bed]);
	};
	return { database: { convex: { url: bed.url, ...opens } }, rows, end };
}

/** Ends the test beds. */
export function endDeployments() {
	for (const { child } of [...idle.values()].flat()) child.stdin.end();
	idle.clear();
}

/** A test bed with a profile of its own, or with the functions in a folder. It ends with the input of `child`. */
export async function startTestbed(profile, env) {
	const flags = ["--quiet", "--redact", "--port", "0", "--exit-with-stdin", "--admin-key", key, "--profile", profile];
	const child = spawn(process.execPath, [testbed, ...flags], { env: { ...env, LOCKSTEP_SECRET: secret }, stdio: ["pipe", "pipe", "inherit"] });
	for await (const url of createInterface({ input: child.stdout })) return { url, child };
	throw new Error("the Convex test bed did not start");
}
