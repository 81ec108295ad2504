// The differences that are meant, read from differences.json. Each entry must be met at least once per run.
import { readFileSync } from "node:fs";

/**
 * A Registry explains differences. The id of an entry is that of a row of docs/parity.md; a row may have many entries.
 *
 * An entry of kind "exchange" names both answers (status, and body and location as far as given) and explains the whole
 * exchange. Any other entry explains one place: kind and at, the two values where given, and optionally where.
 * Texts between slashes are regular expressions; `*` in where matches anything. `stores` names where Lockstep keeps its
 * rows, if that matters.
 */
export class Registry {
	/** What was compared and found in the run. */
	totals = { exchanges: 0, explained: 0, unexplained: 0 };

	#entries;
	#uses = new Map();

	constructor(entries) {
		this.#entries = entries;
		for (const entry of entries) {
			if (!entry.id || !entry.reason) throw new Error(`differences.json: an entry has no id or reason: ${JSON.stringify(entry)}`);
			this.#uses.set(entry, 0);
		}
	}

	/** Reads the file beside the runner: the entries for all stores, and those that name this one. */
	static load(store) {
		const entries = JSON.parse(readFileSync(new URL("../differences.json", import.meta.url), "utf8"));
		return new Registry(entries.filter(({ stores }) => matchesText(stores, store)));
	}

	/**
	 * Those of the differences that no entry explains. `place` has the scenario and the endpoint, `answers` the two
	 * answers when the differences are those of an exchange. That a cookie is set twice is never explained.
	 */
	unexplained(place, found, answers) {
		const whole = answers && this.#use((entry) => explainsExchange(entry, place, answers));
		const open = found.filter((difference) => {
			if (whole) return difference.kind === "cookie-repeat";
			return !this.#use((entry) => explains(entry, place, difference));
		});
		this.totals.explained += found.length - open.length;
		this.totals.unexplained += open.length;
		return open;
	}

	/** The entries that nothing met. */
	stale() {
		return [...this.#uses].filter(([, count]) => count === 0).map(([entry]) => entry);
	}

	/** The ids of all entries. */
	ids() {
		return [...new Set(this.#entries.map((entry) => entry.id))];
	}

	#use(matches) {
		const entry = this.#entries.find(matches);
		if (entry) this.#uses.set(entry, this.#uses.get(entry) + 1);
		return entry !== undefined;
	}
}

function explainsExchange(entry, place, answers) {
	return (
		entry.kind === "exchange" &&
		matchesPlace(entry.where, place) &&
		matchesAnswer(entry.oracle, answers.oracle) &&
		matchesAnswer(entry.lockstep, answers.lockstep)
	);
}

function explains(entry, place, { kind, at, left, right }) {
	return (
		entry.kind === kind &&
		matchesText(entry.at, at) &&
		matchesPlace(entry.where, place) &&
		matchesValue(entry, "oracle", left) &&
		matchesValue(entry, "lockstep", right)
	);
}

function matchesPlace(where = {}, place) {
	return Object.entries(where).every(([name, pattern]) => matchesText(pattern, place[name] ?? ""));
}

function matchesText(pattern, text) {
	if (pattern === undefined) return true;
	const expression = regular(pattern);
	if (expression) return expression.test(text);
	const escaped = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
	return new RegExp(`^${escaped.join(".*")}$`, "s").test(text);
}

// null in the file stands for a value that is absent.
function matchesValue(entry, side, value) {
	if (!(side in entry)) return true;
	const wanted = entry[side];
	if (wanted === null) return value === undefined || value === null;
	if (typeof wanted === "string") {
		const expression = regular(wanted);
		if (expression) return expression.test(typeof value === "string" ? value : JSON.stringify(value) ?? "");
	}
	return JSON.stringify(wanted) === JSON.stringify(value);
}

function matchesAnswer(wanted = {}, answer) {
	if (wanted.status !== undefined && wanted.status !== answer.status) return false;
	if (wanted.location !== undefined && !matchesValue(wanted, "location", answer.headers.get("location"))) return false;
	if (wanted.body !== undefined && !matchesValue({ body: wanted.body }, "body", answer.json ?? answer.text)) return false;
	return true;
}

function regular(pattern) {
	return typeof pattern === "string" && pattern.length > 2 && pattern.startsWith("/^") && pattern.endsWith("$/")
		? new RegExp(pattern.slice(1, -1), "s")
		: null;
}
