// The plugin bearer: a session token in the Authorization header, and in an answer.
import { group } from "../lib/suite.mjs";

const token = (t, actor) => (side) => decodeURIComponent(t.jar(side, actor).get("better-auth.session_token"));
const bare = (t, actor) => (side) => token(t, actor)(side).split(".")[0];
const authorization = (value) => (side) => ({ authorization: value(side) });

group("bearer", { options: { plugins: [{ bearer: { requireSignature: true } }] } }, (scenario) => {
	scenario("stands for the cookie", async (t) => {
		await t.member("alice");
		const signed = token(t, "alice");
		const headers = authorization((side) => `Bearer ${signed(side)}`);
		await t.get("/get-session", { headers });
		await t.get("/list-sessions", { headers });
		await t.post("/update-user", { headers, json: { name: "Ada" } });
		await t.post("/update-user", { headers: (side) => ({ ...headers(side), origin: "http://elsewhere.example" }), json: { name: "Eve" } });
	});

	scenario("in every spelling", async (t) => {
		await t.member("alice");
		const signed = token(t, "alice");
		for (const spell of [
			(text) => `bearer ${text}`, (text) => `BEARER ${text}`, (text) => `Bearer   ${text}  `, (text) => `Bearer\t${text}`, (text) => `Bearer${text}`,
			(text) => `Bearer ${encodeURIComponent(text)}`, (text) => `Bearer ${text}%`, (text) => `Basic ${text}`, (text) => `Bearer ${text.slice(0, -3)}`,
			(text) => `Bearer ${text}.more`, () => "Bearer", () => "Bearer .", (text) => `Bearer ${text.split(".")[0]}`,
		]) {
			await t.get("/get-session", { headers: authorization((side) => spell(signed(side))) });
		}
	});

	scenario("beside a cookie", async (t) => {
		await t.member("alice");
		await t.member("bob");
		const signed = token(t, "bob");
		await t.get("/get-session", { as: "alice", headers: authorization((side) => `Bearer ${signed(side)}`) });
		await t.get("/get-session", { as: "alice", headers: authorization(() => "Bearer forged.AAAA") });
		await t.post("/update-user", { as: "alice", headers: (side) => ({ authorization: `Bearer ${signed(side)}`, origin: "http://elsewhere.example" }), json: { name: "Eve" } });
	});

	scenario("is told when a session starts", async (t) => {
		await t.signUp("alice");
		await t.signIn("alice");
		await t.signIn("alice", { rememberMe: false });
		await t.signIn("alice", { password: "not the password" });
		await t.post("/update-user", { as: "alice", json: { name: "Ada" } });
		await t.post("/change-password", { as: "alice", json: { currentPassword: "correct horse battery", newPassword: "battery horse correct", revokeOtherSessions: true } });
	});

	scenario("is nothing after signing out", async (t) => {
		await t.member("alice");
		const signed = token(t, "alice");
		const headers = authorization((side) => `Bearer ${signed(side)}`);
		await t.post("/sign-out", { headers });
		await t.get("/get-session", { headers });
		await t.get("/list-sessions", { headers });
	});
});

group("bearer without a signature", { options: { plugins: [{ bearer: { requireSignature: false } }] } }, (scenario) => {
	scenario("is the token alone", async (t) => {
		await t.member("alice");
		const alone = bare(t, "alice");
		await t.get("/get-session", { headers: authorization((side) => `Bearer ${alone(side)}`) });
		await t.get("/get-session", { headers: authorization((side) => `Bearer ${alone(side)}x`) });
		await t.get("/list-sessions", { headers: authorization((side) => `bearer ${alone(side)}`) });
	});
});
