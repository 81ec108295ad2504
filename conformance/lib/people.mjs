// Users of the fake services, and what scenarios register there.
import { clientID } from "./idp.mjs";

const credentials = { clientId: clientID, clientSecret: "the client's secret" };

/** GitHub and Google, with options added to both. */
export const socialProviders = (more = {}) => ({ github: { ...credentials, ...more }, google: { ...credentials, ...more } });

/** A user of GitHub with one address; `userinfo` and the rest replace what GitHub says. */
export function githubUser(name, { id = 4_711, email = `${name}@example.com`, verified = true, userinfo = {}, ...more } = {}) {
	const described = { login: name, id, name: `${name} of GitHub`, email, avatar_url: `https://img.example/${name}.png`, ...userinfo };
	return { userinfo: described, emails: [{ email, primary: true, verified, visibility: "public" }], ...more };
}

/** A user of Google; `claims` are added to the id token. */
export function googleUser(name, { sub = `google-${name}`, email = `${name}@example.com`, verified = true, claims = {}, ...more } = {}) {
	const described = { sub, email, email_verified: verified, name: `${name} of Google`, picture: `https://img.example/${name}.png`, ...claims };
	return { idToken: described, ...more };
}

/** A user of a service that speaks OpenID Connect, or just OAuth 2.0 with a user API. */
export function oidcUser(name, { sub = `oidc-${name}`, email = `${name}@example.com`, verified = true, claims = {}, ...more } = {}) {
	const described = { sub, email, email_verified: verified, name: `${name} of OIDC`, picture: `https://img.example/${name}.png`, ...claims };
	return { idToken: described, userinfo: { id: sub, ...described }, ...more };
}

/** Options of a generic provider of that id. */
export const genericProvider = (providerId, more) => ({ providerId, ...credentials, ...more });
