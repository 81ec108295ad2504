// Media types, JSON and unusual bytes.
import { group } from "../lib/suite.mjs";

const long = "x".repeat(129); // a password that stops a sign-in before any work
const json = { "content-type": "application/json" };

group("bodies", {}, (scenario) => {
	scenario("media types of a JSON endpoint", async (t) => {
		const types = [
			"text/plain", "text/html", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "application/octet-stream",
			"application/json; charset=utf-8", "APPLICATION/JSON", "application/json;charset=latin1", "application/json ; x", "application/vnd.api+json",
			"application/json, text/plain", "application/jsonx", "json", "", " ", ";", "application/json\t", '"application/json"', "application/ json",
		];
		for (const type of types) {
			await t.post("/revoke-session", { body: '{"token":1}', headers: { "content-type": type } });
			await t.post("/sign-in/email", { body: JSON.stringify({ email: "a@b.co", password: long }), headers: { "content-type": type } });
		}
	});

	scenario("no media type", async (t) => {
		for (const path of ["/sign-in/email", "/sign-up/email", "/sign-out", "/revoke-session", "/update-user"]) {
			await t.post(path, { body: '{"a":1}' });
			await t.send("POST", path);
			await t.post(path, { body: "", headers: json });
		}
	});

	scenario("a body in chunks", async (t) => {
		await t.post("/sign-in/email", { body: JSON.stringify({ email: "a@b.co", password: long }), headers: { ...json, "transfer-encoding": "chunked" } });
		await t.post("/sign-in/email", { body: "", headers: { ...json, "transfer-encoding": "chunked" } });
	});

	scenario("GET ignores a body", async (t) => {
		await t.send("GET", "/ok", { body: "{", headers: json });
		await t.send("GET", "/get-session", { body: "x", headers: { "content-type": "text/plain" } });
	});

	scenario("texts that are no JSON", async (t) => {
		const texts = [
			"{", "}", "[", "{]", "{,}", '{"a":1,}', "{'a':1}", "{a:1}", '{"a":01}', '{"a":+1}', '{"a":.5}', '{"a":1.}', '{"a":NaN}', '{"a":Infinity}',
			'{"a":undefined}', '{"a":"\n"}', '{"a":"\u0000"}', '{"a":"\\x41"}', '{"a":"\\u12"}', '{"a":tru}', '{} {}', "{}x", "// c\n{}", "/* c */{}", "\u00a0{}", "\f{}",
			"True", "nul", '"', "\\", " ", "\n", "{}\u0000", '{"a":1 "b":2}', '{"a" 1}', '{"a":1;"b":2}', "--1", "1e", "0x1", "1_000", "'x'",
		];
		for (const body of texts) await t.post("/revoke-session", { body, headers: json });
	});

	scenario("JSON that is no object", async (t) => {
		const values = ["null", "[]", "[1]", "1", '"x"', "true", "false", "-0", "1e400", "1E5", " {} ", "\t\r\n{}", '[{"token":"x"}]'];
		for (const path of ["/revoke-session", "/sign-in/email", "/sign-up/email", "/change-password", "/update-user", "/delete-user", "/sign-out"]) {
			for (const body of values) await t.post(path, { body, headers: json });
		}
	});

	scenario("members: twice, in another case, inherited", async (t) => {
		const bodies = [
			`{"email":"bad","email":"a@b.co","password":"${long}"}`, `{"email":"a@b.co","email":"bad","password":"${long}"}`,
			`{"EMAIL":"a@b.co","Password":"${long}"}`, `{"email":"a@b.co","Email":"bad","password":"${long}"}`,
			`{"__proto__":{"email":"a@b.co"},"password":"${long}"}`, `{"\\u0065mail":"a@b.co","password":"${long}"}`,
			`{"email":"a@b.co","password":"${long}","":1,"toString":1,"0":1}`, `{"emaıl":"a@b.co","password":"${long}"}`,
			`{"email":"a@b.co","paſſword":"${long}"}`,
		];
		for (const body of bodies) await t.post("/sign-in/email", { body, headers: json });
	});

	scenario("unusual bytes", async (t) => {
		const good = JSON.stringify({ email: "a@b.co", password: long });
		const bodies = [
			Buffer.from(`\uFEFF${good}`), Buffer.from([0xff, 0xfe, 0x7b, 0]), Buffer.from(good, "utf16le"),
			Buffer.concat([Buffer.from('{"email":"'), Buffer.from([0xff, 0xc0, 0x80]), Buffer.from(`@b.co","password":"${long}"}`)]),
			Buffer.from(`{"email":"\\ud800@b.co","password":"${long}"}`), Buffer.from(`{"email":"\\udc00\\ud800","password":"${long}"}`),
			Buffer.from(`{"email":"\\u0000@b.co","password":"${long}"}`), Buffer.from([0]), Buffer.from([0x1f, 0x8b, 8, 0]),
		];
		for (const body of bodies) await t.post("/sign-in/email", { body, headers: json });
		await t.post("/sign-in/email", { body: good, headers: { ...json, "content-encoding": "gzip" } });
	});

	scenario("a byte order mark twice", async (t) => {
		await t.post("/sign-in/email", { body: Buffer.from(`\uFEFF\uFEFF${JSON.stringify({ email: "a@b.co", password: long })}`), headers: json });
	});

	scenario("lone surrogates become replacement characters", async (t) => {
		const body = '{"name":"\\ud800x\\udfff","email":"s@example.com","password":"correct horse \\ud800"}';
		await t.post("/sign-up/email", { as: "s", body, headers: json });
		await t.get("/get-session", { as: "s" });
		await t.post("/sign-in/email", { as: "s", body: '{"email":"s@example.com","password":"correct horse \\udfff"}', headers: json });
	});

	scenario("deep and long bodies", async (t) => {
		await t.post("/sign-in/email", { body: `{"email":"a@b.co","password":"${long}","x":${"[".repeat(500)}${"]".repeat(500)}}`, headers: json });
		await t.post("/sign-in/email", { body: `${"[".repeat(5_000)}`, headers: json });
		await t.post("/sign-in/email", { body: `{"email":"a@b.co","password":"${"x".repeat(500_000)}"}`, headers: json });
		await t.post("/revoke-session", { body: `{"token":${"9".repeat(2_000)}}`, headers: json });
	});

	scenario("deeper than 512 levels", async (t) => {
		await t.post("/sign-in/email", { body: `{"email":"a@b.co","password":"${long}","x":${"[".repeat(5_000)}${"]".repeat(5_000)}}`, headers: json });
	});

	scenario("more than a mebibyte", async (t) => {
		await t.post("/sign-in/email", { body: `{"email":"a@b.co","password":"${"x".repeat(1_100_000)}"}`, headers: json });
	});

	scenario("the origin check comes after the parser", async (t) => {
		const evil = { origin: "https://evil.example", ...json };
		await t.post("/sign-in/email", { body: "{", headers: evil, cookie: "a=b" });
		await t.post("/sign-in/email", { body: "{}", headers: { ...evil, "content-type": "text/plain" }, cookie: "a=b" });
		await t.post("/sign-in/email", { body: "{}", headers: evil, cookie: "a=b" });
	});
});
