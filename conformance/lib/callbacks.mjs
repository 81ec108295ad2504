// The callbacks of the oracle's options. Each tells the runner what it was called with; library/callbacks.go is the
// same for Lockstep.
import { APIError } from "better-auth/api";

// What the arguments of a callback are, by its name.
const shapes = {
	"emailAndPassword.sendResetPassword": link,
	"emailAndPassword.onPasswordReset": ({ user }) => ({ user }),
	"emailAndPassword.onExistingUserSignUp": link,
	"emailVerification.sendVerificationEmail": link,
	"emailVerification.beforeEmailVerification": (user) => ({ user }),
	"emailVerification.afterEmailVerification": (user) => ({ user }),
	"user.changeEmail.sendChangeEmailConfirmation": link,
	"user.deleteUser.sendDeleteAccountVerification": link,
	"user.deleteUser.beforeDelete": (user) => ({ user }),
	"user.deleteUser.afterDelete": (user) => ({ user }),
};

/** A copy of the options with the named callbacks, which tell `url`. */
export function withCallbacks(options, { names, url }) {
	const copy = structuredClone(options);
	for (const name of names) {
		const steps = name.split(".");
		const last = steps.pop();
		let at = copy;
		for (const step of steps) at = at[step] ??= {};
		at[last] = callback(name, url);
	}
	return copy;
}

function callback(name, url) {
	if (name === "emailAndPassword.customSyntheticUser") return synthetic;
	if (functions[name]) return functions[name];
	if (name.startsWith("databaseHooks.")) return () => tell(url, { name });
	const shape = shapes[name];
	if (!shape) throw new Error(`there is no callback ${name}`);
	return (...args) => tell(url, { name, ...shape(...args) });
}

// The user that a sign-up is told of which made none.
function synthetic({ coreFields, additionalFields, id }) {
	return { ...coreFields, name: `${coreFields.name}, made up`, ...additionalFields, id };
}

// Options of GitHub that are functions, and no callbacks: what they do shows in the answers. library/functions.go has the same.
const functions = {
	"socialProviders.github.mapProfileToUser": mapped,
	"socialProviders.github.getUserInfo": describedBy,
	"socialProviders.github.refreshAccessToken": renewed,
	"socialProviders.github.verifyIdToken": async (token, nonce) => token === `signed for ${nonce}`,
};

// A user as the program describes it, from an API of its own.
async function describedBy({ accessToken }) {
	const answer = await fetch("https://github.example/me", { headers: { authorization: `Bearer ${accessToken}` } });
	if (!answer.ok) return null;
	const data = await answer.json();
	return { user: { name: data.nick, email: data.mail, emailVerified: data.checked, country: data.land }, data };
}

// New tokens, of which the program makes one up.
async function renewed(refreshToken) {
	if (refreshToken !== "refresh-1") throw new Error("the refresh token is another one");
	return { accessToken: "made up", idToken: "made up too", scopes: ["repo"] };
}

// What the server keeps of a user of GitHub: a name of its own, and two fields.
function mapped({ login, location, role }) {
	return { name: `${login} at GitHub`, country: location, role };
}

function link({ user, newEmail, url, token }, request) {
	const { method } = request;
	return { user, newEmail, url, token, request: { method, path: new URL(request.url).pathname, userAgent: request.headers.get("user-agent") } };
}

// The runner can refuse a call; then so does the callback.
async function tell(url, call) {
	const { status } = await fetch(url, { method: "POST", body: JSON.stringify(call) });
	if (status === 403) throw new APIError("FORBIDDEN", { message: "Refused", code: "REFUSED" });
	if (status !== 204) throw new Error(`the runner answered ${status}`);
}
