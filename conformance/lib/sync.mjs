// HTTP that blocks: the statements of a scenario are not awaited.
import { isMainThread, MessageChannel, receiveMessageOnPort, Worker, workerData } from "node:worker_threads";

let worker;

/** Sends a JSON request and returns the JSON answer. Nothing else happens meanwhile in this process. */
export function requestSync(method, url, body) {
	worker ??= start();
	worker.port.postMessage({ method, url, body: body === undefined ? undefined : JSON.stringify(body) });
	Atomics.wait(worker.answered, 0, 0);
	Atomics.store(worker.answered, 0, 0);
	const { text, error } = receiveMessageOnPort(worker.port).message;
	if (error) throw new Error(`${method} ${url}: ${error}`);
	return JSON.parse(text);
}

function start() {
	const answered = new Int32Array(new SharedArrayBuffer(4));
	const { port1, port2 } = new MessageChannel();
	const thread = new Worker(new URL(import.meta.url), { workerData: { port: port2, answered, isSync: true }, transferList: [port2] });
	thread.unref();
	port1.unref();
	return { port: port1, answered };
}

if (!isMainThread && workerData?.isSync) {
	const { port, answered } = workerData;
	port.on("message", async ({ method, url, body }) => {
		try {
			const answer = await fetch(url, { method, body });
			const text = await answer.text();
			port.postMessage(answer.ok ? { text } : { error: `${answer.status} ${text}` });
		} catch (error) {
			port.postMessage({ error: String(error) });
		}
		Atomics.store(answered, 0, 1);
		Atomics.notify(answered, 0);
	});
}
