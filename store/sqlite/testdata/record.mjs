// Records what Better Auth's own migrator makes of a schema, for migrate_test.go:
//
//	npm install better-auth@1.7.25 better-sqlite3 && node record.mjs
import { writeFileSync } from "node:fs";
import Database from "better-sqlite3";
import { getMigrations } from "better-auth/db/migration";

const user = { model: "user", field: "id", onDelete: "cascade" };
const odd = {
  id: "odd",
  schema: {
    odd: {
      modelName: "odd_things",
      fields: {
        text: { type: "string", fieldName: "the \"text\"" },
        number: { type: "number", required: false },
        big: { type: "number", bigint: true, required: false },
        flag: { type: "boolean", required: false, defaultValue: false },
        at: { type: "date", required: false, fieldName: "at_time" },
        json: { type: "json", required: false },
        strings: { type: "string[]", required: false },
        numbers: { type: "number[]", required: false },
        key: { type: "string", required: false, unique: true },
        tag: { type: "string", required: false, index: true },
        owner: { type: "string", required: false, unique: true, references: user },
        group: { type: "string" },
        name: { type: "string", defaultValue: "it's" },
      },
      indexes: [{ fields: ["group", "name"], unique: true }, { fields: ["tag", "at"] }],
    },
  },
};
const long = {
  id: "long",
  schema: {
    ["t".repeat(40)]: {
      fields: {
        ["c".repeat(40)]: { type: "string", required: false, index: true },
        ["ü".repeat(20) + "🙂"]: { type: "string", index: true },
        b: { type: "string" },
      },
      indexes: [
        { fields: ["b", "c".repeat(40)] },
        { fields: ["b", "ü".repeat(20) + "🙂"], unique: true },
        { fields: ["ü".repeat(20) + "🙂", "c".repeat(40)] },
      ],
    },
  },
};
const more = {
  nick: { type: "string", required: false, unique: true },
  level: { type: "number", defaultValue: 3 },
  ratio: { type: "number", defaultValue: -0.5, required: false },
  vip: { type: "boolean", defaultValue: true },
  note: { type: "string", defaultValue: "it's" },
  born: { type: "date", required: false },
  tag: { type: "string", required: false, index: true },
  boss: { type: "string", required: false, references: user },
  cfg: { type: "json", required: false },
  list: { type: "string[]", required: false, defaultValue: [] },
  dflt: { type: "string", required: false, unique: true, defaultValue: "x" },
  uq: { type: "number", unique: true, defaultValue: 1 },
};

const rateLimit = { enabled: true, storage: "database" };
async function record(name, options, before) {
  const database = new Database(":memory:");
  if (before) await (await getMigrations({ database, rateLimit })).runMigrations();
  const m = await getMigrations({ database, rateLimit, logger: { disabled: true }, ...options });
  const plan = (await m.compileMigrations()).replace(/;$/, "").split(";\n\n");
  await m.runMigrations();
  const master = database.prepare("select name, sql from sqlite_master order by rowid").all();
  writeFileSync(new URL(`${name}.json`, import.meta.url), JSON.stringify({ plan, master }, null, 1) + "\n");
}
await record("core", {});
await record("odd", { plugins: [odd] });
await record("long", { plugins: [long] });
await record("grow", { plugins: [odd], user: { additionalFields: more } }, true);
