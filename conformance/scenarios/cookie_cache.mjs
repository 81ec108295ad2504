// The session cache in a cookie: session.cookieCache.
import { createHmac } from "node:crypto";
import { SignJWT, UnsecuredJWT } from "jose";
import { symmetricEncodeJWT } from "better-auth/crypto";
import { readSessionCache } from "../lib/cookies.mjs";
import { group, secret } from "../lib/suite.mjs";

const name = "better-auth.session_data";
const token = "better-auth.session_token";
const day = 86_400; // seconds

// Encodes a payload as the strategy does, with any secret and any end.
const encoders = {
	compact: async (payload, key, end) => {
		const signature = createHmac("sha256", key).update(JSON.stringify({ ...payload, expiresAt: end })).digest("base64url");
		return Buffer.from(JSON.stringify({ session: payload, expiresAt: end, signature })).toString("base64url");
	},
	jwt: async (payload, key, end) =>
		new SignJWT(payload).setProtectedHeader({ alg: "HS256" }).setIssuedAt().setExpirationTime(Math.floor(end / 1_000)).sign(new TextEncoder().encode(key)),
	jwe: async (payload, key, end) => symmetricEncodeJWT(payload, key, "better-auth-session", Math.floor((end - Date.now()) / 1_000)),
};

// A user whose session cache was written by a read.
async function member(t, actor) {
	await t.member(actor);
	await t.get("/get-session", { as: actor });
}

// Replaces the cache of an actor by a changed payload, properly sealed.
async function forge(t, actor, strategy, change, { key = secret, end = Date.now() + 300_000 } = {}) {
	const values = {};
	for (const side of ["oracle", "lockstep"]) {
		const { payload } = await readSessionCache(t.jar(side, actor).get(name), t.options);
		const { iat, exp, jti, ...rest } = payload;
		values[side] = await encoders[strategy](change(structuredClone(rest), side), key, end);
	}
	t.changeCookie(actor, name, (_, side) => values[side]);
}

for (const strategy of ["compact", "jwt", "jwe"]) {
	const options = { session: { cookieCache: { enabled: true, strategy } } };

	group(`session cache ${strategy}`, { options }, (scenario) => {
		scenario("is written at sign-up, sign-in and reads, and read without the database", async (t) => {
			await t.signUp("alice", { image: "https://x.example/ä.png", name: 'Zoë "q" \\ </script> \u2028 👩‍🚀' });
			t.sql("update user set name = 'behind the cache'");
			await t.get("/get-session", { as: "alice" });
			await t.get("/get-session?disableCookieCache=true", { as: "alice" });
			await t.get("/get-session", { as: "alice" });
			await t.signIn("alice", { rememberMe: false });
			await t.get("/get-session", { as: "alice" });
			await t.get("/list-accounts", { as: "alice" });
			await t.get("/list-sessions", { as: "alice" });
		});

		scenario("is written again when it is missing", async (t) => {
			await member(t, "alice");
			t.changeCookie("alice", name, () => null);
			await t.get("/get-session", { as: "alice" });
			await t.get("/get-session?disableRefresh=true", { as: "alice" });
		});

		scenario("alone it is nothing", async (t) => {
			await member(t, "alice");
			t.changeCookie("alice", token, () => null);
			await t.get("/get-session", { as: "alice" });
			await t.get("/list-accounts", { as: "alice" });
		});

		scenario("of another session is not believed", async (t) => {
			await member(t, "alice");
			await member(t, "bob");
			t.changeCookie("alice", name, (_, side) => t.jar(side, "bob").get(name));
			await t.get("/get-session", { as: "alice" });
		});

		scenario("that was changed is not believed", async (t) => {
			await member(t, "alice");
			t.copyJar("alice", "kept");
			const changes = [
				(raw) => raw.slice(0, -1), (raw) => raw.slice(1), (raw) => `${raw}A`, () => "x", () => "e30", () => "bnVsbA", () => "a.b.c", () => "a.b.c.d.e", () => "....", () => "%",
				(raw) => raw.slice(0, 40) + (raw[40] === "A" ? "B" : "A") + raw.slice(41), (raw) => raw.slice(0, -10) + (raw.at(-10) === "A" ? "B" : "A") + raw.slice(-9), (raw) => raw.replace(/\./g, "%2E"), () => "x".repeat(3_900),
			];
			for (const change of changes) {
				t.copyJar("kept", "alice");
				t.changeCookie("alice", name, change);
				await t.get("/get-session", { as: "alice" });
				t.copyJar("kept", "alice");
				t.changeCookie("alice", name, change);
				await t.get("/list-accounts", { as: "alice" });
			}
		});

		scenario("sealed with another secret is not believed", async (t) => {
			await member(t, "alice");
			await forge(t, "alice", strategy, (p) => p, { key: "another secret of more than 32 characters" });
			await t.get("/get-session", { as: "alice" });
		});

		scenario("that has expired is read again from the database", async (t) => {
			await member(t, "alice");
			t.sql("update user set name = 'behind the cache'");
			await forge(t, "alice", strategy, (p) => p, { end: Date.now() - 60_000 });
			await t.get("/get-session", { as: "alice" });
			await forge(t, "alice", strategy, (p) => p, { end: Date.now() - 5_000 });
			await t.get("/get-session", { as: "alice" });
			await forge(t, "alice", strategy, (p) => p, { end: Date.now() + 30 * day * 1_000 });
			await t.get("/get-session", { as: "alice" });
		});

		scenario("of a session that has expired is read again from the database", async (t) => {
			await member(t, "alice");
			for (const end of ["2020-01-01T00:00:00.000Z", "2020-01-01T00:00:00Z", "never", null, 5, undefined]) {
				await forge(t, "alice", strategy, (p) => ({ ...p, session: { ...p.session, expiresAt: end } }));
				await t.get("/get-session", { as: "alice" });
			}
		});

		scenario("of another version, token or shape", async (t) => {
			await member(t, "alice");
			const changes = [
				(p) => ({ ...p, version: "2" }), (p) => ({ ...p, version: undefined }), (p) => ({ ...p, version: 1 }), (p) => ({ ...p, version: "" }), (p) => ({ ...p, session: { ...p.session, token: "other" } }),
				(p) => ({ ...p, user: undefined }), (p) => ({ ...p, session: undefined }), (p) => ({ ...p, updatedAt: undefined }), (p) => ({ ...p, updatedAt: "x" }), (p) => ({ ...p, updatedAt: 0 }),
				(p) => ({ ...p, user: { ...p.user, email: undefined } }), (p) => ({ ...p, user: { ...p.user, emailVerified: "yes" } }), (p) => ({ ...p, user: { ...p.user, emailVerified: undefined } }), (p) => ({ ...p, user: { ...p.user, createdAt: 5 } }),
				(p) => ({ ...p, extra: true }), (p) => ({ ...p, session: { ...p.session, userId: "someone" } }), (p) => ({ ...p, user: { ...p.user, id: "someone", name: 5 } }), (p) => ({ ...p, session: { ...p.session, id: undefined } }),
				(p) => ({ ...p, user: { ...p.user, email: "UPPER@Example.com" } }),
			];
			for (const change of changes) {
				await forge(t, "alice", strategy, change);
				await t.get("/get-session", { as: "alice" });
				await t.get("/get-session?disableCookieCache=1", { as: "alice" });
			}
		});

		scenario("of a shape that no server writes", async (t) => {
			await member(t, "alice");
			t.sql("update user set name = 'behind the cache'");
			const changes = [
				(p) => ({ ...p, user: { ...p.user, image: undefined } }), (p) => ({ ...p, user: { ...p.user, role: "admin" } }), (p) => ({ ...p, session: { ...p.session, ipAddress: undefined } }),
				(p) => ({ ...p, session: { ...p.session, createdAt: undefined } }), (p) => ({ version: p.version, updatedAt: p.updatedAt, user: p.user, session: p.session }),
				(p) => ({ ...p, user: { ...p.user, name: "2026-01-01T00:00:00Z" } }), (p) => ({ ...p, user: { ...p.user, name: "2026-01-01T00:00:00.000Z" } }),
			];
			for (const change of changes) {
				await forge(t, "alice", strategy, change);
				await t.get("/get-session", { as: "alice" });
				await t.get("/get-session?disableCookieCache=1", { as: "alice" });
			}
		});

		scenario("in a spelling that no server writes", async (t) => {
			await member(t, "alice");
			t.sql("update user set name = 'behind the cache'");
			t.copyJar("alice", "kept");
			for (const change of [(raw) => `${raw}=`, (raw) => `${raw}%3D`, (raw) => ` ${raw}`, () => "{}", (raw) => raw.replace("e", "%65")]) {
				for (const path of ["/get-session", "/list-accounts"]) {
					t.copyJar("kept", "alice");
					t.changeCookie("alice", name, change);
					await t.get(path, { as: "alice" });
				}
			}
		});

		scenario("does not refresh the row while it is read", async (t) => {
			await member(t, "alice");
			t.ageSessions({ expiresAt: 2 * day, updatedAt: -5 * day });
			await t.get("/get-session", { as: "alice" });
			await t.get("/get-session?disableCookieCache=1", { as: "alice" });
		});

		scenario("the client's calls", async (t) => {
			await member(t, "alice");
			await t.client("alice", (c) => c.getSession());
			await t.client("alice", (c) => c.getSession({ query: { disableCookieCache: true } }));
			await t.client("alice", (c) => c.signOut());
		});
	});

	group(`session cache ${strategy} with a version and a refresh by POST`, {
		options: { session: { deferSessionRefresh: true, cookieCache: { enabled: true, strategy, version: "7", maxAge: 60 } } },
	}, (scenario) => {
		scenario("carries the version", async (t) => {
			await member(t, "alice");
			await t.get("/get-session", { as: "alice" });
			await forge(t, "alice", strategy, (p) => ({ ...p, version: "1" }));
			await t.get("/get-session", { as: "alice" });
			await t.signIn("alice", { rememberMe: false });
		});

		scenario("GET writes the cache but not the row", async (t) => {
			await member(t, "alice");
			t.ageSessions({ expiresAt: 2 * day, updatedAt: -5 * day });
			t.changeCookie("alice", name, () => null);
			await t.get("/get-session", { as: "alice" });
			await t.get("/get-session", { as: "alice" });
			await t.post("/get-session", { as: "alice" });
			await t.post("/get-session?disableCookieCache=1", { as: "alice" });
		});
	});

	const bio = { user: { additionalFields: { bio: { type: "string", required: false } } }, ...options };

	group(`session cache ${strategy} in chunks`, { options: bio }, (scenario) => {
		scenario("grows into chunks and shrinks again", async (t) => {
			await member(t, "alice");
			await t.post("/update-user", { as: "alice", json: { bio: "b".repeat(6_000) } });
			await t.get("/get-session", { as: "alice" });
			await t.get("/get-session?disableCookieCache=1", { as: "alice" });
			await t.post("/update-user", { as: "alice", json: { bio: "c".repeat(3_500) } });
			await t.post("/update-user", { as: "alice", json: { bio: "d" } });
			await t.get("/get-session", { as: "alice" });
		});

		scenario("the border between one cookie and two", async (t) => {
			await member(t, "alice");
			const lengths = strategy === "jwe" ? [2_000, 2_100] : [1_900, 2_150];
			for (let length = lengths[0]; length <= lengths[1]; length += 10) await t.post("/update-user", { as: "alice", json: { bio: "x".repeat(length) } });
		});

		scenario("chunks that are missing, foreign, stale or out of order", async (t) => {
			await member(t, "alice");
			await t.post("/update-user", { as: "alice", json: { bio: "b".repeat(6_000) } });
			t.copyJar("alice", "kept");
			const broken = [
				() => t.changeCookie("alice", `${name}.0`, () => null), () => t.changeCookie("alice", `${name}.1`, () => null), () => t.changeCookie("alice", `${name}.9`, () => "stale"), () => t.changeCookie("alice", `${name}.x`, () => "odd"),
				() => t.changeCookie("alice", `${name}.01`, () => "odd"), () => t.changeCookie("alice", `${name}.1e1`, () => "odd"), () => t.changeCookie("alice", `${name}.-1`, () => "odd"), () => t.changeCookie("alice", name, () => "bare"),
				() => {
					const first = {};
					t.changeCookie("alice", `${name}.0`, (raw, side) => ((first[side] = raw), null));
					t.changeCookie("alice", `${name}.0`, (_, side) => first[side]);
				},
			];
			for (const change of broken) {
				t.copyJar("kept", "alice");
				change();
				await t.get("/get-session", { as: "alice" });
			}
			t.copyJar("kept", "alice");
			await t.post("/sign-out", { as: "alice" });
		});

		scenario("too large for cookies", async (t) => {
			await member(t, "alice");
			await t.post("/update-user", { as: "alice", json: { bio: "b".repeat(20_000) } });
		});
	});
}

group("session cache that ends", { options: { session: { cookieCache: { enabled: true, maxAge: 1 } } } }, (scenario) => {
	scenario("is read again from the database after its second", async (t) => {
		await member(t, "alice");
		t.sql("update user set name = 'behind the cache'");
		await t.wait(1_200);
		await t.get("/get-session", { as: "alice" });
	});
});

group("session cache jwt with other signatures", { options: { session: { cookieCache: { enabled: true, strategy: "jwt" } } } }, (scenario) => {
	scenario("no algorithm, another algorithm, another type", async (t) => {
		await member(t, "alice");
		const key = new TextEncoder().encode(secret);
		const tokens = [
			(p) => new UnsecuredJWT(p).setIssuedAt().setExpirationTime("5m").encode(),
			(p) => new SignJWT(p).setProtectedHeader({ alg: "HS256" }).setExpirationTime("5m").setNotBefore("1m").sign(key),
			(p) => new SignJWT(p).setProtectedHeader({ alg: "HS256" }).setExpirationTime("5m").sign(new TextEncoder().encode("x".repeat(32))),
		];
		await replaceBy(t, tokens);
	});

	scenario("headers that no server writes", async (t) => {
		await member(t, "alice");
		t.sql("update user set name = 'behind the cache'");
		const key = new TextEncoder().encode(secret);
		const headers = [{ alg: "HS384" }, { alg: "HS512" }, { alg: "HS256", typ: "JWT", kid: "x" }];
		await replaceBy(t, headers.map((header) => (p) => new SignJWT(p).setProtectedHeader(header).setExpirationTime("5m").sign(key)));
	});
});

// Reads with each of the tokens that the functions make of the payload of Alice's cache.
async function replaceBy(t, tokens) {
	for (const make of tokens) {
		const values = {};
		for (const side of ["oracle", "lockstep"]) {
			const { payload } = await readSessionCache(t.jar(side, "alice").get(name), t.options);
			const { iat, exp, ...rest } = payload;
			values[side] = await make(rest);
		}
		t.changeCookie("alice", name, (_, side) => values[side]);
		await t.get("/get-session", { as: "alice" });
		await t.get("/get-session?disableCookieCache=1", { as: "alice" });
	}
}
