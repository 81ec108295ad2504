// Checks that Better Auth and jose read what this package wrote:
//
//	go test . -run TestRowsThatNodeAccepted -update
//	npm install better-auth@1.7.25 jose@6
//	node testdata/check.mjs testdata/go.json           (Node.js 20)

import assert from 'node:assert'
import { readFileSync } from 'node:fs'
import { betterAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { jwt } from 'better-auth/plugins/jwt'
import { createLocalJWKSet, jwtVerify } from 'jose'

const baseURL = 'https://example.com'
const { secret, keys } = JSON.parse(readFileSync(process.argv[2], 'utf8'))
for (const { name: alg, row, token, document } of keys) {
  const jwks = [{ ...row, createdAt: new Date(row.createdAt), expiresAt: null }]
  const auth = betterAuth({
    baseURL, secret, database: memoryAdapter({ user: [], session: [], account: [], verification: [], jwks }),
    telemetry: { enabled: false }, plugins: [jwt({ jwks: { keyPairConfig: { alg } } })],
  })
  const { payload } = await auth.api.verifyJWT({ body: { token } })
  assert.equal(payload?.name, 'Zoë <b>', `${alg}: Better Auth verifies our token`)
  const signed = await auth.api.signJWT({ body: { payload: { sub: 'user-2' } } })
  assert.ok((await auth.api.verifyJWT({ body: { token: signed.token } })).payload, `${alg}: Better Auth signs with our key`)
  assert.equal(jwks.length, 1, `${alg}: Better Auth made no key of its own`)
  assert.equal(document, JSON.stringify(await auth.api.getJwks()), `${alg}: the same key set`)
  const set = createLocalJWKSet(JSON.parse(document))
  await jwtVerify(token, set, { issuer: baseURL, audience: baseURL, algorithms: [alg] })
  await jwtVerify(signed.token, set, { issuer: baseURL, audience: baseURL, algorithms: [alg] })
  console.log(alg, 'ok')
}
