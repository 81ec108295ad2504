// secrets: a set of keys with the current one first.
import { symmetricEncodeJWT } from "better-auth/crypto";
import { readSessionCache, sign } from "../lib/cookies.mjs";
import { group, secret } from "../lib/suite.mjs";

const secrets = [
	{ version: 3, value: "the third secret, more than 32 characters long" },
	{ version: 1, value: "the first secret, more than 32 characters long" },
];

group("rotated secrets", { options: { secrets, session: { cookieCache: { enabled: true, strategy: "jwe" } } } }, (scenario) => {
	scenario("sign and seal with the current one", async (t) => {
		await t.signUp("alice");
		await t.get("/get-session", { as: "alice" });
	});

	scenario("open a cache sealed with an older one, or with the one before rotation", async (t) => {
		await t.member("alice");
		await t.get("/get-session", { as: "alice" });
		t.sql("update user set name = 'behind the cache'");
		for (const key of [secrets[1].value, secret, "a stranger's secret of more than 32 characters"]) {
			const values = {};
			for (const side of ["oracle", "lockstep"]) {
				const { payload } = await readSessionCache(t.jar(side, "alice").get("better-auth.session_data"), t.options);
				const { iat, exp, jti, ...rest } = payload;
				values[side] = await symmetricEncodeJWT(rest, key, "better-auth-session", 300);
			}
			t.changeCookie("alice", "better-auth.session_data", (_, side) => values[side]);
			await t.get("/get-session", { as: "alice" });
		}
	});

	scenario("refuse a token signed with an older one", async (t) => {
		const signed = await t.member("alice");
		for (const key of [secrets[1].value, secret, secrets[0].value]) {
			t.changeCookie("alice", "better-auth.session_token", (_, side) => sign(signed[side].json.token, key));
			await t.get("/get-session", { as: "alice" });
			await t.get("/list-accounts", { as: "alice" });
		}
	});
});
