// Records what Better Auth 1.7.25 does with cookies, as JSON for the Go tests.
// In a folder with better-auth@1.7.25 and better-call installed, run
//   node generate.mjs <folder of this file>
import { writeFileSync } from "node:fs";
import { createHmac } from "node:crypto";
import { join } from "node:path";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const here = createRequire(join(process.cwd(), "package.json"));
const load = async (name) => import(pathToFileURL(here.resolve(name)).href);
const { betterAuth } = await load("better-auth");
const cookies = await load("better-auth/cookies");
const call = await load("better-call");
const { memoryAdapter } = await load("better-auth/adapters/memory");

const out = process.argv[2];
// One case per line.
const format = (v) => Array.isArray(v) ? "[\n" + v.map((c) => JSON.stringify(c)).join(",\n") + "\n]\n"
  : "{" + Object.entries(v).map(([k, c]) => `\n${JSON.stringify(k)}: ${format(c).trim()}`).join(",") + "\n}\n";
const write = (name, value) => writeFileSync(join(out, name), format(value));
const secret = "better-auth-test-secret-0123456789abcdefghij";

// component.json: encodeURIComponent, and decodeURIComponent with null where it throws.
const plain = ["", "abc", "a b", "é", "~!*'()", "a/b+c=", '{"x":1}', "\u2028", "😀", "\u0000\u007f", "100%", "-_.", ";,\"\\", "\uFFFD"];
const escaped = ["", "abc", "%", "%4", "%41", "%4g", "%g4", "a%20b+c", "%C3%A9", "%c3%a9", "%C3", "%C3é", "%C3%41", "%A9", "%C0%80",
  "%C1%BF", "%E0%80%80", "%E0%9F%BF", "%E0%A0%80", "%ED%A0%80", "%ED%9F%BF", "%EF%BF%BD", "%EF%BF%BF", "%F0%8F%BF%BF", "%F0%9F%98%80", "%F0%9F%98",
  "%F4%8F%BF%BF", "%F4%90%80%80", "%F5%80%80%80", "%F8%88%80%80%80", "%FF", "%00", "é%C3%A9", "%%41", "%25%34%31", "%C3%C3%A9", "%2", "%E2%82%AC%"];
const decode = (s) => { try { return decodeURIComponent(s); } catch { return null; } };
write("component.json", {
  encode: plain.map((s) => ({ in: s, out: encodeURIComponent(s) })),
  decode: escaped.map((s) => ({ in: s, out: decode(s) })),
});

// set_cookie.json: better-call's serializer.
const attributes = [
  {}, { path: "/" }, { maxAge: 0 }, { maxAge: 604800, path: "/", httpOnly: true, sameSite: "lax" },
  { maxAge: 604800, domain: ".example.com", path: "/", expires: "2026-08-09T01:02:03.999Z", httpOnly: true, secure: true, sameSite: "strict", partitioned: true },
  { maxAge: -1, path: "/x" }, { sameSite: "none" }, { sameSite: "None", domain: "example.com" }, { partitioned: true }, { sameSite: "Strict" },
  { maxAge: 34560000 }, { domain: "example.com", path: "/a", secure: false },
];
const lines = [];
for (const name of ["k", "__Secure-k", "__Host-k", "__secure-k", "__HOST-k", "__Hos"]) {
  for (const a of attributes) {
    const options = { ...a, ...(a.expires ? { expires: new Date(a.expires) } : {}) };
    const value = "é; a=1";
    // The serializer refuses dates far ahead of the clock.
    const now = Date.now;
    Date.now = () => Date.parse("2026-08-01T00:00:00Z");
    lines.push({ name, value, attributes: a, line: call.serializeCookie(name, value, options) });
    Date.now = now;
  }
}
write("set_cookie.json", lines);

// request.json: both parsers. Headers are bytes, here as Latin-1 text.
const headers = ["", ";", "=", "a", "a=", "=a", "a=1", "a=1;b=2", "a=1; b=2", " a = 1 ; b = 2 ", "a=1; a=2", "a; b=2", "a;;b=2;", "b=2; a", "x; a=1; y",
  "a=1=2", "a==", 'a="1"', 'a="1', 'a=1"', 'a="', 'a=""', 'a=" 1 "', 'a= "1" ', 'a="1";b="2"', 'a="x;y"', 'a="b=1";c=2', "a=%41", "a=%4", "a=%C3%A9",
  'a="%22"', "a=é", "é=1; a=2", "a=\u00a01\u00a0", "\u00a0a=1", "a\u00a0=1", "a=\t1\t", "\ta\t=1", "a=1,2", "a=1 2", "a=1\\2", "a\"=1; a=2", "a b=1", "$Version=1; a=2",
  "a=1; A=2", "a=é%C3%A9", "a=é%C3", "a=%; b=%41%", "a.0=x; a.1=y", "a.1=y; a.0=x", "a.00=z; a.0=x", "a.0=x; a.0=y", "a=; a.0=x", 'a="; b=2', "a=1\u007f; b=2", "a=\u0085x\u0085",
  "n.10=k; n.9=j; n.2=c; n.0=a; n.1=b", "a={\"x\":1}", "a=1;\u00a0b=2", "a=\" 1\"", "a=\"1\" x", "a='1'", "a=1;b", "a=1;b;=;c=3", "===; a=1"];
const { parseCookies: lenient } = await import(pathToFileURL(here.resolve("better-call").replace(/index\.[a-z]+$/, "cookies.mjs")).href);
write("request.json", headers.map((h) => ({ header: h, lenient: [...lenient(h)], strict: [...cookies.parseCookies(h)] })));

// chunks.json: the slices of a long value and the cookies that expire for it.
const logger = { debug() {}, warn() {} };
const chunks = [];
for (const options of [{ path: "/", httpOnly: true, sameSite: "lax", maxAge: 300 }, { path: "/", secure: true, httpOnly: true, sameSite: "lax", domain: ".example.com" }]) {
  for (const length of [0, 1, 3900, 3950, 3974, 3975, 3976, 6000, 12000, 390000, 398000, 410000]) {
    for (const cookie of length > 12000 ? [""] : ["", "s=x; s.0=y; s.1=z; s.2=; s.03=q; t=1", "s.7=a; s=b; s.7=c"]) {
      const store = cookies.createSessionStore("s", options, { headers: new Headers({ cookie }), context: { logger } });
      const made = store.chunk("v".repeat(length), options);
      chunks.push({ attributes: options, length, cookie, made: made.map((c) => [c.name, c.value.length, c.attributes.maxAge ?? -1]) });
    }
  }
}
write("chunks.json", chunks);

// sessions.json: session_data of a real server, and what it answers from it.
const long = "x".repeat(4200);
const sessions = [];
for (const strategy of ["compact", "jwt", "jwe"]) {
  for (const [title, name, version, rememberMe] of [
    ["plain", "Ada", undefined, true],
    ["odd text", "Zoë <b>&\u2028\u2029 \u0007\b\f\"\\/ 😀 Z", "2", true],
    ["a date for a name", "2026-01-02T03:04:05.678Z", undefined, true],
    ["browser session", "Ada", undefined, false],
    ["sliced", "Ada " + long, undefined, true],
  ]) {
    const auth = betterAuth({
      secret, baseURL: "http://localhost:3000", emailAndPassword: { enabled: true }, telemetry: { enabled: false },
      database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
      session: { cookieCache: { enabled: true, strategy, version } },
    });
    const post = (path, body) => auth.handler(new Request("http://localhost:3000/api/auth" + path, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json", origin: "http://localhost:3000" } }));
    const account = { email: "a@b.co", password: "correct horse", name };
    await post("/sign-up/email", account);
    const now = Date.now();
    const response = await post("/sign-in/email", { ...account, rememberMe });
    const lines = response.headers.getSetCookie();
    const cookie = lines.map((l) => l.split(";")[0]).filter((l) => !l.endsWith("=")).join("; ");
    const session = await auth.handler(new Request("http://localhost:3000/api/auth/get-session", { headers: { cookie } }));
    sessions.push({ title, strategy, secret, now, version: version ?? "1", rememberMe, lines, answer: await session.text(), answerCookies: session.headers.getSetCookie().length });
  }
}
write("sessions.json", sessions);

// compact.json: which signed texts upstream accepts. The signature is over text with the expiry in it.
const session = '"id":"s1","userId":"u1","token":"t","expiresAt":"2036-01-09T03:04:05.678Z","createdAt":"2026-01-02T03:04:05.678Z","updatedAt":"2026-01-02T03:04:05.678Z"';
const user = '"id":"u1","email":"a@b.co","emailVerified":true,"createdAt":"2026-01-02T03:04:05.678Z","updatedAt":"2026-01-02T03:04:05.678Z","name":';
const payload = (u, rest = ',"updatedAt":1767323045678,"version":"1"') => `{"session":{${session}},"user":{${user}${u}}${rest}}`;
const texts = [
  ...["2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.6Z", "2026-01-02T03:04:05.678901Z", "2026-01-02T03:04:05.000Z", "2026-02-30T03:04:05.678Z",
    "2024-02-29T00:00:00.000Z", "2026-02-29T00:00:00.000Z", "2026-13-02T03:04:05Z", "2026-01-32T03:04:05Z", "2026-01-02T24:00:00.000Z", "2026-01-02T24:00:00.001Z",
    "2026-01-02T23:60:00Z", "2026-01-02T23:59:60Z", "0000-01-01T00:00:00.000Z", "9999-12-31T24:00:00.000Z", "2026-01-02T03:04:05+00:00", "2026-01-02 03:04:05Z",
    "x 2026-01-02T03:04:05Z", "2026-01-02T03:04:05Zx", "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05z", "Z", "", "\"2026-01-02T03:04:05Z", "\\2026-01-02T03:04:05Z",
    "2026-01-02T03:04:05Z\n", "\u00e92026-01-02T03:04:05Z"].map((s) => payload(`"x","note":${JSON.stringify(s)}`)),
  payload('"x","2026-01-02T03:04:05Z":1'), payload('"x","a":["2026-01-02T03:04:05Z"]'), payload('"x","a":{"b":["2026-01-02T03:04:05.000Z",{"c":"2026-01-02T03:04:05Z"}]}'),
  payload('"x"', ',"updatedAt":1'), payload('"x"', ',"updatedAt":"1","version":"1"'), payload('"x"', ',"updatedAt":1,"version":1'), payload('"x"', ',"updatedAt":1,"version":null'),
  payload('"x"', ',"version":"1"'), payload('"x"', ',"updatedAt":1,"version":"","more":true'), '{"session":{},"user":[],"updatedAt":1}',
];
const signed = [];
for (const text of texts) {
  const end = 1767323345678;
  const over = text.slice(0, -1) + `,"expiresAt":${end}}`;
  const signature = createHmac("sha256", secret).update(over).digest("base64url");
  const value = Buffer.from(`{"session":${text},"expiresAt":${end},"signature":"${signature}"}`).toString("base64url");
  const got = await cookies.decodeCookieCache({ context: { options: { session: { cookieCache: { strategy: "compact" } } }, secret } }, value);
  signed.push({ text, value, accepted: got !== null });
}
write("compact.json", signed);
process.exit(0);
