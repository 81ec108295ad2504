// Signed tokens of mails, made here: to be too old, or wrong in one way.
import { createHmac } from "node:crypto";
import { secret } from "./options.mjs";

const hour = 3_600; // seconds

const encoded = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

/**
 * A JWT as the servers sign it for links in mails. `ends` is its life from now in seconds, null for none;
 * header, key and hash replace what the servers use.
 */
export function emailToken(claims, { ends = hour, header = { alg: "HS256" }, key = secret, hash = "sha256" } = {}) {
	const now = Math.floor(Date.now() / 1_000);
	const times = ends === null ? {} : { iat: now, exp: now + ends };
	const signed = `${encoded(header)}.${encoded(typeof claims === "string" ? claims : { ...claims, ...times })}`;
	return `${signed}.${createHmac(hash, key).update(signed).digest("base64url")}`;
}
