// Records how Better Auth's own rate limiter decides: windows.json (counts),
// rules.json (which rule a path has) and wildcards.json (patterns of paths).
// Run with a folder that has better-auth 1.7.25 installed:
//
//	node record.mjs path/to/node_modules
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const load = (path) => import(pathToFileURL(resolve(process.argv[2], path)));
const { betterAuth } = await load("better-auth/dist/index.mjs");
const { memoryAdapter } = await load("better-auth/dist/adapters/memory-adapter/index.mjs");
const { wildcardMatch } = await load("better-auth/dist/utils/wildcard.mjs");
const write = (name, rows) =>
	writeFileSync(join(import.meta.dirname, name), `[\n${rows.map((r) => JSON.stringify(r)).join(",\n")}\n]\n`);

let now = 1_700_000_000_000;
Date.now = () => now;

const server = (rateLimit, plugins = []) =>
	betterAuth({
		baseURL: "http://app.test", secret: "a secret of more than thirty-two characters", logger: { disabled: true },
		database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
		rateLimit: { enabled: true, storage: "memory", ...rateLimit }, plugins,
	});
const take = async (auth, ip, path) => {
	const answer = await auth.handler(new Request(`http://app.test/api/auth${path}`, { headers: { "x-forwarded-for": ip } }));
	return answer.status === 429 ? { allowed: false, retryAfter: Number(answer.headers.get("x-retry-after")) } : { allowed: true, retryAfter: 0 };
};

// Counts: a walk through time with steps around the edges of the windows.
const rules = { "/a": { window: 10, max: 3 }, "/b": { window: 1, max: 1 }, "/c": { window: 60, max: 5 }, "/d": { window: 2.5, max: 2 } };
const counting = server({ customRules: rules });
const steps = [0, 0, 0, 1, 10, 499, 500, 999, 1000, 1001, 2499, 2500, 2501, 5000, 9999, 10_000, 10_001, 59_999, 60_000];
let random = 7;
const pick = (list) => list[(random = (random * 48271) % 2147483647) % list.length];
const windows = [];
for (let i = 0; i < 600; i++) {
	const step = i % 5 === 0 ? pick(steps) : pick(steps.slice(0, 8));
	now += step;
	const [path, ip] = [pick(Object.keys(rules)), pick(["192.0.2.1", "192.0.2.2"])];
	windows.push({ now, key: `${ip}|${path}`, window: rules[path].window * 1000, max: rules[path].max, ...(await take(counting, ip, path)) });
}
write("windows.json", windows);

// Rules: call each path until it is refused. The answers tell max and window.
const choosing = server(
	{
		window: 7, max: 9,
		customRules: {
			"/sign-in/email": { window: 20, max: 2 }, "/sign-up/*": { window: 21, max: 4 }, "/free": false, "/free/**": false, "/first/*": { window: 22, max: 5 }, "/first/x": { window: 23, max: 6 },
			"/func/skip": () => false, "/func/keep": () => undefined, "/func/set": (_, current) => ({ window: current.window + 1, max: current.max + 1 }), "/plugin-a/custom": { window: 24, max: 3 }, "/q?": { window: 25, max: 3 },
		},
	},
	[
		{ id: "a", rateLimit: [{ pathMatcher: (p) => p.startsWith("/plugin-a"), window: 30, max: 5 }, { pathMatcher: (p) => p === "/sign-in/magic-link", window: 60, max: 5 }] },
		{ id: "b", rateLimit: [{ pathMatcher: (p) => p.startsWith("/plugin"), window: 31, max: 6 }] },
	],
);
const chosen = [];
let client = 0;
for (const path of [
	"/", "/ok", "/get-session", "/sign-in", "/sign-in/email", "/sign-in/social", "/sign-in/magic-link", "/sign-inx", "/sign-up/email", "/sign-up/email/x", "/sign-up", "/change-password", "/change-email", "/change-emails/x",
	"/request-password-reset", "/request-password-reset/x", "/send-verification-email", "/forget-password", "/forget-password/email-otp", "/email-otp/send-verification-otp", "/email-otp/request-password-reset", "/email-otp/other",
	"/plugin-a", "/plugin-a/custom", "/plugin-b", "/free", "/free/x/y", "/freedom", "/first/x", "/first/y", "/first/x/y", "/func/skip", "/func/keep", "/func/set", "/qx", "/SIGN-IN/email",
]) {
	const ip = `192.0.2.${++client}`;
	let max = 0, answer;
	while ((answer = await take(choosing, ip, path)).allowed && max < 20) max++;
	chosen.push({ path, limited: !answer.allowed, max: answer.allowed ? 0 : max, window: answer.retryAfter * 1000 });
}
write("rules.json", chosen);

const patterns = ["/*", "/**", "*", "**", "/a/*", "/a/**", "/a*", "/a**", "/*/b", "/**/b", "/a/*/c", "/a/**/c", "/a/**/**/c", "**/c", "**/*", "/a/*b*", "/a/?*", "/a//*", "/a/*/", "/a/\\**", "/a\\?*", "/a.b/*", "/(a|b)/*", "/[ab]*", "/a/*\\"];
const paths = ["", "/", "//", "/a", "/a/", "/ab", "/abc/d", "/a/b", "/a/b/c", "/a/c", "/a/b/b/c", "/a//b", "/a/b/", "/b", "/x/b", "/x/y/b", "/c", "/a/xby", "/a/*", "/a/*x", "/a?x", "/a.b/c", "/axb/c", "/(a|b)/c", "/[ab]", "/a\\b", "/a/b\\c", "a", "a/b/c"];
write("wildcards.json", patterns.map((pattern) => ({ pattern, matches: paths.filter((path) => wildcardMatch(pattern)(path)), differs: paths.filter((path) => !wildcardMatch(pattern)(path)) })));
