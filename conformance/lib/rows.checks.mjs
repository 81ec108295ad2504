// Tests of the view on a deployment: what is in it shows, in the form that SQLite has.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import Database from "better-sqlite3";
import { startTestbed, store } from "./convex.mjs";
import { Rows } from "./rows.mjs";
import { requestSync } from "./sync.mjs";

const date = "2026-06-01T00:00:00.000Z";

if (store !== "sqlite") {
	const scratch = mkdtempSync(join(tmpdir(), "conformance-rows-"));
	after(() => rmSync(scratch, { recursive: true, force: true }));

	test("the rows of a deployment are those of tables", async () => {
		const file = join(scratch, "shape.db");
		const shape = new Database(file);
		shape.exec(`create table user (id text primary key, name text not null, email text not null unique, emailVerified integer not null, image text, createdAt date not null, updatedAt date not null);
			create table session (id text primary key, expiresAt date not null, token text not null, createdAt date not null, updatedAt date not null, ipAddress text, userAgent text, userId text not null references user (id) on delete cascade)`);
		shape.close();
		const { url, child } = await startTestbed("seed", process.env);
		const rows = new Rows(url, file);
		try {
			rows.prepare("insert into user (id, name, email, emailVerified, createdAt, updatedAt) values (?, ?, ?, ?, ?, ?)").run("mine", "Ada", "ada@example.com", 0, date, date);
			rows.prepare("insert into session (id, expiresAt, token, createdAt, updatedAt, userId) values (?, ?, ?, ?, ?, ?)").run("other", date, "t", date, date, "mine");
			const { user: [user], session: [session] } = requestSync("GET", `${url}/__test/dump`);
			assert.equal(session.userId, user._id, "an id of the runner's stands for the deployment's");
			assert.deepEqual([user.emailVerified, user.createdAt], [false, Date.parse(date)]);
			const [row] = rows.prepare("select * from user order by rowid").all();
			assert.deepEqual({ ...row }, { id: user._id, name: "Ada", email: "ada@example.com", emailVerified: 0, image: null, createdAt: date, updatedAt: date });

			rows.prepare("update user set \"emailVerified\" = 1, name = ?").run("Countess");
			const [changed] = requestSync("GET", `${url}/__test/dump`).user;
			assert.deepEqual(changed, { ...user, emailVerified: true, name: "Countess" }, "nothing else changes");

			const token = signed({ userId: "mine" }, "secret");
			assert.equal(rows.translate(`/x?token=${token}`, "secret"), `/x?token=${signed({ userId: user._id }, "secret")}`);
			assert.equal(rows.translate(`/x?token=${token}`, "another"), `/x?token=${token}`, "what others sign stays");

			rows.prepare("delete from user").run();
			const left = requestSync("GET", `${url}/__test/dump`);
			assert.deepEqual([left.user, left.session], [[], []], "rows go with those they belong to");
		} finally {
			rows.close();
			child.stdin.end();
		}
	});
}

function signed(claims, secret) {
	const text = [{ alg: "HS256" }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
	return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}
