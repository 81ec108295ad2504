// Prints what Better Auth makes and accepts, for the tests of this package:
//
//	npm install better-auth@1.7.25 jose@6
//	node testdata/generate.mjs > testdata/upstream.json       (Node.js 20)

import { symmetricDecodeJWT, symmetricEncodeJWT, verifyJWT } from 'better-auth/crypto'
import { EncryptJWT, SignJWT } from 'jose'
import { createHmac, hkdfSync, scryptSync } from 'node:crypto'

const secret = 'better-auth-test-secret-0123456789abcdefghij'
const older = 'second-secret-for-rotation-ABCDEFGHIJKLMNOP'
const salt = 'better-auth-session'
const now = 1767323045 // 2026-01-02T03:04:05Z
Date.now = () => now * 1000
const RealDate = Date
globalThis.Date = class extends RealDate { constructor(...a) { super(...(a.length ? a : [now * 1000])) } static now() { return now * 1000 } }

const b64 = (text) => Buffer.from(text).toString('base64url')
const cek = (s) => new Uint8Array(hkdfSync('sha256', s, salt, 'BetterAuth.js Generated Encryption Key', 64))

// Claims as raw text, so that they need not be what a library would write.
const claims = ['{}', '{"a":1}', ` {"exp" : ${now + 1}} `, `{"exp":${now}}`, `{"exp":${now - 1}}`, `{"exp":${now - 14}}`, `{"exp":${now - 15}}`, `{"exp":${now - 14.5}}`,
  `{"exp":${now + 0.5}}`, `{"nbf":${now}}`, `{"nbf":${now + 1}}`, `{"nbf":${now + 15}}`, `{"nbf":${now + 16}}`, `{"iat":${now + 9999}}`, '{"iat":"1"}', '{"exp":"9999999999"}',
  '{"exp":null}', '{"nbf":true}', '{"exp":1e400}', '{"exp":-1e400}', '{"nbf":1e400}', '{"exp":9e99,"exp":1}', '{"exp":1,"exp":9e99}', '{"\\u0065xp":1}', '{"a":{"exp":1}}', '{"a":"\\"exp\\":1","b":"}"}',
  '{"a":[{"b":"\\\\"},"]"],"exp":1}', '[]', 'null', '1', '"a"', '', '{', '{"exp":1', '{"a":1,}', '{"a"}', '{"a":}', '{"a":1}x', '{"a":1}{}', '{a:1}', "{'a':1}", '{"exp":01}', '{"exp":9999999999 }',
  `{"exp":${now + 1},"nbf":${now - 1},"iat":${now}}`, '{"exp":{}}', '{"exp":[9999999999]}', '{"":1}', '{"a":1 "b":2}']
const jwts = [], jwes = []
for (const text of claims) {
  const input = `${b64('{"alg":"HS256"}')}.${b64(text)}`
  const jwt = `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
  jwts.push({ claims: text, token: jwt, ok: (await verifyJWT(jwt, secret)) !== null })
  const { CompactEncrypt } = await import('jose')
  const jwe = await new CompactEncrypt(new TextEncoder().encode(text)).setProtectedHeader({ alg: 'dir', enc: 'A256CBC-HS512' }).encrypt(cek(secret))
  jwes.push({ claims: text, token: jwe, ok: (await symmetricDecodeJWT(jwe, secret, salt)) !== null })
}

const sealed = []
for (const payload of [{ a: 1 }, { text: 'é'.repeat(40) }, { long: 'x'.repeat(700) }]) {
  sealed.push({ by: 'current', claims: payload, token: await symmetricEncodeJWT(payload, secret, salt, 3600) })
  sealed.push({ by: 'older', claims: payload, token: await symmetricEncodeJWT(payload, older, salt, 3600) })
  sealed.push({ by: 'older', claims: payload, token: await new EncryptJWT(payload).setProtectedHeader({ alg: 'dir', enc: 'A256CBC-HS512' }).encrypt(cek(older)) })
}

// Only 32 bytes fit A256GCM, upstream derives 64.
const gcm = await new EncryptJWT({ a: 1 }).setProtectedHeader({ alg: 'dir', enc: 'A256GCM' }).encrypt(cek(secret).slice(0, 32))

// Passwords whose normal form is not obvious: marks in any order and number, Hangul, ligatures.
let seed = 7
const random = (n) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n
const alphabet = [...'aeioucsAO', '\u0301', '\u0300', '\u0302', '\u0323', '\u0327', '\u0345', '\u0308', '\u0328', '\u034f', '\u05b0', '\u0f71', '\u0f72', '\u3099',
  '\u1100', '\u1161', '\u11a8', '\uac00', '\ufb01', '\u212b', '\u1e9b', '\u00e9', '\u01d5', '\ufdfa', '\u304b', '\uff76', '\u0915', '\u093c', '\u{1d15e}', '\u2adc', '\u{2f800}', '\u00bd']
const marks = alphabet.filter((c) => /\p{M}/u.test(c) && c !== '\u034f')
const normal = []
for (let i = 0; i < 400; i++) {
  let text = ''
  for (let n = random(12); n >= 0; n--) text += alphabet[random(alphabet.length)]
  if (i % 2) for (let n = 25 + random(60); n > 0; n--) text += marks[random(marks.length)]
  if (i % 3 === 0) text += alphabet[random(alphabet.length)]
  normal.push({ text, nfkc: text.normalize('NFKC') })
}
const zalgo = 'a' + '\u0301\u0323'.repeat(40) + 'e\u0301'
const hash = (password, salt) => `${salt}:${scryptSync(password.normalize('NFKC'), salt, 64, { N: 16384, r: 16, p: 1, maxmem: 2 ** 26 }).toString('hex')}`

console.log(JSON.stringify({
  now, secret, older, salt, jwts, jwes, sealed, gcm: { token: gcm, ok: (await symmetricDecodeJWT(gcm, secret, salt)) !== null }, normal,
  passwords: [{ password: zalgo, hash: hash(zalgo, '00112233445566778899aabbccddeeff') }, { password: 'p\ufffdq', hash: hash('p\ufffdq', 'odd salt') }],
}, null, 1))
