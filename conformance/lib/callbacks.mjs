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
	if (name.endsWith(".mapProfileToUser")) return mapped;
	const shape = shapes[name];
	if (!shape) throw new Error(`there is no callback ${name}`);
	return (...args) => tell(url, { name, ...shape(...args) });
}

// The user that a sign-up is told of which made none.
function synthetic({ coreFields, additionalFields, id }) {
	return { ...coreFields, name: `${coreFields.name}, made up`, ...additionalFields, id };
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
