// Prints what JavaScript reads and writes, for the tests of this package:
//
//	node testdata/generate.mjs > testdata/javascript.json     (Node.js 20)

const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (b) => parseInt(b, 16))
const decode = (hex) => new TextDecoder().decode(bytes(hex)) // as Request.json does: drops a BOM
const hex = (text) => Buffer.from(text).toString('hex')

// A small generator of numbers with a fixed seed, so that the file does not change.
let seed = 42
const random = () => ((seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648)

const numbers = [0, -0, 1, -1, 0.1, 0.5, 1e21, 1e20, 999999999999999900000, 123456789012345680000, 1e-6, 1e-7, 1.5e-7,
  -1.25e-9, 1e100, 1.7976931348623157e308, 5e-324, 2.2250738585072014e-308, NaN, Infinity, -Infinity, 9007199254740991,
  9007199254740992, 9007199254740993, -9007199254740993, 4.35, 1767323045678, 1767323045.678, 1e22, 12e-8, 1e-10, 0.000001234]
for (let i = 0; i < 200; i++) numbers.push((random() - 0.5) * 10 ** Math.floor(random() * 60 - 30))
const bits = (f) => { const v = new DataView(new ArrayBuffer(8)); v.setFloat64(0, f); return v.getBigUint64(0).toString(16) }

let controls = ''
for (let i = 0; i < 0x20; i++) controls += String.fromCharCode(i)
const strings = [hex(''), hex('plain'), hex(controls), hex('"\\/<>&\'\u007f\u0080\u00a0'), hex('\u2028\u2029\ufeff\uffff'), hex('Zoë 日本 😀'),
  'ff', 'c0af', 'e28241', 'f09f98', 'f09f9841', 'eda080', 'f4908080', 'f08080', 'e0808041', 'c3', '41c3', 'f0', 'e1a0c0', 'efbfbd', 'f1808080', '80bf', 'e2e2e282ac']

const parse = ['', ' ', '{}', '[]', 'null', 'true', 'false', 'nul', 'truex', '0', '-0', '01', '-', '-a', '1.', '.5', '1.5', '1e5', '1E+5', '1e', '1e+', '+1', '0x1',
  '1e400', '-1e400', '1e-400', '123456789012345678901234567890', 'NaN', 'Infinity', '"a"', "'a'", '"a', '"\\x"', '"\\u12"', '"\\u00e9\\ud83d\\ude00"', '"\\ud83d"',
  '"\\ude00\\ud83d"', '"\\ud83dx"', '"\\ud83d\\n"', '"\\ud83d\\ud83d\\ude00"', '"\\uD83D\\uDE00"', '"\\/\\b\\f\\n\\r\\t\\"\\\\"', '"\t"', '"\u0000"', '"\u001f"', '"\u007f"',
  '{"a":1}', '{"a":1,}', '{,}', '{"a"}', '{"a":}', '{"a" : 1 , "b" : [ 1 , 2 ] }', '{a:1}', '{"a":1,"b":2,"a":3}', '{"A":1,"a":2}', '{"a":1,"\\u0061":2}',
  '{"__proto__":1,"constructor":{}}', '[1,]', '[,]', '[1 2]', '[1]]', '[1', '{"a":1', '{}{}', '1 2', '\ufeff{}', '\ufeff\ufeff{}', ' \ufeff{}', '\u00a0{}', '\v1', '\f1',
  '\r\n\t {"a":[true,false,null]} \r\n', '// c\n1', '1/**/', '{"a":{"b":[{"c":[]}]}}', '"\u2028"', '[[[[1]]]]', '{"":""}', 'undefined'].map(hex)
  .concat(['22ff22', '22e2822241', '22e28222', '7b22c3223a317d', '7b22ff223a312c22fe223a327d', '22f09f9822', 'ff', 'efbbbf31', '3120efbbbf'])

const times = ['2026-01-02T03:04:05.678Z', '2026-01-02T03:04:05Z', '2026-01-02T03:04:05.1Z', '2026-01-02T03:04:05.12Z', '2026-01-02T03:04:05.1239Z',
  '2026-01-02T03:04:05.999999999999999999999Z', '2024-02-29T00:00:00Z', '2026-02-29T00:00:00Z', '2026-02-30T00:00:00Z', '2026-04-31T12:00:00.5Z', '2026-02-32T00:00:00Z',
  '2026-01-00T00:00:00Z', '2026-13-01T00:00:00Z', '2026-00-01T00:00:00Z', '2026-01-01T24:00:00Z', '2026-01-01T24:00:00.000Z', '2026-01-01T24:00:00.001Z',
  '2026-01-01T24:00:00.0009Z', '2026-01-01T24:00:00.00000000000001Z', '2026-01-01T24:00:01Z', '2026-01-01T24:01:00Z', '2026-01-01T25:00:00Z', '2026-01-01T23:60:00Z', '2026-01-01T23:59:60Z',
  '0000-01-01T00:00:00Z', '0000-12-31T23:59:59.999Z', '9999-12-31T23:59:59.9999Z', '9999-12-31T24:00:00Z', '1969-12-31T23:59:59.999Z',
  '2026-01-02T03:04:05.Z', '2026-01-02T03:04:05.678', '2026-01-02T03:04:05.678z', '2026-01-02t03:04:05.678Z', '2026-01-02 03:04:05.678Z', '2026-01-02T03:04:05+00:00',
  '+002026-01-02T03:04:05Z', '-000001-01-02T03:04:05Z', ' 2026-01-02T03:04:05Z', '2026-01-02T03:04:05Z ', '2026-01-02T03:04:05Z\n', '2026-1-2T03:04:05Z', '2026-01-02T03:04Z',
  '2026-01-02T03:04:05,678Z', '2026-01-02T03:04:05.67aZ', '٢٠٢٦-01-02T03:04:05Z', '', 'Z', '2026-01-02']
// What upstream's utils/json.ts looks for.
const iso = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z$/
const revive = (t) => { const d = new Date(t); return iso.test(t) && !isNaN(d) ? d.getTime() : null }
const dates = [0, 1767323045678, -1, -62167219200000, -62167219200001, 253402300799999, 253402300800000, 8.64e15, -8.64e15, 8.64e15 + 1, -8.64e15 - 1, 951782400000]

const verdict = (h) => { try { return { text: h, json: JSON.stringify(JSON.parse(decode(h)), (k, v) => Object.is(v, -0) ? '-0' : v === Infinity ? '1e400' : v === -Infinity ? '-1e400' : typeof v === 'string' ? v.toWellFormed() : v) } } catch { return { text: h } } }
console.log(JSON.stringify({
  node: process.version,
  numbers: numbers.map((f) => ({ bits: bits(f), json: JSON.stringify(f) })),
  strings: strings.map((h) => ({ text: h, json: hex(JSON.stringify(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes(h)))) })),
  parse: parse.map(verdict),
  times: times.map((t) => ({ text: t, ms: revive(t) })),
  dates: dates.map((ms) => ({ ms, json: JSON.stringify(new Date(ms)) })),
}, null, 1))
