// No database: the session lives in its cookie.
import { group } from "../lib/scenario.mjs";

group("stateless", { stateless: true, options: {} }, (scenario) => {
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

group("stateless with a short cache", { stateless: true, options: { session: { cookieCache: { enabled: true, strategy: "jwe", maxAge: 20, refreshCache: { updateAge: 19 } } } } }, (scenario) => {
	scenario("renews its cookies before they end", async (t) => {
		await t.signUp("alice");
		await t.wait(1_500);
		await t.get("/get-session", { as: "alice" });
		await t.get("/list-accounts", { as: "alice" });
	});
});
