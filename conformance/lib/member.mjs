// Users that are put into the database instead of signing up, because hashing a password is what takes the time.
import { hashPassword } from "better-auth/crypto";
import { currentSecret, sign } from "./cookies.mjs";
import { password } from "./options.mjs";

// The hash of `password`, made once.
let hash;

/**
 * The rows that a sign-up would have left, by table, and the cookies of the session. `key` is unique in its scenario.
 * Ids and tokens are the same at both sides.
 */
export async function memberRows(actor, key, options, rememberMe) {
	hash ??= hashPassword(password);
	const secret = currentSecret(options);
	const id = `${key}User`.padEnd(32, "0");
	const token = tokenWithEverySign(`${key}Token`, secret);
	const lifetime = rememberMe ? (options.session?.expiresIn ?? 604_800) : 86_400; // seconds
	const now = Date.now();
	const written = { createdAt: new Date(now).toISOString(), updatedAt: new Date(now).toISOString() };
	const user = { id, name: actor, email: `${actor}@example.com`, emailVerified: 0, ...written };
	const account = { id: `${key}Account`.padEnd(32, "0"), accountId: id, providerId: "credential", userId: id, password: await hash, ...written };
	const session = {
		id: `${key}Session`.padEnd(32, "0"),
		expiresAt: new Date(now + lifetime * 1_000).toISOString(),
		token,
		ipAddress: "203.0.113.7",
		userAgent: "conformance/1",
		userId: id,
		...written,
	};
	const prefix = options.advanced?.cookiePrefix ?? "better-auth";
	const cookies = { [`${prefix}.session_token`]: sign(token, secret) };
	if (!rememberMe) cookies[`${prefix}.dont_remember`] = sign("true", secret);
	return { rows: { user, account, session }, cookies, token };
}

// A token whose signature contains both characters that other encodings of base64 spell differently.
function tokenWithEverySign(start, secret) {
	for (let i = 0; ; i++) {
		const token = `${start}x${i}x`.padEnd(32, "0");
		const signed = sign(token, secret);
		if (signed.includes("%2B") && signed.includes("%2F")) return token;
	}
}
