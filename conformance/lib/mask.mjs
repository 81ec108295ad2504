// What two runs can never share is compared by relation: ids and tokens by who refers to whom, times by their
// distance from the moment of the answer. Everything else is compared as it is.

// Row ids, session tokens and UUIDs.
const identifier = /(?<![A-Za-z0-9])(?:[A-Za-z0-9]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![A-Za-z0-9])/g;

// The one date format of the wire and of SQLite.
const timestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

// A stored password: salt and key as hexadecimal text.
const passwordHash = /^[0-9a-f]{32}:[0-9a-f]{128}$/;

// Two times are the same when they are this close, each measured from its own answer.
const tolerance = 5_000; // ms

/** A Pairing remembers which identifier of one side stands for which of the other. It is one to one. */
export class Pairing {
	#left = new Map();
	#right = new Map();
	#secrets = [];

	/** Makes two secrets stand for each other, wherever they are in a text. */
	learn(left, right) {
		this.#secrets.push({ oracle: left, lockstep: right });
	}

	/** The text with learned secrets named. */
	mark(text, side) {
		return this.#secrets.reduce((marked, secret, i) => marked.replaceAll(secret[side], `<secret${i + 1}>`), text);
	}

	/** Whether the two can stand for each other; strangers are introduced. */
	same(left, right) {
		if (!this.#left.has(left) && !this.#right.has(right)) {
			const number = this.#left.size + 1;
			this.#left.set(left, number);
			this.#right.set(right, number);
			return true;
		}
		return this.#left.get(left) === this.#right.get(right);
	}

	/** The text with identifiers named, for reading. */
	show(text, side) {
		const known = side === "oracle" ? this.#left : this.#right;
		return this.mark(text, side).replace(identifier, (id) => (known.has(id) ? `<id${known.get(id)}>` : "<new id>"));
	}
}

/**
 * Compares two values and calls report(path, left, right) for each place where they differ.
 * `moments` has the time of each side's answer in ms; `order` also compares the order of members.
 */
export function compare(left, right, { pairing, moments, report, path = "", order = true }) {
	const at = (name) => (typeof name === "number" ? `${path}[${name}]` : path ? `${path}.${name}` : name);
	const deeper = (name, l, r) => compare(l, r, { pairing, moments, report, path: at(name), order });
	if (Array.isArray(left) && Array.isArray(right)) {
		if (left.length !== right.length) report(at("length"), left.length, right.length);
		for (let i = 0; i < Math.min(left.length, right.length); i++) deeper(i, left[i], right[i]);
		return;
	}
	if (isObject(left) && isObject(right)) {
		const [names, others] = [Object.keys(left), Object.keys(right)];
		for (const name of names) if (!others.includes(name)) report(at(name), left[name], undefined);
		for (const name of others) if (!names.includes(name)) report(at(name), undefined, right[name]);
		const [shared, sharedOther] = [names.filter((n) => others.includes(n)), others.filter((n) => names.includes(n))];
		if (order && shared.join() !== sharedOther.join()) report(at("(order)"), shared.join(), sharedOther.join());
		for (const name of shared) deeper(name, left[name], right[name]);
		return;
	}
	if (!sameScalar(left, right, pairing, moments)) report(path, left, right);
}

function sameScalar(left, right, pairing, moments) {
	if (typeof left === "string" && typeof right === "string") {
		if (timestamp.test(left) && timestamp.test(right)) {
			return near(Date.parse(left) - moments.oracle, Date.parse(right) - moments.lockstep);
		}
		if (passwordHash.test(left) && passwordHash.test(right)) return true;
		return sameText(pairing.mark(left, "oracle"), pairing.mark(right, "lockstep"), pairing);
	}
	if (typeof left === "number" && typeof right === "number") {
		const unit = epochUnit(left);
		if (unit && unit === epochUnit(right)) {
			return near(left * unit - moments.oracle, right * unit - moments.lockstep);
		}
	}
	return Object.is(left, right);
}

function sameText(left, right, pairing) {
	const [ids, others] = [left.match(identifier) ?? [], right.match(identifier) ?? []];
	if (ids.length === 0 || ids.length !== others.length) return left === right;
	if (left.replace(identifier, "<id>") !== right.replace(identifier, "<id>")) return false;
	return ids.every((id, i) => pairing.same(id, others[i]));
}

// Milliseconds per unit when a number is a moment of the 2020s or 2030s, in seconds or milliseconds.
function epochUnit(number) {
	if (number > 1.5e12 && number < 2.5e12) return 1;
	if (number > 1.5e9 && number < 2.5e9) return 1_000;
	return 0;
}

function near(left, right) {
	return Math.abs(left - right) <= tolerance;
}

function isObject(value) {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value for reading in a report: identifiers named, times as distances, long texts cut. */
export function show(value, side, { pairing, moments }) {
	if (value === undefined) return "absent";
	const text = JSON.stringify(value, (_, inner) => {
		if (typeof inner === "string" && timestamp.test(inner)) return `<${distance(Date.parse(inner) - moments[side])}>`;
		if (typeof inner === "string" && passwordHash.test(inner)) return "<password hash>";
		if (typeof inner === "number" && epochUnit(inner)) return `<${distance(inner * epochUnit(inner) - moments[side])}>`;
		return inner;
	});
	const named = pairing.show(text, side);
	return named.length > 400 ? `${named.slice(0, 400)}… (${named.length} characters)` : named;
}

function distance(ms) {
	const seconds = Math.round(ms / 1_000);
	return seconds === 0 ? "now" : `now${seconds > 0 ? "+" : ""}${seconds}s`;
}
