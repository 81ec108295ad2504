// POST /sign-up/email.
import { group, password } from "../lib/suite.mjs";

// Every spelling is sent with a password that is too short, so that only an accepted address reaches the next error.
const addresses = [
	"plain", "a@b", "a@b.c", "a@b.co", "A@B.CO", "a..b@c.co", ".a@b.co", "a.@b.co", "a@-b.co", "a@b-.co", "a@b_c.co", "a+b@c.co", "a'b@c.co",
	"'a@b.co", "a'@b.co", "ä@b.co", "a@ä.co", "a b@c.co", " a@b.co", "a@b.co ", "a@b.co\n", "\ta@b.co", "a@[127.0.0.1]", "a@127.0.0.1",
	'"a"@b.co', "a@b.c0", "a@b.123", "a@1.co", "a@b.co.uk", "a@b..co", "a@.co", "a@b.co.", "a@xn--80ak6aa92e.com", "a@b.xn--p1ai",
	"a/b@c.co", "a_b@c.co", "-a@b.co", "_a@b.co", "a-@b.co", "+a@b.co", "a+@b.co", "!a@b.co", "a!b@c.co", "a#b@c.co", "a%b@c.co", "a&b@c.co",
	"a*b@c.co", "a=b@c.co", "a?b@c.co", "a{b@c.co", "a~b@c.co", "a@b@c.co", "@b.co", "a@", "", "a@b.\u212Ao", "\u212A@b.co", "a@b.co\u0000",
	"a@b\u0000.co", `${"x".repeat(300)}@b.co`, `a@${"b".repeat(64)}.co`, `a@${"b.".repeat(130)}co`, "a\r\nBcc: x@y.co", "a@b.co,c@d.co", "<a@b.co>",
	"a@b\uFF0Eco", "\u202Ea@b.co", "1@2.co", "a@a-b.co", "a@a--b.co", "a@B-C.cO",
];

group("sign-up", {}, (scenario) => {
	scenario("creates a user, an account and a session", async (t) => {
		await t.signUp("alice");
		await t.get("/get-session", { as: "alice" });
		await t.get("/list-accounts", { as: "alice" });
	});

	scenario("keeps image and a display name in any script", async (t) => {
		await t.signUp("zoe", { name: "Zoë 👩‍🚀 \u202Eabc \u2028\u2029 <b>&amp;</b>", image: "https://cdn.example.com/z.png?a=1&b=2" });
		await t.get("/get-session", { as: "zoe" });
	});

	scenario("refuses an address that is taken, in any case", async (t) => {
		await t.signUp("alice");
		await t.signUp("alice");
		await t.signUp("other", { email: "ALICE@Example.COM" });
	});

	scenario("lower-cases the address", async (t) => {
		await t.signUp("alice", { email: "ALICE@Example.COM" });
		await t.signIn("alice");
	});

	scenario("rememberMe: false makes a session of the browser", async (t) => {
		await t.signUp("alice", { rememberMe: false });
		await t.get("/get-session", { as: "alice" });
	});

	scenario("rememberMe: true is the default", async (t) => {
		await t.signUp("alice", { rememberMe: true });
	});

	scenario("accepts a form", async (t) => {
		const form = new URLSearchParams({ name: "Form", email: "form@example.com", password }).toString();
		await t.post("/sign-up/email", { as: "form", body: form, headers: { "content-type": "application/x-www-form-urlencoded" } });
		const remember = `${form}&rememberMe=false`;
		await t.post("/sign-up/email", { body: remember, headers: { "content-type": "application/x-www-form-urlencoded" } });
	});

	scenario("accepts a trusted callbackURL and does not answer with it", async (t) => {
		await t.signUp("alice", { callbackURL: "/welcome" });
	});

	scenario("names every missing or mistyped member", async (t) => {
		const good = { name: "n", email: "n@example.com", password };
		await t.post("/sign-up/email", { json: {} });
		for (const member of ["name", "email", "password", "image", "callbackURL", "rememberMe"]) {
			for (const value of [null, 1, true, {}, [], ["x"], "", "text"]) {
				if (member === "name" && typeof value === "string") continue;
				if (member === "image" && typeof value === "string") continue;
				await t.post("/sign-up/email", { json: { ...good, password: "short", [member]: value } });
			}
		}
	});

	scenario("judges addresses as upstream does", async (t) => {
		for (const email of addresses) await t.post("/sign-up/email", { json: { name: "n", email, password: "short" } });
	});

	scenario("counts password length in UTF-16 units", async (t) => {
		const lengths = ["1234567", "\u{1F600}\u{1F600}\u{1F600}", "x".repeat(129), `${"\u{1F600}".repeat(64)}x`, "y".repeat(5_000), ""];
		for (const tried of lengths) await t.post("/sign-up/email", { json: { name: "n", email: "n@example.com", password: tried } });
		await t.signUp("eight", { password: "\u{1F600}".repeat(4) });
		await t.signUp("longest", { password: "x".repeat(128) });
	});

	scenario("drops members that nobody declared", async (t) => {
		const more = { role: "admin", emailVerified: true, banned: false, id: "mine", createdAt: "2020-01-01T00:00:00.000Z", twoFactorEnabled: true, issuer: "x" };
		await t.signUp("alice", more);
		await t.post("/sign-up/email", {
			body: `{"name":"p","email":"p@example.com","password":"${password}","__proto__":{"role":"admin"},"constructor":{"prototype":{"x":1}}}`,
			headers: { "content-type": "application/json" },
		});
	});

	scenario("keeps odd names as they are", async (t) => {
		const names = ["", " ", "\u0000", "a\u0000b", "a\r\nBcc: x", "x".repeat(10_000), "\\\"/\b\f\n\r\t\u001f\u007f", "2020-01-01T00:00:00Z"];
		for (const [i, name] of names.entries()) await t.signUp(`name${i}`, { name });
	});

	scenario("two sign-ups in one jar replace the cookie and leave the first session alone", async (t) => {
		await t.signUp("alice");
		await t.signUp("alice", { email: "second@example.com" });
		await t.get("/get-session", { as: "alice" });
	});

	scenario("the client's calls", async (t) => {
		await t.client("bob", (c) => c.signUp.email({ name: "Bob", email: "bob@example.com", password }));
		await t.client("bob", (c) => c.signUp.email({ name: "Bob", email: "bob@example.com", password }));
		await t.client("bob", (c) => c.signUp.email({ name: "Bob", email: "bad", password }));
		await t.client("bob", (c) => c.getSession());
	});
});

group("sign-up without a session", { options: { emailAndPassword: { enabled: true, autoSignIn: false } } }, (scenario) => {
	scenario("answers the same for a new and a known address", async (t) => {
		await t.signUp("alice");
		await t.signUp("alice");
		await t.signUp("alice", { email: "ALICE@example.com", name: "Mallory", image: "https://x.example/i.png" });
		await t.signIn("alice");
	});
});

group("sign-up with mail verification required", { options: { emailAndPassword: { enabled: true, requireEmailVerification: true } }, callbacks: [] }, (scenario) => {
	scenario("makes no session and refuses sign-in until verified", async (t) => {
		await t.signUp("alice");
		await t.signUp("alice");
		await t.signIn("alice");
		await t.signIn("alice", { password: "wrong password" });
		t.sql('update user set "emailVerified" = 1');
		await t.signIn("alice");
	});
});

group("sign-up disabled", { options: { emailAndPassword: { enabled: true, disableSignUp: true } } }, (scenario) => {
	scenario("refuses after validation", async (t) => {
		await t.signUp("alice");
		await t.post("/sign-up/email", { json: {} });
		await t.signIn("alice");
	});
});

group("passwords disabled", { options: { emailAndPassword: undefined } }, (scenario) => {
	scenario("refuses both doors", async (t) => {
		await t.signUp("alice");
		await t.signIn("alice");
		await t.post("/sign-in/email", { json: {} });
		await t.post("/sign-in/email", { json: { email: "bad", password: "x" } });
	});
});

group("password lengths", { options: { emailAndPassword: { enabled: true, minPasswordLength: 3, maxPasswordLength: 10 } } }, (scenario) => {
	scenario("follow the options", async (t) => {
		for (const tried of ["12", "12345678901"]) await t.signUp("alice", { password: tried });
		await t.signUp("alice", { password: "123" });
		await t.signIn("alice", { password: "12345678901" });
		await t.signIn("alice", { password: "1" });
		await t.signIn("alice", { password: "123" });
		for (const next of ["12", "12345678901"]) {
			await t.post("/change-password", { as: "alice", json: { currentPassword: "123", newPassword: next } });
		}
	});
});
