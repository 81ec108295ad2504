// Who may sign up or in with a service, and to whom an account is linked: the options of services and of accountLinking.
import { clientID, idToken } from "../lib/idp.mjs";
import { githubUser, googleUser, socialProviders } from "../lib/people.mjs";
import { group } from "../lib/suite.mjs";

const urls = { callbackURL: "/in", errorCallbackURL: "/failed", newUserCallbackURL: "/welcome" };

// Signs in with GitHub and looks at what came of it.
async function signIn(t, actor, person, more = {}) {
	await (await t.visit(actor, { provider: "github", ...urls, ...more })).back(person);
	await t.get("/get-session", { as: actor });
}

function services(more, options = {}) {
	return { services: true, options: { socialProviders: socialProviders(more), ...options } };
}

group("services without sign-up", services({ disableSignUp: true }), (scenario) => {
	scenario("let in those who are there", async (t) => {
		await signIn(t, "eve", githubUser("eve"));
		await signIn(t, "eve", githubUser("eve"), { requestSignUp: true });
		await t.member("alice");
		t.sql('update user set "emailVerified" = 1');
		await signIn(t, "other", githubUser("alice"));
	});
});

group("services without implicit sign-up", services({ disableImplicitSignUp: true }), (scenario) => {
	scenario("sign up who asks for it", async (t) => {
		await signIn(t, "alice", githubUser("alice"));
		await signIn(t, "alice", githubUser("alice"), { requestSignUp: false });
		await signIn(t, "alice", githubUser("alice"), { requestSignUp: true });
		await signIn(t, "alice", githubUser("alice"));
	});
});

group("services that override", services({ overrideUserInfoOnSignIn: true }), (scenario) => {
	scenario("name, picture and address are those of the service", async (t) => {
		await signIn(t, "alice", githubUser("alice"));
		await signIn(t, "alice", githubUser("alice", { userinfo: { name: "Another Name", avatar_url: "https://img.example/b.png" } }));
		await signIn(t, "alice", githubUser("alice", { email: "Other@example.com", verified: false }));
		await signIn(t, "alice", githubUser("alice", { email: "other@example.com", verified: true }));
		await signIn(t, "alice", githubUser("alice", { email: "other@example.com", verified: false }));
	});

	scenario("what the service does not tell", async (t) => {
		await signIn(t, "alice", githubUser("alice"));
		await signIn(t, "alice", githubUser("alice", { userinfo: { avatar_url: null } }));
		t.empty("session", "account", "user");
	});

	scenario("an address that another user has", async (t) => {
		await signIn(t, "alice", githubUser("alice"));
		await t.member("bob");
		await (await t.visit("alice", { provider: "github", ...urls })).back(githubUser("alice", { email: "bob@example.com" }));
		t.empty("session", "account", "user");
	});

	scenario("a user who is linked", async (t) => {
		await t.member("alice");
		t.sql('update user set "emailVerified" = 1');
		await signIn(t, "alice", githubUser("alice"));
	});
});

const mails = ["emailVerification.sendVerificationEmail"];
for (const emailVerification of [{}, { sendOnSignUp: false }, { sendOnSignIn: true }]) {
	const setup = { ...services({ requireEmailVerification: true }, { emailVerification }), callbacks: mails };
	group(`services that need a verified address, ${JSON.stringify(emailVerification)}`, setup, (scenario) => {
		scenario("of a new user", async (t) => {
			await signIn(t, "alice", githubUser("alice", { verified: false }));
			await signIn(t, "alice", githubUser("alice", { verified: false }));
			await signIn(t, "bob", githubUser("bob", { id: 2 }));
		});

		scenario("which the service verifies later", async (t) => {
			await signIn(t, "alice", githubUser("alice", { verified: false }));
			await (await t.visit("alice", { provider: "github", ...urls })).back(githubUser("alice"));
			t.empty("session");
			await signIn(t, "phone", githubUser("alice"));
		});

		scenario("with an id token", async (t) => {
			const token = (more) => idToken({ iss: "https://accounts.google.com", aud: clientID, ...googleUser("alice", more).idToken });
			for (const verified of [false, false]) {
				await t.post("/sign-in/social", { as: "alice", json: { provider: "google", idToken: { token: token({ verified }) } } });
			}
			await t.post("/sign-in/social", { as: "bob", json: { provider: "google", idToken: { token: token({ sub: "bob", email: "bob@example.com" }) } } });
		});
	});
}

group("services with sendOnSignUp", { ...services({}, { emailVerification: { sendOnSignUp: true } }), callbacks: mails }, (scenario) => {
	scenario("a new user gets a mail, and is in", async (t) => {
		await signIn(t, "alice", githubUser("alice", { verified: false }), { callbackURL: "/in?a=b&c=d" });
		await t.get(t.mail().path, { as: "alice" });
		await signIn(t, "bob", githubUser("bob", { id: 2 }));
	});
});

const mapped = ["socialProviders.github.mapProfileToUser"];
const additionalFields = { country: { type: "string", required: false }, role: { type: "string", required: false, input: false } };
group("services with fields of one's own", { ...services({ overrideUserInfoOnSignIn: true }, { user: { additionalFields } }), callbacks: mapped }, (scenario) => {
	scenario("takes over what a client may set", async (t) => {
		await signIn(t, "alice", githubUser("alice", { userinfo: { location: "Chile", role: "admin" } }));
		await signIn(t, "alice", githubUser("alice", { userinfo: { location: "Peru", role: "admin" } }));
		await signIn(t, "alice", githubUser("alice"));
	});
});

group("services whose tokens are kept", services({}, { account: { updateAccountOnSignIn: false } }), (scenario) => {
	scenario("those of the first time", async (t) => {
		await signIn(t, "alice", githubUser("alice"));
		await signIn(t, "alice", githubUser("alice"));
	});
});

// Every combination of who vouches for an address, with each option of accountLinking.
const linking = [
	{},
	{ enabled: false },
	{ disableImplicitLinking: true },
	{ trustedProviders: ["github"] },
	{ trustedProviders: ["google"] },
	{ updateUserInfoOnLink: true },
	{ trustedProviders: ["github"], updateUserInfoOnLink: true, allowDifferentEmails: true },
];
for (const accountLinking of linking) {
	group(`linking at sign-in with ${JSON.stringify(accountLinking)}`, services({}, { account: { accountLinking } }), (scenario) => {
		for (const here of [true, false]) {
			for (const there of [true, false]) {
				scenario(`an address that is ${here ? "" : "not "}verified here and ${there ? "" : "not "}there`, async (t) => {
					await t.member("alice");
					t.sql('update user set "emailVerified" = ?', () => [here ? 1 : 0]);
					await signIn(t, "phone", githubUser("alice", { verified: there, email: "Alice@Example.com" }));
					await t.get("/list-accounts", { as: "phone" });
					await t.get("/get-session", { as: "alice" });
					await signIn(t, "phone", githubUser("alice", { verified: there, email: "Alice@Example.com" }));
				});
			}
		}

		scenario("another account of the service for one user", async (t) => {
			await signIn(t, "alice", githubUser("alice"));
			await signIn(t, "phone", githubUser("alice", { id: 2 }));
			await t.get("/list-accounts", { as: "phone" });
		});

		scenario("an account whose address has become another user's", async (t) => {
			await signIn(t, "alice", githubUser("alice"));
			await t.member("bob");
			t.sql('update user set "emailVerified" = 1');
			await signIn(t, "phone", githubUser("alice", { email: "bob@example.com" }));
		});
	});
}

group("linking at sign-in to whoever has the address", services({}, { account: { accountLinking: { requireLocalEmailVerified: false } } }), (scenario) => {
	scenario("which was verified", async (t) => {
		await t.member("alice");
		t.sql('update user set "emailVerified" = 1');
		await signIn(t, "phone", githubUser("alice"));
		await t.get("/list-accounts", { as: "phone" });
	});

	scenario("which was never verified", async (t) => {
		await t.member("alice");
		await signIn(t, "phone", githubUser("alice", { verified: false }));
		await signIn(t, "phone", githubUser("alice"));
	});
});
