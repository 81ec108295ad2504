// The official client, on a jar and one server.
import { createAuthClient } from "better-auth/client";
import { request } from "./http.mjs";
import { publicURL, usualHeaders } from "./options.mjs";

/** A client whose requests go to a server with the cookies of a jar; seen(sent, answer) is told of each. */
export function officialClient(server, options, jar, seen = () => {}) {
	const customFetchImpl = async (url, init = {}) => {
		const { pathname, search } = new URL(url);
		const headers = { ...usualHeaders(options), cookie: jar.header(), ...Object.fromEntries(new Headers(init.headers)) };
		const sent = { method: init.method ?? "GET", path: pathname + search, headers, body: init.body };
		const answer = await request(server.port, sent);
		jar.take(answer.setCookies);
		seen(sent, answer);
		return new Response(answer.text === "" ? null : answer.text, { status: answer.status, headers: [...answer.headers] });
	};
	return createAuthClient({ baseURL: publicURL(options).href, basePath: options.basePath, fetchOptions: { customFetchImpl } });
}
