// No database: the session lives in its cookie.
import { symmetricEncodeJWT } from "better-auth/crypto";
import { readSessionCache } from "../lib/cookies.mjs";
import { group, secret } from "../lib/suite.mjs";

group("stateless", { stateless: true }, (scenario) => {
	scenario("signs up, reads, changes and signs out", async (t) => {
		await t.signUp("alice");
		await t.get("/get-session", { as: "alice" });
		await t.get("/get-session?disableCookieCache=true", { as: "alice" });
		await t.post("/update-user", { as: "alice", json: { name: "Alice B.", image: "https://x.example/a.png" } });
		await t.get("/get-session", { as: "alice" });
		await t.get("/list-sessions", { as: "alice" });
		await t.get("/list-accounts", { as: "alice" });
		await t.post("/sign-out", { as: "alice" });
		await t.get("/get-session", { as: "alice" });
	});

	scenario("rememberMe: false", async (t) => {
		await t.signUp("bob", { rememberMe: false });
		await t.get("/get-session", { as: "bob" });
	});

	scenario("a token without its cache asks the memory", async (t) => {
		await t.signUp("carol");
		t.changeCookie("carol", "better-auth.session_data", () => null);
		await t.get("/get-session", { as: "carol" });
	});

	scenario("a cache without its token is nothing", async (t) => {
		await t.signUp("dave");
		t.changeCookie("dave", "better-auth.session_token", () => null);
		await t.get("/get-session", { as: "dave" });
	});
});

group("stateless near the end of its cache", { stateless: true }, (scenario) => {
	scenario("renews its cookies", async (t) => {
		await t.signUp("alice");
		for (const path of ["/get-session", "/get-session?disableRefresh=1", "/list-accounts", "/update-user"]) {
			await endSoon(t, "alice");
			await t.send(path === "/update-user" ? "POST" : "GET", path, { as: "alice", ...(path === "/update-user" ? { json: { name: "x" } } : {}) });
		}
		await t.signIn("alice", { rememberMe: false });
		await endSoon(t, "alice");
		await t.get("/get-session", { as: "alice" });
	});
});

group("stateless without renewal", { stateless: true, options: { session: { cookieCache: { enabled: true, strategy: "jwe", refreshCache: false } } } }, (scenario) => {
	scenario("lets its cookies end", async (t) => {
		await t.signUp("alice");
		await endSoon(t, "alice");
		await t.get("/get-session", { as: "alice" });
	});
});

group("stateless with its own renewal", { stateless: true, options: { session: { cookieCache: { enabled: true, strategy: "jwe", maxAge: 1_000, refreshCache: { updateAge: 500 } } } } }, (scenario) => {
	scenario("follows updateAge", async (t) => {
		await t.signUp("alice");
		for (const left of [600, 400]) {
			await endSoon(t, "alice", left);
			await t.get("/get-session", { as: "alice" });
		}
	});
});

// Replaces the cache of an actor by one that ends soon.
async function endSoon(t, actor, seconds = 60) {
	const name = "better-auth.session_data";
	const values = {};
	for (const side of ["oracle", "lockstep"]) {
		const { payload } = await readSessionCache(t.jar(side, actor).get(name), t.options);
		const { iat, exp, jti, ...rest } = payload;
		values[side] = await symmetricEncodeJWT(rest, secret, "better-auth-session", seconds);
	}
	t.changeCookie(actor, name, (_, side) => values[side]);
}
