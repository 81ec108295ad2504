// What groups start from.

/** The signing secret of every group that does not name its own. */
export const secret = "a conformance secret of more than 32 characters";

/** The password of every user whose password is not the point. */
export const password = "correct horse battery";

/** The base options with members replaced; undefined removes one. */
export function withDefaults(options = {}) {
	const base = { baseURL: "http://localhost:3000", secret, emailAndPassword: { enabled: true }, rateLimit: { enabled: false } };
	return Object.fromEntries(Object.entries({ ...base, ...options }).filter(([, value]) => value !== undefined));
}

/** Where browsers find the servers, whatever address they listen on; of many hosts the first. */
export function publicURL({ baseURL }) {
	return new URL(typeof baseURL === "string" ? baseURL : `${baseURL.protocol}://${baseURL.allowedHosts[0]}`);
}

/** The path under which the endpoints live. */
export function basePath(options) {
	const path = publicURL(options).pathname;
	return path !== "/" ? path : (options.basePath ?? "/api/auth");
}

/** What a browser on a page of the server's own origin sends with each request. */
export function usualHeaders(options) {
	const { host, origin } = publicURL(options);
	return { host, origin, "x-forwarded-for": "203.0.113.7", "user-agent": "conformance/1" };
}
