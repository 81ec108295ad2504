// What is sealed, opened: id tokens, states, encrypted tokens. What it says is compared, and that the seal is right.
import { createHash, hkdfSync } from "node:crypto";
import { symmetricDecrypt } from "better-auth/crypto";
import { readIDToken } from "./idp.mjs";

// What the purpose of a key is derived with (upstream: crypto/purpose.ts).
const purposeSalt = "better-auth:oauth-encryption:v1";

/** A copy of a value with all id tokens in it opened, also those in the middle of a text, and public keys left out. */
export function reveal(value) {
	if (typeof value === "string") return revealText(value);
	if (Array.isArray(value)) return value.map(reveal);
	if (typeof value !== "object" || value === null || value instanceof Date) return value;
	if (value.kty === "OKP") return { ...value, x: `<${value.x.length} characters>` };
	return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, reveal(member)]));
}

function revealText(text) {
	const whole = readServerToken(text) ?? readIDToken(text);
	const inside = whole ? [] : (text.match(/eyJ[\w-]*\.eyJ[\w-]*\.[\w-]*/g) ?? []);
	if (inside.length === 0) return whole ?? text;
	return { text: inside.reduce((rest, token) => rest.replace(token, "<id token>"), text), tokens: inside.map(readIDToken) };
}

// What a token of the plugin jwt says. Scenarios check its signature with the key set of its server.
function readServerToken(text) {
	const parts = /^(eyJ[\w-]*)\.(eyJ[\w-]*)\.([\w-]*)$/.exec(text);
	const [header, claims] = parts?.slice(1, 3).map((part) => JSON.parse(Buffer.from(part, "base64url"))) ?? [];
	return header?.alg === "EdDSA" ? { header, claims, signature: `<${parts[3].length} characters>` } : undefined;
}

/** The rows of a table with states and encrypted tokens opened. */
export async function revealRow(table, row, options) {
	if (table === "verification" && row.value.includes('"codeVerifier"')) return { ...row, value: await openState(row.value, options) };
	if (table === "account") return reveal(await openTokens(row, options));
	return row;
}

/** An account with its tokens decrypted, if the options say that they are encrypted. */
export async function openTokens(account, options) {
	if (!options.account?.encryptOAuthTokens) return account;
	const open = async (text) => (text ? { encrypted: await decrypt(text, keyOf(options)) } : text);
	return { ...account, accessToken: await open(account.accessToken), refreshToken: await open(account.refreshToken) };
}

/** The state in a cookie. */
export async function openStateCookie(text, options) {
	const state = await decrypt(text, keyOf(options, "oauth-state-cookie"));
	return typeof state === "string" ? openState(state, options) : state;
}

/** What stands for a verifier: the start of its hash, an id to the comparison. A challenge is the whole hash (RFC 7636). */
export const verifierID = (hash) => hash.toString("hex").slice(0, 32);

// A state, with the verifier named by its hash, which the runner knows, and the session of a link by its token.
// What is none stays as it is.
async function openState(text, options) {
	const state = parsed(text);
	if (typeof state !== "object" || state === null || Array.isArray(state)) return text;
	const spelled = JSON.stringify(state) === text ? "as JSON.stringify does" : text;
	const { codeVerifier, link } = state;
	if (codeVerifier) state.codeVerifier = { length: codeVerifier.length, hash: verifierID(createHash("sha256").update(codeVerifier).digest()) };
	if (link?.encryptedSessionToken) {
		state.link = { ...link, encryptedSessionToken: await decrypt(link.encryptedSessionToken, keyOf(options, "oauth-link-session-token")) };
	}
	return { ...state, spelled };
}

function parsed(text) {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

async function decrypt(data, key) {
	return symmetricDecrypt({ key, data }).catch((error) => ({ unreadable: error.message, data }));
}

/** The key of a purpose; without one, that of the tokens. */
export function keyOf({ secret, secrets }, purpose) {
	const derive = (text) => (purpose ? Buffer.from(hkdfSync("sha256", text, purposeSalt, `better-auth:${purpose}:v1`, 32)).toString("hex") : text);
	if (!secrets) return derive(secret);
	return {
		keys: new Map(secrets.map(({ version, value }) => [Number(version), derive(value)])),
		currentVersion: Number(secrets[0].version),
		legacySecret: secret && derive(secret),
	};
}
