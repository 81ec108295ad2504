// Records the verdicts of Better Auth's own matcher in origins.json and paths.json.
// Run with a folder that has better-auth 1.7.25 installed:
//
//	node record.mjs path/to/node_modules
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const library = resolve(process.argv[2], "better-auth/dist/auth/trusted-origins.mjs");
const { matchesOriginPattern } = await import(pathToFileURL(library));
const here = (name) => join(import.meta.dirname, name);

const patterns = [
	"https://app.test", "https://app.test/", "https://app.test:443", "https://APP.test", "app.test",
	"http://localhost:3000", "http://127.0.0.1:3000", "http://[::1]:3000", "https://app.test:8443",
	"https://xn--bcher-kva.example", "https://bücher.example",
	"https://*.example.com", "*.example.com", "http://*.example.com", "*://*.example.com", "http*://*.example.com",
	"https://*.example.com:*", "*.example.com:*", "https://x-?.example.com", "https://preview-*.example.com",
	"https://*.example.com/", "https://*example.com", "https://*.com", "*.com", "*", "https://*", "**", "http?://app.test",
	"http://localhost:*", "localhost:*", "http://localhost*", "*.test", "https://*.test", "https://app.*",
	"http://192.168.*.*", "http://192.168.*.*:3000", "192.168.*.*", "192.168.*", "10.*", "http://1*", "http://10.0.0.?:*",
	"myapp://", "myapp://callback", "myapp://callback/", "myapp://callback/deep", "myapp:", "MYAPP://Callback",
	"com.example.app:/oauth", "com.example.app:", "exp://", "exp://**", "exp://192.168.*.*:*/**", "exp://192.168.1.5:8081",
	"myapp://*", "myapp://call*", "myapp://callback/*", "myapp://callback/a?c", "myapp:*",
	"javascript:", "javascript://*", "javascript://x.example.com", "data:", "file://", "blob:", "intent://", "chrome-extension://abcdef",
];

const controls = ["\t", "\n", "\r", "\0", "\x1f", "\x7f", "\x85", "\u00a0", "\u00ad", "\u2028", "\ufeff", "\u200b", " "];
const urls = [
	// the plain ones
	"https://app.test", "https://app.test/", "https://app.test/a/b?c=d#e", "https://app.test?x", "https://app.test#x",
	"https://APP.TEST", "HTTPS://app.test", "https://app.test:443", "https://app.test:443/x", "https://app.test:8443", "https://app.test:0443",
	"https://app.test:", "https://app.test:0", "https://app.test:65536", "https://app.test:8a", "https://app.test.", "https://app.test..",
	"https://.app.test", "http://app.test", "http://app.test:80", "http://app.test:443", "http://app.test:8080", "https://app.test/a b",
	"https://app.test/é", "https://app.test/%2f%5c", "https://app.test/a\\b", "https://app.test?a=\\", "https://app.test/<b>", 'https://app.test/"',
	"http://localhost:3000", "http://localhost:3000/x", "http://localhost", "http://localhost.evil.com", "http://localhost:80", "http://localhostevil:1",
	"http://localhost:3000@evil.com", "http://127.0.0.1:3000", "http://[::1]:3000", "http://[0:0::1]:3000", "http://[::ffff:127.0.0.1]:3000",
	"http://[::1%25lo]:3000", "http://127.1:3000", "http://0x7f.1:3000", "http://2130706433:3000", "http://127.0.0.01:3000", "http://127.0.0.1.:3000", "http://0177.0.0.1:3000",
	"https://xn--bcher-kva.example", "https://bücher.example", "https://XN--BCHER-KVA.example", "https://xn--a.example", "https://xn--.example.com", "https://xn--bcher-kva.example.com",
	"https://xn--evil-.example.com", "https://a_b.example.com", "https://a~b.example.com", "https://a!b.example.com", "https://a..example.com", "https://-a-.example.com",
	// RD-04: slashes that browsers add
	"https:evil.com", "https:/evil.com", "https:\\evil.com", "https:\\\\evil.com", "https:///evil.com", "https:app.test", "https:/app.test", "https:\\\\app.test", "https:///app.test",
	// RD-05: a trusted suffix behind the host
	"http:attacker.com?.example.com/", "https://evil.com?.example.com", "https://evil.com#.example.com", "https://evil.com\\.example.com",
	"https://evil.com%2f.example.com", "https://evil.com%5c.example.com", "https://evil.com/.example.com", "https://evil.com:bad.example.com", "https://evil.com:80.example.com",
	"https://evil.com%00.example.com", "https://evil.com;.example.com", "https://evil.com&.example.com", "https://evil.com,.example.com",
	// RD-06: user names
	"https://app.test@evil.com", "https://app.test%40evil.com", "https://evil.com\\@app.test", "https://user@app.test", "https://user:pass@app.test", "https://@app.test", "https://evil.com@x.example.com",
	"https://evil.com/@app.test", "https://evil.com?@app.test",
	// RD-07: schemes that browsers run
	"javascript:alert(1)", "javascript://x.example.com/%0aalert(1)", "javascript://app.test/%0aalert(1)", "java\nscript:alert(1)", "data:text/html,x", "data://x.example.com,x", "vbscript:x",
	"blob:https://app.test/0", "blob:https://x.example.com/0", "file:///etc/passwd", "file://x.example.com/a", "intent://x.example.com#Intent;scheme=http;end", "ftp://x.example.com", "ws://x.example.com",
	"view-source:https://app.test", "about:blank", "chrome-extension://abcdef", "chrome-extension://abcdef/page.html",
	// RD-08: wildcards
	"https://x.example.com", "https://a.b.example.com", "https://evilexample.com", "https://example.com", "https://example.com.evil.com", "https://x.example.com.evil.com",
	"http://x.example.com", "http://x.example.com:443", "https://x.example.com:444", "https://x.example.com:443", "x.example.com", "//x.example.com", "https://x.example.com.", "https://X.EXAMPLE.COM",
	"https://x-1.example.com", "https://x-12.example.com", "https://preview-7.example.com", "https://preview-7.evil.com/.example.com", "https://evil.com/https://x.example.com",
	"http://192.168.1.2", "http://192.168.1.2:3000", "http://192.168.evil.com", "http://192.168.1.evil.com:3000", "http://192.168.1.2.evil.com", "http://192.168.1", "http://192.168.258",
	"http://0xc0.168.1.2", "http://10.0.0.1", "http://10.0.0.1:99", "http://10.evil.com", "http://1.evil.com", "https://192.168.1.2", "http://192.168.1.2.", "http://3232235778",
	// RD-09: names that browsers rewrite
	"https://app。test", "https://ⓐpp.test", "https://evil.c℀.example.com", "https://app.te\u00adst", "https://ａpp.test", "https://evil.com／.example.com", "https://%61pp.test",
	// RD-10: a trusted prefix
	"https://app.test.evil.com", "https://app.testevil.com", "https://app.test-evil.com",
	// RD-11: app schemes
	"myapp://callback", "myapp://callback/", "myapp://callback?code=1", "myapp://callback#x", "myapp://callback.attacker.tld", "myapp://callback/../x", "myapp://callback/%2e%2e/x", "myapp://callback/./deep",
	"myapp:callback", "myapp:/callback", "myapp:///callback", "MYAPP://CALLBACK", "myapp://callback:80", "myapp://callback:", "myapp://user@callback", "myapp://callback@evil.com", "myapp://", "myapp:", "myapp:///",
	"myapp://callback/deep", "myapp://callback/deeper", "myapp://callback/deep/er", "myapp://callback//deep", "myapp://callback/%64eep", "myapp://callback/a%2fdeep", "myapp://callback/abc", "myapp://callback/a%c3%a9c",
	"myapp://callback/%zz", "myapp://callback/%ff", "myapp://callback/a\\b", "myapp://callback\\evil", "myapp://callback/%0a", "myapp://callback/%e2%80%a8", "myapp://callback/a/b?c", "myapp:\\\\callback", "my\tapp://callback",
	"myapp2://callback", "xmyapp://callback", "com.example.app:/oauth", "com.example.app:/oauth?code=1", "com.example.app:/oauth2", "com.example.app:/other", "com.example.app://oauth",
	"exp://192.168.1.5:8081", "exp://192.168.1.5:8081/--/x", "exp://192.168.evil.com:8081/--/x", "exp://192.168.1.5", "exp://u.expo.dev/x", "exp://[::1]:8081", "exp://192.168.1.5:99999/", "exp://192.168.1.5:8081/a b", "exp://*/x",
	// neither
	"", "null", "undefined", "app.test", "localhost:3000", "?x", "#x", ".", "..", "*", "https://", "https://:443", "https://*.example.com", "http://", "://", ":", "https",
	// RD-01, RD-02 and RD-03: paths
	"/", "/a", "/a/b?c=d#e", "//evil.com", "///evil.com", "/%2fevil.com", "/%2F/evil.com", "/%5cevil.com", "/%252fevil.com", "/\\evil.com", "\\/evil.com", "\\\\evil.com", "/\\/evil.com", "/./\\evil.com", "/.//evil.com", "/a#frag", "/a b", "/a<script>",
	...controls.flatMap((c) => [`${c}https://app.test`, `https://app.test${c}`, `ht${c}tps://app.test`, `https:/${c}/app.test`, `https://app${c}.test`, `https://app.test/a${c}b`, `https://evil.com${c}.example.com`, `myapp://call${c}back`, `${c}myapp://callback`]),
];

// JSON in ASCII: the odd characters are what the corpus is about.
const json = (v) => JSON.stringify(v).replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
const lines = (list) => `[\n${list.map(json).join(",\n")}\n]`;
const rows = patterns.map((pattern) => ({
	pattern,
	accepts: urls.filter((url) => matchesOriginPattern(url, pattern)),
}));
writeFileSync(here("origins.json"), `{"urls": ${lines(urls)},\n"patterns": ${lines(rows)}}\n`);

const starts = ["/", "//", "///", "/.", "/./", "/../", "/.//", "/a", "/a/", "/a//b", "/@", "/:", "\\", "/\\", "", "a", "https:", "?", "#", "/?", "/#", "/%", "/%2", "/%2f", "/%2F", "/%5c", "/%5C", "/%5", "/%252f", "/%00", "/%0d%0a", "/é", "/\u{1f600}"];
const ends = ["", "/", "\\", "evil.com", "/evil.com", "\\evil.com", "?x=/%2f%5C", "?x=\\", "#%2f", "#\\", "a b", "<script>", "%2fevil", "%5Cevil", ...controls];
const paths = [...new Set(starts.flatMap((s) => ends.map((e) => s + e)))];
const local = (path) => matchesOriginPattern(path, "https://never.invalid", { allowRelativePaths: true });
writeFileSync(here("paths.json"), `${lines(paths.map((path) => ({ path, local: local(path) })))}\n`);
