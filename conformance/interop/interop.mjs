// Users, sessions and cookies that cross from one server to the other.
import assert from "node:assert/strict";
import { getCookieCache, getSessionCookie } from "better-auth/cookies";
import { verifyPassword } from "better-auth/crypto";
import { sign } from "../lib/cookies.mjs";
import { interop } from "../lib/interop.mjs";
import { password, secret } from "../lib/options.mjs";

const alice = { name: "Zoë 👩‍🚀", email: "alice@example.com", password };
const day = 86_400_000; // ms

const inFuture = (ms) => new Date(Date.now() + ms).toISOString();

interop("accounts and sessions", { options: { user: { deleteUser: { enabled: true } } } }, (crossing) => {
	crossing("who signs up at one signs in at the other", async ({ a, b, browser }) => {
		assert.equal((await a.post("/sign-up/email", browser(), alice)).status, 200);
		const answer = await b.post("/sign-in/email", browser(), alice);
		assert.equal(answer.status, 200);
		assert.equal(answer.json.user.name, alice.name);
		assert.equal((await b.post("/sign-in/email", browser(), { ...alice, password: "wrong password" })).status, 401);
		assert.equal((await b.post("/sign-up/email", browser(), alice)).status, 422);
	});

	crossing("a session of one is a session of the other, byte for byte", async ({ a, b, browser }) => {
		const jar = browser();
		await a.post("/sign-up/email", jar, alice);
		const [here, there] = [await a.get("/get-session", jar), await b.get("/get-session", jar)];
		assert.equal(there.text, here.text);
		for (const path of ["/list-sessions", "/list-accounts"]) {
			assert.equal((await b.get(path, jar)).text, (await a.get(path, jar)).text, path);
		}
	});

	crossing("a refresh at one is seen by the other", async ({ a, b, browser, database }) => {
		const jar = browser();
		await a.post("/sign-up/email", jar, alice);
		database.prepare('update session set "expiresAt" = ?, "updatedAt" = ?').run(inFuture(3 * day), inFuture(-4 * day));
		const refreshed = await b.session(jar);
		assert.ok(Date.parse(refreshed.session.expiresAt) > Date.now() + 6.9 * day);
		assert.deepEqual(await a.session(jar), refreshed);
	});

	crossing("a session that one ends is ended at the other", async ({ a, b, browser }) => {
		const [jar, other, third] = [browser(), browser(), browser()];
		await a.post("/sign-up/email", jar, alice);
		const token = (await b.post("/sign-in/email", other, alice)).json.token;
		await a.post("/sign-in/email", third, alice);
		assert.equal((await a.get("/list-sessions", jar)).json.length, 3);
		assert.equal((await a.post("/revoke-session", jar, { token })).status, 200);
		assert.equal(await b.session(other), null);
		assert.equal((await b.post("/revoke-other-sessions", jar)).status, 200);
		assert.equal(await a.session(third), null);
		assert.notEqual(await a.session(jar), null);
		const copy = jar.clone();
		await b.post("/sign-out", jar);
		assert.equal(await a.session(copy), null);
	});

	crossing("changes of the user are seen by the other", async ({ a, b, browser }) => {
		const jar = browser();
		await a.post("/sign-up/email", jar, alice);
		await b.post("/update-user", jar, { name: "Renamed", image: "https://x.example/i.png" });
		const { user } = await a.session(jar);
		assert.deepEqual([user.name, user.image], ["Renamed", "https://x.example/i.png"]);
	});

	crossing("a password changed at one opens the other", async ({ a, b, browser, database }) => {
		const jar = browser();
		await a.post("/sign-up/email", jar, alice);
		const changed = "p\u00e4ssw\u00f6rd \uFB01 \u{1F600} changed";
		assert.equal((await b.post("/change-password", jar, { currentPassword: password, newPassword: changed })).status, 200);
		assert.equal((await a.post("/sign-in/email", browser(), { ...alice, password: changed })).status, 200);
		assert.equal((await a.post("/sign-in/email", browser(), alice)).status, 401);
		assert.equal((await a.post("/verify-password", jar, { password: changed })).status, 200);
		const hash = database.prepare("select password from account").pluck().get();
		assert.equal(await verifyPassword({ hash, password: changed }), true);
	});

	crossing("a session of the browser stays one", async ({ a, b, browser, database }) => {
		const jar = browser();
		await a.post("/sign-up/email", jar, { ...alice, rememberMe: false });
		database.prepare('update session set "expiresAt" = ?').run(inFuture(60_000));
		const { session } = await b.session(jar);
		assert.ok(Date.parse(session.expiresAt) < Date.now() + day);
		const answer = await b.post("/update-user", jar, { name: "x" });
		const cookie = answer.setCookies.filter((line) => line.startsWith("better-auth.session_token=")).at(-1);
		assert.ok(!/max-age/i.test(cookie), cookie);
	});

	crossing("a user deleted at one is gone at the other", async ({ a, b, browser, database }) => {
		const jar = browser();
		await a.post("/sign-up/email", jar, alice);
		await b.post("/sign-in/email", browser(), alice);
		assert.equal((await b.post("/delete-user", jar, { password })).status, 200);
		assert.equal((await a.post("/sign-in/email", browser(), alice)).status, 401);
		for (const table of ["user", "session", "account"]) {
			assert.equal(database.prepare(`select count(*) from "${table}"`).pluck().get(), 0, table);
		}
	});

	crossing("the official client moves between them with one jar", async ({ a, b, browser }) => {
		const jar = browser();
		const [here, there] = [a.client(jar), b.client(jar)];
		assert.equal((await here.signUp.email(alice)).error, null);
		assert.equal((await there.getSession()).data.user.email, alice.email);
		assert.equal((await there.updateUser({ name: "Moved" })).error, null);
		assert.equal((await here.getSession()).data.user.name, "Moved");
		assert.ok((await there.getSession()).data.session.expiresAt instanceof Date);
		assert.equal((await there.listSessions()).data.length, 1);
		assert.equal((await here.signOut()).error, null);
		assert.equal((await there.getSession()).data, null);
	});

	crossing("many at once at both", async ({ a, b, browser, database }) => {
		const jar = browser();
		await a.post("/sign-up/email", jar, alice);
		const reads = Array.from({ length: 30 }, (_, i) => (i % 2 ? a : b).get("/get-session", jar.clone()));
		const writes = Array.from({ length: 10 }, (_, i) => (i % 2 ? a : b).post("/update-user", jar.clone(), { name: `n${i}` }));
		for (const answer of await Promise.all([...reads, ...writes])) assert.equal(answer.status, 200);
		const signUps = Array.from({ length: 6 }, (_, i) => (i % 2 ? a : b).post("/sign-up/email", browser(), { ...alice, email: "once@example.com" }));
		const statuses = (await Promise.all(signUps)).map((answer) => answer.status).sort();
		assert.equal(statuses.filter((status) => status === 200).length, 1, statuses.join());
		assert.equal(database.prepare("select count(*) from user where email = 'once@example.com'").pluck().get(), 1);
	});
});

for (const strategy of ["compact", "jwt", "jwe"]) {
	const options = { user: { additionalFields: { bio: { type: "string", required: false } } }, session: { cookieCache: { enabled: true, strategy } } };

	interop(`session cache ${strategy}`, { options }, (crossing) => {
		crossing("written by one it is read by the other", async ({ a, b, browser, database }) => {
			const jar = browser();
			await a.post("/sign-up/email", jar, alice);
			database.prepare("update user set name = 'behind the cache'").run();
			assert.equal((await b.session(jar)).user.name, alice.name, "the cache was not believed");
			assert.equal((await b.session(jar, "?disableCookieCache=true")).user.name, "behind the cache");
			assert.equal((await a.session(jar)).user.name, "behind the cache");
		});

		crossing("of a read, and after a change at the other", async ({ a, b, browser }) => {
			const jar = browser();
			await a.post("/sign-up/email", jar, alice);
			for (let i = 0; i < 4; i++) {
				const [one, two] = i % 2 ? [a, b] : [b, a];
				await one.post("/update-user", jar, { name: `name ${i} "\\ \u2028 </script>` });
				assert.equal((await two.session(jar)).user.name, `name ${i} "\\ \u2028 </script>`);
			}
		});

		crossing("in chunks", async ({ a, b, browser, database }) => {
			const jar = browser();
			await a.post("/sign-up/email", jar, alice);
			await a.post("/update-user", jar, { bio: "b".repeat(7_000) });
			assert.ok(jar.get("better-auth.session_data.1"));
			database.prepare("update user set name = 'behind the cache'").run();
			const read = await b.session(jar);
			assert.deepEqual([read.user.name, read.user.bio.length], [alice.name, 7_000]);
			await b.post("/update-user", jar, { bio: "short" });
			assert.deepEqual(jar.names().filter((name) => name.startsWith("better-auth.session_data")), ["better-auth.session_data"]);
			assert.equal((await a.session(jar)).user.bio, "short");
		});

		crossing("the helpers for edge middleware read it", async ({ a, b, browser }) => {
			for (const visitor of [a, b]) {
				const jar = browser();
				const email = `${visitor === a ? "a" : "b"}@example.com`;
				const { json } = await visitor.post("/sign-up/email", jar, { ...alice, email });
				const headers = new Headers({ cookie: jar.header() });
				assert.equal(decodeURIComponent(getSessionCookie(headers)).split(".")[0], json.token);
				const cached = await getCookieCache(headers, { secret, strategy, isSecure: false });
				assert.equal(cached.user.email, email);
				assert.equal(cached.session.token, json.token);
				await visitor.post("/update-user", jar, { bio: "b".repeat(6_000) });
				const chunked = await getCookieCache(new Headers({ cookie: jar.header() }), { secret, strategy, isSecure: false });
				assert.equal(chunked.user.bio.length, 6_000);
			}
		});

		crossing("sign-out at the other clears it", async ({ a, b, browser }) => {
			const jar = browser();
			await a.post("/sign-up/email", jar, { ...alice, rememberMe: false });
			await a.post("/update-user", jar, { bio: "b".repeat(6_000) });
			await b.post("/sign-out", jar);
			assert.deepEqual(jar.names(), []);
		});
	});
}

const fields = { country: { type: "string", required: false }, score: { type: "number", required: false, defaultValue: 3 }, born: { type: "date", required: false } };

interop("tables that Lockstep made", { tablesBy: "lockstep", options: { user: { additionalFields: fields } } }, (crossing) => {
	crossing("serve both", async ({ a, b, browser }) => {
		const jar = browser();
		await a.post("/sign-up/email", jar, { ...alice, country: "DE", born: "2000-01-02T03:04:05.678Z" });
		const [here, there] = [await a.get("/get-session", jar), await b.get("/get-session", jar)];
		assert.equal(there.text, here.text);
		assert.deepEqual([there.json.user.country, there.json.user.score, there.json.user.born], ["DE", 3, "2000-01-02T03:04:05.678Z"]);
		assert.equal((await b.post("/update-user", jar, { score: 4, born: null })).status, 200);
		assert.deepEqual((await a.session(jar)).user, (await b.session(jar)).user);
	});
});

const rotated = [
	{ version: 2, value: "the second secret, more than 32 characters long" },
	{ version: 1, value: "the first secret, more than 32 characters long" },
];

interop("rotated secrets", { options: { secrets: rotated, session: { cookieCache: { enabled: true, strategy: "jwe" } } } }, (crossing) => {
	crossing("sign and seal alike", async ({ a, b, browser }) => {
		const jar = browser();
		const { json } = await a.post("/sign-up/email", jar, alice);
		assert.equal(jar.get("better-auth.session_token"), sign(json.token, rotated[0].value));
		assert.equal((await b.session(jar)).session.token, json.token);
		assert.equal((await b.session(jar, "?disableCookieCache=1")).session.token, json.token);
		assert.equal((await a.session(jar)).session.token, json.token);
	});
});

interop("secure cookies across subdomains", { options: { baseURL: "https://auth.example.com", advanced: { crossSubDomainCookies: { enabled: true, domain: ".example.com" } } } }, (crossing) => {
	crossing("have one name", async ({ a, b, browser }) => {
		const jar = browser();
		await a.post("/sign-up/email", jar, alice);
		assert.deepEqual(jar.names(), ["__Secure-better-auth.session_token"]);
		assert.equal((await b.session(jar)).user.email, alice.email);
		await b.post("/sign-out", jar);
		assert.deepEqual(jar.names(), []);
	});
});
