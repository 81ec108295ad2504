// One HTTP request with nothing added: path bytes, methods, headers and bodies go out as they are given.
import http from "node:http";

const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });

// Longer than any password hash on a busy machine.
const timeout = 20_000; // ms

// Room for a session cache in many chunks.
const maxHeaderSize = 256 * 1024; // bytes

/**
 * Sends a request to 127.0.0.1:port and reads the whole answer.
 * A header whose value is an array goes out once per element; null removes it.
 */
export function request(port, { method = "GET", path, headers = {}, body }) {
	const sent = {};
	for (const [name, value] of Object.entries(headers)) if (value !== null && value !== undefined) sent[name] = value;
	const bytes = body === undefined || body === null ? null : Buffer.from(body);
	if (bytes && sent["content-length"] === undefined && sent["transfer-encoding"] === undefined) {
		sent["content-length"] = bytes.length;
	}
	return new Promise((done, fail) => {
		const outgoing = http.request({ host: "127.0.0.1", port, method, path, headers: sent, agent, timeout, maxHeaderSize }, (incoming) => {
			const chunks = [];
			incoming.on("data", (chunk) => chunks.push(chunk));
			incoming.on("error", fail);
			incoming.on("end", () => done(new Answer(incoming, Buffer.concat(chunks))));
		});
		outgoing.on("timeout", () => outgoing.destroy(new Error(`no answer to ${method} ${path} in ${timeout} ms`)));
		outgoing.on("error", fail);
		outgoing.end(bytes ?? undefined);
	});
}

/** Closes the connections that were kept. */
export function endConnections() {
	agent.destroy();
}

/** An Answer is a response as it came: `at` is the moment it was complete, in ms. */
export class Answer {
	constructor(incoming, body) {
		this.status = incoming.statusCode;
		this.at = Date.now();
		this.text = body.toString("utf8");
		this.headers = new Map();
		this.setCookies = [];
		for (let i = 0; i < incoming.rawHeaders.length; i += 2) {
			const name = incoming.rawHeaders[i].toLowerCase();
			const value = incoming.rawHeaders[i + 1];
			if (name === "set-cookie") this.setCookies.push(value);
			else this.headers.set(name, this.headers.has(name) ? `${this.headers.get(name)}, ${value}` : value);
		}
	}

	/** The parsed body, or undefined when it is not JSON. */
	get json() {
		if (!this.headers.get("content-type")?.startsWith("application/json")) return undefined;
		try {
			return JSON.parse(this.text);
		} catch {
			return undefined;
		}
	}
}
