// A cookie jar that keeps values as they were sent: nothing is decoded, so a wrong encoding cannot heal itself here.

/** Splits a Set-Cookie header into its name, raw value and attribute text. */
export function parseSetCookie(line) {
	const end = line.indexOf(";");
	const pair = end < 0 ? line : line.slice(0, end);
	const split = pair.indexOf("=");
	return {
		name: pair.slice(0, split).trim(),
		value: pair.slice(split + 1).trim(),
		attributes: end < 0 ? "" : line.slice(end + 1).trim(),
	};
}

/** A Jar holds the cookies of one actor at one server. Paths and domains are not looked at: there is one site. */
export class Jar {
	#cookies = new Map();

	/** Takes what a response sets, in order, as a browser does. */
	take(setCookies) {
		for (const line of setCookies) {
			const { name, value, attributes } = parseSetCookie(line);
			if (/(^|;\s*)max-age=0*(;|$)/i.test(attributes)) this.#cookies.delete(name);
			else this.#cookies.set(name, value);
		}
	}

	/** The raw value of a cookie, or undefined. */
	get(name) {
		return this.#cookies.get(name);
	}

	/** Sets a raw value. */
	set(name, value) {
		this.#cookies.set(name, value);
		return this;
	}

	/** Removes a cookie. */
	delete(name) {
		this.#cookies.delete(name);
		return this;
	}

	/** The names held, in the order in which they came. */
	names() {
		return [...this.#cookies.keys()];
	}

	/** The Cookie header, or null when there is nothing to send. */
	header() {
		if (this.#cookies.size === 0) return null;
		return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
	}

	/** A copy, for replays. */
	clone() {
		const copy = new Jar();
		for (const [name, value] of this.#cookies) copy.set(name, value);
		return copy;
	}
}
