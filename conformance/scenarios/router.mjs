// Paths, methods, /ok and /error.
import { group } from "../lib/suite.mjs";

const endpoints = [
	["POST", "/sign-up/email"], ["POST", "/sign-in/email"], ["POST", "/sign-out"], ["GET", "/get-session"], ["GET", "/list-sessions"],
	["POST", "/revoke-session"], ["POST", "/revoke-sessions"], ["POST", "/revoke-other-sessions"], ["POST", "/update-session"],
	["POST", "/update-user"], ["POST", "/delete-user"], ["POST", "/change-password"], ["POST", "/verify-password"],
	["GET", "/list-accounts"], ["GET", "/ok"], ["GET", "/error"],
];

group("router", {}, (scenario) => {
	scenario("/ok", async (t) => {
		await t.get("/ok");
		await t.get("/ok?x=1");
		await t.client("nobody", (c) => c.$fetch("/ok"));
	});

	scenario("a wrong method is not found", async (t) => {
		for (const [method, path] of endpoints) {
			const others = ["GET", "POST", "PUT", "PATCH", "DELETE"].filter((other) => other !== method && !(path === "/get-session" && other === "POST"));
			for (const other of others) await t.send(other, path, other === "GET" ? {} : { json: {} });
		}
	});

	scenario("HEAD is not GET", async (t) => {
		for (const path of ["/ok", "/get-session", "/error", "/list-accounts", "/sign-in/email"]) await t.send("HEAD", path);
	});

	scenario("methods of any name", async (t) => {
		for (const method of ["PROPFIND", "LINK", "QUERY"]) await t.send(method, "/ok");
	});

	scenario("unknown paths", async (t) => {
		for (const path of ["", "/", "/x", "/sign-in", "/sign-in/", "/sign-in/email/x", "/sign-in/social/x", "/SIGN-IN/EMAIL", "/Ok", "/ok.json", "/ok%00", "/ok%20", "/ok;x=1", "/ok/ok"]) {
			await t.get(path);
			await t.post(path);
		}
	});

	scenario("spellings of a path that are not the path", async (t) => {
		for (const path of ["/ok/", "//ok", "/ok//", "/%6fk", "/sign-in%2Femail", "/sign-in//email", "/sign-in/email/", "/%73ign-in/email", "/ok%2f", "/o%6B?x=1"]) {
			await t.get(path);
			await t.post(path, { json: { email: "a@b.co", password: "x".repeat(129) } });
		}
	});

	scenario("a backslash, which the URL standard reads as a slash", async (t) => {
		await t.post("/sign-in\\email", { json: { email: "a@b.co", password: "x".repeat(129) } });
		await t.get("/x\\..\\ok");
	});

	scenario("a percent sign that encodes nothing", async (t) => {
		for (const path of ["/ok%", "/ok%zz", "/%"]) await t.get(path);
	});

	scenario("dot segments", async (t) => {
		for (const path of ["/./ok", "/x/../ok", "/../auth/ok", "/%2e/ok", "/x/%2e%2e/ok", "/.", "/..", "/sign-in/./email"]) {
			await t.get(path);
			await t.post(path, { json: { email: "a@b.co", password: "x".repeat(129) } });
		}
	});

	scenario("outside the base path", async (t) => {
		for (const path of ["/", "/ok", "/api", "/api/", "/api/auth", "/api/auth/", "/api/authx/ok", "/api/Auth/ok", "//api/auth/ok", "/x/api/auth/ok", "/api//auth/ok"]) {
			await t.get(path, { absolute: true });
			await t.post(path, { absolute: true });
		}
	});

	scenario("/error goes to the front end in production", async (t) => {
		const queries = [
			"", "?error=access_denied", "?error=a&error_description=b%20c", "?error=%3Cscript%3E", "?error=it's", "?error=", "?error=a&error=b",
			"?error_description=only", "?error=a%0d%0aSet-Cookie:x=1", "?error=%C3%A4", "?error=a&error_description=%C3%A4%2B%26%3D~*!()'", "?x=1&error=UPPER_9-",
		];
		for (const query of queries) await t.get(`/error${query}`);
	});
});

group("router with its own base path", { options: { basePath: "/auth/v1", disabledPaths: ["/sign-up/email", "/ok"] } }, (scenario) => {
	scenario("answers there and nowhere else", async (t) => {
		await t.get("/get-session");
		await t.get("/api/auth/get-session", { absolute: true });
		await t.get("/auth/v1", { absolute: true });
		await t.client("nobody", (c) => c.getSession());
	});

	scenario("disabled paths are not found, exactly", async (t) => {
		await t.post("/sign-up/email");
		await t.get("/sign-up/email");
		await t.get("/ok");
		await t.get("/ok?x=1");
		await t.get("/ok/");
		await t.get("/ok/x");
		await t.post("/sign-in/email");
	});
});

group("router under a base URL with a path", { options: { baseURL: "http://localhost:3000/deep/auth" } }, (scenario) => {
	scenario("answers there", async (t) => {
		await t.get("/ok");
		await t.signUp("alice");
		await t.get("/get-session", { as: "alice" });
		await t.get("/api/auth/ok", { absolute: true });
	});
});

group("router that takes trailing slashes", { options: { advanced: { skipTrailingSlashes: true } } }, (scenario) => {
	scenario("answers with and without", async (t) => {
		for (const path of ["/ok", "/ok/", "/ok//", "/get-session/", "/sign-in/email/"]) {
			await t.get(path);
			await t.post(path);
		}
	});
});

group("router of many hosts", { options: { baseURL: { allowedHosts: ["app.example.com", "*.example.org"], protocol: "https" } } }, (scenario) => {
	scenario("answers each under its own name", async (t) => {
		await t.get("/ok");
		await t.signUp("alice");
		await t.get("/get-session", { as: "alice", headers: { host: "a.example.org" } });
		for (const origin of ["https://app.example.com", "https://a.example.org", "https://evil.example", "http://app.example.com"]) {
			await t.post("/update-user", { as: "alice", headers: { host: "a.example.org", origin }, json: { name: "x" } });
		}
	});

	scenario("refuses a host that is not allowed", async (t) => {
		for (const host of ["evil.example", "app.example.com.evil.example", "example.org", "app.example.com:444"]) await t.get("/ok", { headers: { host } });
	});
});

group("errors with a page of their own", { options: { onAPIError: { errorURL: "https://app.example.com/oops?from=auth" } } }, (scenario) => {
	scenario("/error goes there", async (t) => {
		for (const query of ["", "?error=access_denied&error_description=no%20way", "?error=%3Cb%3E"]) await t.get(`/error${query}`);
	});
});
