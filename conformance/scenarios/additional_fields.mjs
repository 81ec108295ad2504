// user.additionalFields: types, defaults, what comes in and what goes out.
import { group } from "../lib/suite.mjs";

const fields = {
	nickname: { type: "string", required: false },
	country: { type: "string", required: true },
	role: { type: "string", input: false, defaultValue: "user" },
	score: { type: "number", required: false, defaultValue: 10 },
	newsletter: { type: "boolean", required: false, defaultValue: false },
	born: { type: "date", required: false },
	notes: { type: "string", required: false, returned: false },
	internal: { type: "string", required: false, input: false },
	handle: { type: "string", required: false, unique: true },
	tags: { type: "string[]", required: false },
	settings: { type: "json", required: false },
};

// Values that are not of their field's type.
const mistyped = [
	{ nickname: 5 }, { nickname: {} }, { nickname: ["x"] }, { score: "5" }, { score: "x" }, { newsletter: "true" }, { newsletter: 1 },
	{ born: "x" }, { born: "2000-01-02" }, { born: 5 }, { tags: "x" }, { tags: [1] },
];

group("additional fields", { options: { user: { additionalFields: fields, deleteUser: { enabled: true } } } }, (scenario) => {
	scenario("are stored and returned", async (t) => {
		await t.signUp("alice", { country: "DE", nickname: "Al", score: 5, newsletter: true, born: "2000-01-02T03:04:05.678Z", notes: "hidden", handle: "al", tags: ["a", "b"], settings: { a: [1, null] } });
		await t.get("/get-session", { as: "alice" });
		await t.signIn("alice");
	});

	scenario("have defaults", async (t) => {
		await t.signUp("alice", { country: "DE" });
		await t.get("/get-session", { as: "alice" });
	});

	scenario("may be required", async (t) => {
		await t.signUp("alice");
		await t.signUp("alice", { country: "" });
	});

	scenario("that are not for input", async (t) => {
		await t.signUp("alice", { country: "DE", role: "admin" });
		await t.signUp("bob", { country: "DE", internal: "x" });
		await t.signUp("bob", { country: "DE", internal: "" });
		await t.post("/update-user", { as: "alice", json: { role: "admin" } });
		await t.post("/update-user", { as: "alice", json: { role: "" } });
		await t.post("/update-user", { as: "alice", json: { role: null, nickname: "x" } });
		await t.post("/update-user", { as: "alice", json: { internal: "x" } });
		await t.get("/get-session", { as: "alice" });
	});

	scenario("change with the user", async (t) => {
		await t.signUp("alice", { country: "DE" });
		await t.post("/update-user", { as: "alice", json: { nickname: "Al", score: 7, newsletter: true, tags: ["x"], settings: { deep: { er: 1 } }, born: "1999-12-31T23:59:59.999Z" } });
		await t.get("/get-session", { as: "alice" });
		await t.post("/update-user", { as: "alice", json: { nickname: null, score: null, newsletter: null, tags: null, born: null } });
		await t.get("/get-session", { as: "alice" });
		await t.post("/update-user", { as: "alice", json: { notes: "hidden" } });
	});

	scenario("that are unique", async (t) => {
		await t.signUp("alice", { country: "DE", handle: "same" });
		await t.signUp("bob", { country: "DE", handle: "same" });
		await t.signUp("carol", { country: "DE" });
		await t.post("/update-user", { as: "carol", json: { handle: "same" } });
		await t.get("/get-session", { as: "carol" });
	});

	scenario("of the right type, at its edges", async (t) => {
		const tries = [{ score: 1.5 }, { score: -0 }, { score: 1e20 }, { score: null }, { nickname: null }, { tags: [] }, { tags: ["", "ä"] }, { settings: {} }, { settings: [1, { a: null }] }, { born: "1969-12-31T23:59:59.999Z" }];
		for (const [i, more] of tries.entries()) await t.signUp(`user${i}`, { country: "DE", ...more });
	});

	scenario("of the right type in an update, at its edges", async (t) => {
		await t.signUp("alice", { country: "DE" });
		for (const json of [{ score: 1.5 }, { score: -0 }, { tags: [] }, { settings: {} }, { settings: [1, { a: null }] }, { newsletter: false }]) {
			await t.post("/update-user", { as: "alice", json });
			await t.get("/get-session", { as: "alice" });
		}
	});

	scenario("of another type", async (t) => {
		for (const more of mistyped) {
			await t.signUp("alice", { country: "DE", ...more });
			t.clear();
		}
		await t.signUp("alice", { country: null });
	});

	scenario("of another type, in an update", async (t) => {
		for (const json of mistyped) {
			await t.signUp("alice", { country: "DE" });
			await t.post("/update-user", { as: "alice", json });
			t.clear();
		}
	});

	scenario("JSON that is a text, a number or null", async (t) => {
		await t.signUp("alice", { country: "DE", settings: "x" });
		await t.signUp("bob", { country: "DE", settings: 5 });
		await t.post("/update-user", { as: "bob", json: { settings: "x" } });
		await t.post("/update-user", { as: "bob", json: { settings: null } });
		await t.get("/get-session", { as: "bob" });
	});

	scenario("names of objects that everything inherits", async (t) => {
		await t.signUp("alice", { country: "DE", toString: "x", constructor: "y", hasOwnProperty: 1 });
	});
});

group("additional fields of a synthetic user", { options: { emailAndPassword: { enabled: true, autoSignIn: false }, user: { additionalFields: fields } } }, (scenario) => {
	scenario("make a known address look like a new one", async (t) => {
		await t.signUp("alice", { country: "DE" });
		await t.signUp("alice", { country: "DE" });
		await t.signUp("alice", { country: "FR", nickname: "x", score: 3, tags: ["a"], born: "2000-01-02T03:04:05.678Z", notes: "n" });
		await t.signUp("alice", { country: "FR", role: "admin" });
		await t.signUp("alice");
	});
});

group("additional fields in a session cache", { options: { user: { additionalFields: fields }, session: { cookieCache: { enabled: true } } } }, (scenario) => {
	scenario("hidden ones stay out", async (t) => {
		await t.signUp("alice", { country: "DE", notes: "hidden", born: "2000-01-02T03:04:05.678Z", tags: ["a"], settings: { a: 1 } });
		await t.get("/get-session", { as: "alice" });
		await t.get("/get-session?disableCookieCache=1", { as: "alice" });
	});
});
