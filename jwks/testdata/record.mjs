// Prints keys and tokens that Better Auth makes, for the tests of this package:
//
//	npm install better-auth@1.7.25
//	node testdata/record.mjs > testdata/node.json       (Node.js 20)

import { betterAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { jwt } from 'better-auth/plugins/jwt'

const secret = 'better-auth-test-secret-0123456789abcdefghij'
const older = 'second-secret-for-rotation-ABCDEFGHIJKLMNOP'
const baseURL = 'https://example.com'
const payload = { name: 'Zoë <b>', nested: { list: [1, 2.5, null] }, sub: 'user-1', exp: 4102444800, iat: 1767323045 }

async function record(name, keyPairConfig, options = {}, jwks = {}) {
  const db = { user: [], session: [], account: [], verification: [], jwks: [] }
  const auth = betterAuth({
    baseURL, secret, database: memoryAdapter(db), telemetry: { enabled: false }, ...options,
    plugins: [jwt({ jwks: { ...(keyPairConfig ? { keyPairConfig } : {}), ...jwks } })],
  })
  const { token } = await auth.api.signJWT({ body: { payload } })
  const { keys } = await auth.api.getJwks()
  const row = db.jwks[0]
  return { name, row: { ...row, createdAt: row.createdAt.getTime(), expiresAt: row.expiresAt?.getTime() ?? null }, token, document: JSON.stringify({ keys }) }
}

const keys = []
for (const alg of ['EdDSA', 'ES256', 'ES512', 'RS256', 'PS256']) keys.push(await record(alg, alg === 'EdDSA' ? undefined : { alg }))
keys.push(await record('RS256 of 3072 bits', { alg: 'RS256', modulusLength: 3072 }))
keys.push(await record('rotated secret', undefined, { secrets: [{ version: 2, value: secret }, { version: 1, value: older }] }))
keys.push(await record('stored in clear', undefined, {}, { disablePrivateKeyEncryption: true }))
const legacy = await record('row without alg and crv')
delete legacy.row.alg
delete legacy.row.crv
keys.push(legacy)
console.log(JSON.stringify({ secret, older, payload: JSON.stringify({ ...payload, iss: baseURL, aud: baseURL }), keys }, null, 2))
