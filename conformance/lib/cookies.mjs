// What a Set-Cookie says, once signatures are checked and caches are opened with the library's own functions.
import { createHmac } from "node:crypto";
import { symmetricDecodeJWT } from "better-auth/crypto";
import { getCookieCache } from "better-auth/cookies";
import { decodeProtectedHeader, jwtVerify } from "jose";
import { parseSetCookie } from "./jar.mjs";
import { keyOf, openStateCookie, openTokens, reveal } from "./reveal.mjs";

/**
 * Reads the Set-Cookie lines of one response. The last of a name counts, as in a browser; `repeated` has the names
 * that came more than once. The chunks of a session cache or an account become one entry under the cookie's bare name.
 */
export async function readCookies(setCookies, options) {
	const cookies = new Map();
	const repeated = new Set();
	for (const line of setCookies) {
		const cookie = parseSetCookie(line);
		if (cookies.has(cookie.name)) repeated.add(cookie.name);
		cookies.set(cookie.name, cookie);
	}
	const seen = {};
	const chunks = new Map();
	for (const { name, value, attributes } of [...cookies.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
		const bare = sessionCacheName(name, options) ?? accountName(name);
		if (bare && value !== "") {
			chunks.set(bare, [...(chunks.get(bare) ?? []), { name, value }]);
			seen[name] = { attributes, length: value.length };
		} else if (name.endsWith(".oauth_state") && value !== "") {
			seen[name] = { attributes, state: await openStateCookie(decodeURIComponent(value), options) };
		} else {
			seen[name] = { attributes, ...readValue(value, currentSecret(options)) };
		}
	}
	for (const [name, parts] of chunks) {
		const value = parts.sort((a, b) => chunkIndex(a.name) - chunkIndex(b.name)).map((part) => part.value).join("");
		const content = accountName(name) ? await readAccount(value, options) : { ...(await readSessionCache(value, options)), verdict: await edgeVerdict(name, value, options) };
		// Alone, the length says nothing that the content does not; between chunks it is where the cut is.
		if (parts.length === 1) delete seen[parts[0].name].length;
		seen[name] = { ...seen[name], content };
	}
	const sorted = Object.fromEntries(Object.entries(seen).sort(([a], [b]) => (a < b ? -1 : 1)));
	return { seen: sorted, repeated: [...repeated].sort() };
}

/** The secret that signs: the first of a rotation set, else the only one. */
export function currentSecret(options) {
	return options.secrets?.[0].value ?? options.secret;
}

/** A signed cookie value as the servers write it. */
export function sign(value, secret) {
	return encodeURIComponent(`${value}.${createHmac("sha256", secret).update(value).digest("base64")}`);
}

/** A value with a signature, opened; a wrong signature or another spelling of the same text is visible as such. */
export function readValue(raw, secret) {
	let value;
	try {
		value = decodeURIComponent(raw);
	} catch {
		return { value: raw, encoding: "malformed" };
	}
	const encoding = encodeURIComponent(value) === raw ? "encodeURIComponent" : `other: ${raw}`;
	const signed = /^(.+)\.([A-Za-z0-9+/]{43}=)$/s.exec(value);
	if (!signed) return { value, encoding };
	const expected = createHmac("sha256", secret).update(signed[1]).digest("base64");
	return { value: signed[1], signature: signed[2] === expected ? "valid" : "wrong", encoding };
}

function sessionCacheName(name, options) {
	const custom = options.advanced?.cookies?.session_data?.name ?? "session_data";
	const bare = name.replace(/\.(0|[1-9]\d*)$/, "");
	return bare.endsWith(custom) ? bare : null;
}

function accountName(name) {
	const bare = name.replace(/\.(0|[1-9]\d*)$/, "");
	return bare.endsWith(".account_data") ? bare : null;
}

/** Opens an account cookie, and the tokens in it. */
export async function readAccount(value, options) {
	const account = await symmetricDecodeJWT(value, keyOf(options), "better-auth-account");
	return account ? { header: decodeProtectedHeader(value), account: reveal(await openTokens(account, options)) } : { unreadable: value };
}

function chunkIndex(name) {
	return Number(/\.(\d+)$/.exec(name)?.[1] ?? 0);
}

/** Opens a session cache of any strategy; a signature that does not hold yields its reason and no content. */
export async function readSessionCache(value, options) {
	const secret = currentSecret(options);
	try {
		switch (options.session?.cookieCache?.strategy ?? (options.database === null ? "jwe" : "compact")) {
			case "jwe":
				return { header: decodeProtectedHeader(value), payload: await openJWE(value, options) };
			case "jwt": {
				const { protectedHeader, payload } = await jwtVerify(value, new TextEncoder().encode(secret));
				return { header: protectedHeader, payload };
			}
			default:
				return readCompact(value, secret);
		}
	} catch (error) {
		return { unreadable: error.code ?? error.message };
	}
}

function readCompact(value, secret) {
	const text = Buffer.from(value, "base64url").toString("utf8");
	if (Buffer.from(text).toString("base64url") !== value) return { unreadable: "not unpadded base64url" };
	const { session, expiresAt, signature, ...rest } = JSON.parse(text);
	const signed = JSON.stringify({ ...session, expiresAt });
	const expected = createHmac("sha256", secret).update(signed).digest("base64url");
	if (signature !== expected) return { unreadable: "wrong signature" };
	return { payload: session, expiresAt, rest };
}

/** Opens a JWE of the session cache with every secret of the rotation set. */
export async function openJWE(value, options) {
	const payload = await symmetricDecodeJWT(value, keyOf(options), "better-auth-session");
	if (!payload) throw new Error("not decryptable");
	return payload;
}

// What an edge middleware of a JavaScript front end makes of the cookie, with the helper of the real library.
async function edgeVerdict(name, value, options) {
	const strategy = options.session?.cookieCache?.strategy ?? (options.database === null ? "jwe" : "compact");
	const version = options.session?.cookieCache?.version;
	const cut = /^(__Secure-)?(.*)\.([^.]+)$/.exec(name);
	if (!cut) return "custom name";
	const headers = new Headers({ cookie: `${name}=${value}` });
	const config = { secret: currentSecret(options), strategy, cookiePrefix: cut[2], cookieName: cut[3], isSecure: Boolean(cut[1]), version };
	return (await getCookieCache(headers, config)) ? "trusted" : "refused";
}
