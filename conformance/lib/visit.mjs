// The way of a browser to a service and back.
import { createHash } from "node:crypto";
import { verifierID } from "./reveal.mjs";

// The form of what is random in an authorization request.
const forms = { state: /^[\w-]{32}$/, nonce: /^[\w-]{32}$/, code_challenge: /^[\w-]{43}$/ };

/**
 * The random parts of the authorization request that an answer leads to, as far as they have the right form, and what
 * stands for them elsewhere: in the identifier of a hashed state, and for the verifier.
 */
export function secretsOf(answer) {
	const to = authorizationURL(answer);
	const found = {};
	for (const [name, form] of Object.entries(forms)) {
		const value = to?.searchParams.get(name);
		if (value && form.test(value)) found[name] = value;
	}
	if (found.state) found.hashed = createHash("sha256").update(`auth-state:${found.state}`).digest("base64url");
	if (found.code_challenge) found.verifier = verifierID(Buffer.from(found.code_challenge, "base64url"));
	return found;
}

function authorizationURL(answer) {
	const text = answer.json?.url || answer.headers.get("location");
	const url = text && URL.canParse(text) ? new URL(text) : null;
	return url?.searchParams.has("redirect_uri") ? url : null;
}

/** A Visit is a browser at a service, where a sign-in has sent it. */
export class Visit {
	#scenario;
	#actor;

	constructor(scenario, actor, answers) {
		this.#scenario = scenario;
		this.#actor = actor;
		this.answers = answers;
		this.url = {};
		for (const [side, answer] of Object.entries(answers)) {
			this.url[side] = authorizationURL(answer);
			if (this.url[side]) scenario.servers[side].idp.arrive(this.url[side]);
		}
	}

	/**
	 * The person allows the sign-in, and the browser of the actor (or of `as`) comes back. `change` is given the query
	 * (an object), which it may change or replace; `path` replaces the path of the callback. With `form` the service
	 * sends a form.
	 */
	back(person, given = {}) {
		return this.#comeBack((side) => this.#scenario.servers[side].idp.allow(this.url[side].href, person), given);
	}

	/** The browser comes back with this query and the state, and nobody has allowed anything. */
	refused(query, given = {}) {
		return this.#comeBack((side) => ({ ...query, state: this.state(side) }), given);
	}

	/** The state at one side. */
	state(side) {
		return this.url[side].searchParams.get("state");
	}

	#comeBack(query, { change = (same) => same, path, form = false, ...given }) {
		const sent = {};
		for (const side of ["oracle", "lockstep"]) {
			const changed = query(side);
			sent[side] = new URLSearchParams(change(changed, side) ?? changed).toString();
		}
		const to = (side) => path ?? new URL(this.url[side].searchParams.get("redirect_uri")).pathname;
		const more = { as: this.#actor, absolute: true, ...given };
		if (!form) return this.#scenario.send("GET", (side) => `${to(side)}?${sent[side]}`, { ...more, headers: { origin: null, ...given.headers } });
		const headers = { "content-type": "application/x-www-form-urlencoded", origin: this.url.oracle.origin, ...given.headers };
		return this.#scenario.send("POST", to, { ...more, body: (side) => sent[side], headers });
	}
}
