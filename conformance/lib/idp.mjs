// One fake identity provider that plays every service. The servers believe that they talk to github.com, google.com and
// the rest, with the URLs that they have built in: whatever they send anywhere over https arrives here, as
// /<host>/<path>. Nothing is random, so that two servers that ask for the same get the same.
import { createHash, generateKeyPairSync, sign, verify } from "node:crypto";
import { createServer } from "node:http";

// All providers have one key: the library keeps the keys of a host for the life of its process.
const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const keyID = "the-key";

/** A key that no service has. */
export const strangersKey = () => generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;

/** The public key of all services, as PEM: some verifiers can be made to take it for a secret. */
export const publicPEM = () => publicKey.export({ type: "spki", format: "pem" });

/** The id of the application at every service. */
export const clientID = "the-client";

/** The issuer of the services whose id tokens are read, by the host of their token endpoint. */
const issuers = { "oauth2.googleapis.com": "https://accounts.google.com" };

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** An id token. `ends` is its life from now in seconds; header and key replace those of the service. */
export function idToken(claims, { ends = 3_600, header = { alg: "RS256", kid: keyID }, key = privateKey } = {}) {
	const now = Math.floor(Date.now() / 1_000);
	const text = `${encoded(header)}.${encoded({ iat: now, exp: now + ends, ...claims })}`;
	return `${text}.${key === null ? "" : sign("sha256", Buffer.from(text), key).toString("base64url")}`;
}

/** What an id token says, and whether a service has signed it; anything else is undefined. */
export function readIDToken(text) {
	if (!/^eyJ[\w-]*\.eyJ[\w-]*\.[\w-]*$/.test(text)) return undefined;
	const [header, claims, signature] = text.split(".");
	const valid = verify("sha256", Buffer.from(`${header}.${claims}`), publicKey, Buffer.from(signature, "base64url"));
	const read = (part) => JSON.parse(Buffer.from(part, "base64url"));
	return { header: read(header), claims: read(claims), signature: valid ? "valid" : `wrong: ${signature}` };
}

// Headers of the connection and of the runtime, not of the request.
const ignoredHeaders = new Set(["host", "connection", "content-length", "transfer-encoding", "accept-encoding", "accept-language", "sec-fetch-mode"]);

/**
 * An IdP is the services of one server. A person who allows a sign-in is an object with some of: `userinfo`, what the
 * user API says; `emails`, GitHub's list of addresses; `idToken`, the claims of an id token besides the usual ones, or a
 * whole token; `tokens`, what differs in the answer of the token endpoint; `iss` of the callback; `answers` of other APIs
 * by host and path, perhaps with query: JSON, the status of a failure, or the text of a picture.
 */
export class IdP {
	#server = createServer((request, response) => this.#hear(request, response));
	#codes = new Map();
	#grants = new Map();
	#answers = new Map();
	#challenges = [];
	#heard = [];
	#count = 0;

	/** A provider, and the URL that stands for https://. */
	static async start() {
		const idp = new IdP();
		await new Promise((done) => idp.#server.listen(0, "127.0.0.1", done));
		idp.#server.unref(); // where its server did not start, nobody stops it
		idp.url = `http://127.0.0.1:${idp.#server.address().port}/`;
		return idp;
	}

	/** Ends it. */
	stop() {
		this.#server.closeAllConnections();
		return new Promise((done) => this.#server.close(() => done())); // also where it is ended already
	}

	/** Forgets everything, for a new scenario. */
	clear() {
		for (const kept of [this.#codes, this.#grants, this.#answers]) kept.clear();
		this.#challenges = [];
		this.#heard = [];
		this.#count = 0;
	}

	/** A browser is sent to a service with this URL. */
	arrive(url) {
		this.#challenges.push(url.searchParams.get("code_challenge"));
	}

	/** The page where somebody allows the sign-in that a URL asks for; returns the query of the way back. */
	allow(url, person) {
		const asked = new URL(url).searchParams;
		const code = `code-${++this.#count}`;
		this.#codes.set(code, { person, asked: Object.fromEntries(asked) });
		return { code, state: asked.get("state"), ...(person.iss && { iss: person.iss }) };
	}

	/**
	 * Answers otherwise from now on: "token", "userinfo", "emails", or a host and path, get { status, json, body, headers };
	 * nothing makes it as it was.
	 */
	answer(place, answer) {
		if (answer) this.#answers.set(place, answer);
		else this.#answers.delete(place);
	}

	/**
	 * The requests since the last time. Those for keys and discovery are not among them: how long they are kept is not
	 * what is compared.
	 */
	take() {
		return this.#heard.splice(0);
	}

	#hear(request, response) {
		const chunks = [];
		request.on("data", (chunk) => chunks.push(chunk));
		request.on("end", () => {
			const asked = new Asked(request, Buffer.concat(chunks).toString());
			if (asked.role !== "keys" && asked.role !== "discovery") this.#heard.push(this.#record(asked));
			const { status = 200, json, body, headers } = this.#answers.get(asked.place) ?? this.#answers.get(asked.role) ?? this.#usual(asked);
			response.writeHead(status, { "content-type": json === undefined ? "text/plain" : "application/json", ...headers });
			response.end(json === undefined ? body : JSON.stringify(json));
		});
	}

	// The request as it is compared: what is another at each server, the verifier, is named by the visit it belongs to.
	#record({ request, text, place, search }) {
		const kept = Object.entries(request.headers).filter(([name]) => !ignoredHeaders.has(name)).sort();
		const named = text.replace(/(?<=code_verifier=)[^&]*/, (verifier) => {
			const visit = this.#challenges.indexOf(createHash("sha256").update(verifier).digest("base64url")) + 1;
			if (visit > 0) return `<verifier of visit ${visit}, ${verifier.length} characters>`;
			return this.#challenges.includes(null) ? `<verifier of a visit without PKCE, ${verifier.length} characters>` : `<no verifier: ${verifier}>`;
		});
		return { request: `${request.method} ${place}${search}`, headers: Object.fromEntries(kept), body: named };
	}

	#usual(asked) {
		switch (asked.role) {
			case "discovery":
				return discovery(asked.place.split("/")[0]);
			case "keys":
				return { json: { keys: [{ ...publicKey.export({ format: "jwk" }), kid: keyID, alg: "RS256", use: "sig" }] } };
			case "token":
				return this.#tokens(asked);
			default:
				return this.#describe(asked);
		}
	}

	#tokens({ form, place }) {
		const known = form.get("grant_type") === "refresh_token" ? [this.#grants, form.get("refresh_token")] : [this.#codes, form.get("code")];
		const grant = known[0].get(known[1]);
		if (!grant) return { status: 400, json: { error: "invalid_grant" } };
		known[0].delete(known[1]);
		const number = ++this.#count;
		const { person, asked } = grant;
		const usual = { access_token: `access-${number}`, token_type: "bearer", expires_in: 3_600, refresh_token: `refresh-${number}`, scope: asked.scope };
		if (person.idToken) usual.id_token = this.#idTokenOf(person, asked, place);
		const json = { ...usual, ...person.tokens };
		for (const token of [json.access_token, json.refresh_token]) if (token) this.#grants.set(token, grant);
		return { json };
	}

	#idTokenOf({ idToken: claims }, asked, place) {
		if (typeof claims === "string") return claims;
		const host = place.split("/")[0];
		return idToken({ iss: issuers[host] ?? `https://${host}`, aud: asked.client_id, ...(asked.nonce && { nonce: asked.nonce }), ...claims });
	}

	#describe({ request, role, place, search, form }) {
		const bearer = /^(?:Bearer|OAuth) (.+)$/i.exec(request.headers.authorization ?? "")?.[1];
		const token = bearer ?? form.get("input_token") ?? form.get("access_token") ?? place.split("/").at(-1);
		const person = this.#grants.get(token)?.person;
		if (!person) return { status: 401, json: { error: "invalid_token" } };
		const answer = person.answers?.[place + search] ?? person.answers?.[place] ?? person[role];
		if (answer === undefined) return { status: 404, json: { error: "not_found" } };
		if (typeof answer === "number") return { status: answer, json: {} };
		return typeof answer === "string" ? { body: answer, headers: { "content-type": "image/jpeg" } } : { json: answer };
	}
}

// How a service describes itself: what comes before the first dot of its host says what is special.
function discovery(host) {
	if (host.startsWith("down.")) return { status: 503, json: {} };
	const at = (path) => `https://${host}/${path}`;
	const document = { issuer: `https://${host}`, authorization_endpoint: at("authorize"), token_endpoint: at("token"), userinfo_endpoint: at("userinfo") };
	if (host.startsWith("plain.")) return { json: document };
	const more = { jwks_uri: at("jwks"), end_session_endpoint: at("logout"), id_token_signing_alg_values_supported: ["RS256"] };
	if (host.startsWith("iss.")) more.authorization_response_iss_parameter_supported = true;
	return { json: { ...document, ...more } };
}

// An Asked is a request with the role of what it asks.
class Asked {
	constructor(request, text) {
		const url = new URL(request.url, "http://localhost");
		this.request = request;
		this.text = text;
		this.place = url.pathname.slice(1).replaceAll("%40", "@").replaceAll("%24", "$");
		this.search = url.search;
		this.form = new URLSearchParams(text || url.search);
		this.role = this.#role();
	}

	#role() {
		if (this.place.includes("/.well-known/openid-configuration")) return "discovery";
		if (/\/(certs|keys|jwks|jwks\.json)\/?$/.test(this.place)) return "keys";
		if (this.form.has("grant_type")) return "token";
		return this.place.endsWith("/emails") ? "emails" : "userinfo";
	}
}
