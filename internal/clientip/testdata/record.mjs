// Records normalizeIP of Better Auth's own library in normal.json.
// Run with a folder that has better-auth 1.7.25 installed:
//
//	node record.mjs path/to/node_modules
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const library = resolve(process.argv[2], "@better-auth/core/dist/utils/ip.mjs");
const { normalizeIP } = await import(pathToFileURL(library));

const ips = [
	"1.2.3.4", "0.0.0.0", "255.255.255.255", "::ffff:1.2.3.4", "::FFFF:1.2.3.4", "::ffff:102:304", "0:0:0:0:0:ffff:102:304", "0:0:0:0:0:ffff:1.2.3.4",
	"2001:db8::1", "2001:DB8::1", "2001:db8:0:0:0:0:0:1", "2001:0db8:85a3:08d3:1319:8a2e:0370:7344", "::", "::1", "1::", "fe80::1", "fd12:3456:789a:1::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
];
const rows = ips.flatMap((ip) => [32, 48, 56, 61, 64, 128].map((subnet) => ({ ip, subnet, normal: normalizeIP(ip, { ipv6Subnet: subnet }) })));
writeFileSync(join(import.meta.dirname, "normal.json"), `[\n${rows.map((r) => JSON.stringify(r)).join(",\n")}\n]\n`);
