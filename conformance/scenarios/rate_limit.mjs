// The rate limiter.
import { group } from "../lib/suite.mjs";

const probe = { email: "a@b.co", password: "x".repeat(129) };
const from = (address) => ({ headers: { "x-forwarded-for": address } });

group("rate limit", { alone: true, options: { rateLimit: { enabled: true } } }, (scenario) => {
	scenario("three sign-ins in ten seconds, per address", async (t) => {
		for (let i = 0; i < 5; i++) await t.post("/sign-in/email", { ...from("198.51.100.1"), json: probe });
		await t.post("/sign-in/email", { ...from("198.51.100.2"), json: probe });
	});

	scenario("each path has its own count, its spellings share it", async (t) => {
		for (let i = 0; i < 4; i++) await t.post("/sign-up/email", { ...from("198.51.100.3"), json: { ...probe, name: "x" } });
		await t.post("/sign-in/email", { ...from("198.51.100.3"), json: probe });
		await t.post("/sign-up/email?x=1", { ...from("198.51.100.3"), json: probe });
	});

	scenario("paths that lead nowhere", async (t) => {
		for (let i = 0; i < 4; i++) await t.get("/sign-in/nothing", from("198.51.100.4"));
		for (let i = 0; i < 4; i++) await t.post("/sign-in/email/", { ...from("198.51.100.4") });
		for (let i = 0; i < 4; i++) await t.get("/sign-in/email", from("198.51.100.4"));
	});

	scenario("counts before it looks at the body", async (t) => {
		for (let i = 0; i < 4; i++) await t.post("/change-password", { ...from("198.51.100.4") });
	});

	scenario("paths without a rule of their own have a hundred", async (t) => {
		for (let i = 0; i < 6; i++) await t.get("/ok", from("198.51.100.5"));
		for (let i = 0; i < 6; i++) await t.post("/verify-password", { ...from("198.51.100.5") });
	});

	scenario("one bucket for an IPv6 network", async (t) => {
		for (const address of ["2001:db8:1:2::1", "2001:DB8:1:2:ffff::9", "2001:db8:1:2:0:0:0:1", "2001:0db8:0001:0002::77"]) {
			await t.post("/sign-in/email", { ...from(address), json: probe });
		}
		await t.post("/sign-in/email", { ...from("2001:db8:1:3::1"), json: probe });
	});

	scenario("one bucket for the spellings of an IPv4 address", async (t) => {
		for (const address of ["198.51.100.6", "::ffff:198.51.100.6", "::FFFF:198.51.100.6", " 198.51.100.6 "]) {
			await t.post("/sign-in/email", { ...from(address), json: probe });
		}
	});

	scenario("an IPv4 address in hexadecimal is the same address", async (t) => {
		for (const address of ["198.51.100.7", "198.51.100.7", "198.51.100.7", "::FFFF:C633:6407"]) {
			await t.post("/sign-in/email", { ...from(address), json: probe });
		}
	});

	scenario("an address that nobody forwards is that of the connection", async (t) => {
		await t.signUp("alice", {}, from(null));
		await t.get("/list-sessions", { as: "alice", ...from(null) });
	});

	scenario("a refused request changes nothing", async (t) => {
		for (let i = 0; i < 4; i++) await t.signUp("alice", i === 3 ? {} : { password: "short" });
	});
});

group("rate limit with rules", { alone: true, options: { rateLimit: {
	enabled: true, window: 1, max: 2,
	customRules: { "/get-session": { window: 60, max: 1 }, "/list-*": { window: 60, max: 2 }, "/ok": false, "/sign-in/email": { window: 60, max: 1 } },
} } }, (scenario) => {
	scenario("the window ends", async (t) => {
		for (let i = 0; i < 3; i++) await t.get("/error", from("198.51.100.1"));
		await t.wait(1_100);
		for (let i = 0; i < 3; i++) await t.get("/error", from("198.51.100.1"));
	});

	scenario("rules of one's own", async (t) => {
		for (let i = 0; i < 2; i++) await t.get("/get-session", from("198.51.100.2"));
		for (let i = 0; i < 3; i++) await t.get("/list-sessions", from("198.51.100.2"));
		for (let i = 0; i < 4; i++) await t.get("/ok", from("198.51.100.2"));
		for (let i = 0; i < 2; i++) await t.post("/sign-in/email", { ...from("198.51.100.2"), json: probe });
	});
});

group("rate limit in the database", { alone: true, options: { rateLimit: { enabled: true, storage: "database" } } }, (scenario) => {
	scenario("keeps its rows there", async (t) => {
		for (let i = 0; i < 4; i++) await t.post("/sign-in/email", { ...from("198.51.100.1"), json: probe });
		await t.get("/ok", from("198.51.100.2"));
	});

	scenario("starts again when the window is over", async (t) => {
		for (let i = 0; i < 3; i++) await t.post("/sign-in/email", { ...from("198.51.100.1"), json: probe });
		t.sql('update "rateLimit" set "lastRequest" = "lastRequest" - 11000');
		await t.post("/sign-in/email", { ...from("198.51.100.1"), json: probe });
	});
});

group("rate limit behind proxies", { alone: true, options: {
	rateLimit: { enabled: true },
	advanced: { ipAddress: { ipAddressHeaders: ["x-client-ip", "x-forwarded-for"], trustedProxies: ["127.0.0.1", "10.0.0.0/8"], ipv6Subnet: 128 } },
} }, (scenario) => {
	scenario("walks the chain from the right", async (t) => {
		for (const chain of ["1.1.1.1, 198.51.100.1, 10.0.0.1", "2.2.2.2, 198.51.100.1", "3.3.3.3,198.51.100.1,10.9.9.9,10.0.0.1", "198.51.100.1"]) {
			await t.post("/sign-in/email", { ...from(chain), json: probe });
		}
	});

	scenario("reads the headers in order", async (t) => {
		for (let i = 0; i < 4; i++) {
			await t.post("/sign-in/email", { headers: { "x-client-ip": "198.51.100.2", "x-forwarded-for": `203.0.113.${i}` }, json: probe });
		}
	});

	scenario("each IPv6 address is its own", async (t) => {
		for (let i = 1; i <= 4; i++) await t.post("/sign-in/email", { ...from(`2001:db8::${i}`), json: probe });
	});

	scenario("the session keeps the address", async (t) => {
		await t.signUp("alice", {}, from("1.1.1.1, 198.51.100.9, 10.0.0.1"));
		await t.get("/list-sessions", { as: "alice", ...from("198.51.100.9") });
	});
});

group("addresses that nobody tracks", { alone: true, options: { rateLimit: { enabled: true }, advanced: { ipAddress: { disableIpTracking: true } } } }, (scenario) => {
	scenario("no address, no limit", async (t) => {
		for (let i = 0; i < 5; i++) await t.post("/sign-in/email", { json: probe });
		await t.signUp("alice");
	});
});
