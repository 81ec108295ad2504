// What the callbacks of a server tell the runner: mails to send, and things that happen to a user.
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import { currentSecret } from "./cookies.mjs";
import { compare } from "./mask.mjs";

// How long a mail may take to come. It is sent when the answer is out.
const patience = 3_000; // ms

// How long the runner listens, at the end of a scenario, for a mail that should not come.
const silence = 100; // ms

// The form of secrets that are stored, and what their identifier begins with, by the callback that sends them.
const stored = {
	"emailAndPassword.sendResetPassword": { form: /^[A-Za-z0-9]{24}$/, purpose: "reset-password:" },
	"user.deleteUser.sendDeleteAccountVerification": { form: /^[0-9a-z]{32}$/, purpose: "delete-account-" },
};

/** A Listener hears what the callbacks of one server are called with. */
export class Listener {
	#server = createServer((request, response) => this.#hear(request, response));
	#heard = [];
	#taken = 0;
	#waiting = new Set();
	#refused = new Set();

	/** A listener, and the URL that callbacks tell. */
	static async start() {
		const listener = new Listener();
		await new Promise((done) => listener.#server.listen(0, "127.0.0.1", done));
		listener.#server.unref(); // where its server did not start, nobody stops it
		listener.url = `http://127.0.0.1:${listener.#server.address().port}/`;
		return listener;
	}

	/** Ends it. */
	stop() {
		this.#server.closeAllConnections();
		return new Promise((done) => this.#server.close(done));
	}

	/** Whether calls of the callback fail from now on. */
	refuse(name, refused = true) {
		if (refused) this.#refused.add(name);
		else this.#refused.delete(name);
	}

	/** Forgets everything, for a new scenario. */
	clear() {
		this.#heard = [];
		this.#taken = 0;
		this.#refused.clear();
	}

	/** The calls since the last time, once there are as many as expected or patience is at its end. */
	async take(expected = 0) {
		const enough = () => this.#heard.length - this.#taken >= expected;
		for (const end = Date.now() + patience; !enough() && Date.now() < end; ) await this.#next(end - Date.now());
		return this.#since();
	}

	/** The calls that nobody expected. */
	async rest() {
		await new Promise((done) => setTimeout(done, silence));
		return this.#since();
	}

	#since() {
		const calls = this.#heard.slice(this.#taken);
		this.#taken = this.#heard.length;
		return calls;
	}

	#next(ms) {
		return new Promise((done) => {
			const timer = setTimeout(done, ms);
			const wake = () => {
				clearTimeout(timer);
				this.#waiting.delete(wake);
				done();
			};
			this.#waiting.add(wake);
		});
	}

	#hear(request, response) {
		const chunks = [];
		request.on("data", (chunk) => chunks.push(chunk));
		request.on("end", () => {
			const call = JSON.parse(Buffer.concat(chunks));
			if (!call.name.startsWith("databaseHooks.")) this.#heard.push(call); // those ask whether they are refused
			response.writeHead(this.#refused.has(call.name) ? 403 : 204).end();
			for (const wake of this.#waiting) wake();
		});
	}
}

/** Every difference between the calls of two servers. Their secrets are known to the pairing from then on. */
export async function compareCalls(calls, { options, pairing, moments }) {
	const found = [];
	const report = (at, left, right) => found.push({ kind: "callback", at, left, right, moments });
	const [left, right] = await Promise.all([calls.oracle, calls.lockstep].map((side) => Promise.all(side.map((call) => opened(call, options)))));
	for (let i = 0; i < Math.min(calls.oracle.length, calls.lockstep.length); i++) introduce(pairing, calls.oracle[i], calls.lockstep[i]);
	compare(left, right, { pairing, moments, report, path: "callbacks" });
	return found;
}

// A call with the token taken out of the URL and, if it is signed, opened. The members of a user have no order here:
// upstream's comes from where the user was read.
async function opened({ user, ...call }, options) {
	call.user = Object.fromEntries(Object.entries(user).sort(([a], [b]) => (a < b ? -1 : 1)));
	if (!call.token) return call;
	const seen = { ...call, url: call.url.replace(call.token, "<token>") };
	if (call.token.split(".").length === 3) seen.token = await openJWT(call.token, currentSecret(options));
	return seen;
}

async function openJWT(token, secret) {
	const signature = await jwtVerify(token, new TextEncoder().encode(secret)).then(() => "valid", (error) => error.code);
	return { header: decodeProtectedHeader(token), claims: decodeJwt(token), signature };
}

// Stored secrets of the right form are known from now on, also in the form of their row: a wrong hash shows.
function introduce(pairing, oracle, lockstep) {
	const { form, purpose } = stored[oracle.name] ?? {};
	if (!form?.test(oracle.token) || !form.test(lockstep.token)) return;
	const hashed = (token) => createHash("sha256").update(purpose + token).digest("base64url");
	pairing.learn(oracle.token, lockstep.token);
	pairing.learn(hashed(oracle.token), hashed(lockstep.token));
}
