// The official client against the testbed.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { ConvexHttpClient } from 'convex/browser'
import { anyApi } from 'convex/server'
import { ConvexError } from 'convex/values'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { KEY, post, start, user } from './util.mjs'

let h, client
before(async () => { h = await start() })
after(() => h.stop())
beforeEach(async () => { await post(h.url, '/__test/reset', {}); client = new ConvexHttpClient(h.url, { logger: false }) })
const { auth, testbed } = anyApi

test('every createApi function', async () => {
  const u = await client.mutation(auth.create, { input: { model: 'user', data: user(1) }, select: ['_id', 'email'] })
  assert.deepEqual(Object.keys(u).sort(), ['_id', 'email'])
  for (let i = 2; i <= 5; i++) await client.mutation(auth.create, { input: { model: 'user', data: user(i) } })
  assert.equal((await client.query(auth.findOne, { model: 'user', where: [{ field: 'email', value: 'u3@example.com' }] })).name, 'n3')
  assert.equal(await client.query(auth.findOne, { model: 'user', where: [{ field: 'email', value: 'none' }] }), null)
  const p1 = await client.query(auth.findMany, { model: 'user', paginationOpts: { numItems: 3, cursor: null } })
  const p2 = await client.query(auth.findMany, { model: 'user', paginationOpts: { numItems: 3, cursor: p1.continueCursor } })
  assert.deepEqual([p1.page.length, p1.isDone, p2.page.length, p2.isDone], [3, false, 2, true])
  const up = await client.mutation(auth.updateOne, { input: { model: 'user', where: [{ field: '_id', value: u._id }], update: { name: 'x' } } })
  assert.equal(up.name, 'x')
  const um = await client.mutation(auth.updateMany, { input: { model: 'user', where: [{ field: 'emailVerified', value: false }], update: { emailVerified: true } }, paginationOpts: { numItems: 200, cursor: null } })
  assert.deepEqual([um.count, um.isDone], [5, true])
  const d = await client.mutation(auth.deleteOne, { input: { model: 'user', where: [{ field: '_id', value: u._id }] } })
  assert.equal(d._id, u._id)
  const dm = await client.mutation(auth.deleteMany, { input: { model: 'user', where: [{ field: 'emailVerified', value: true }] }, paginationOpts: { numItems: 200, cursor: null } })
  assert.equal(dm.count, 4)
  await client.mutation(auth.create, { input: { model: 'user', data: user(1) } })
  await assert.rejects(client.mutation(auth.create, { input: { model: 'user', data: user(1) } }), /user email already exists/)
})

test('errors, actions, consistent queries', async () => {
  await assert.rejects(client.mutation(testbed.failData, { data: { code: 'UNIQUE', n: 5n } }), (e) => e instanceof ConvexError && e.data.n === 5n)
  assert.equal(await client.action(testbed.relay, { fn: 'testbed:secretQuery', kind: 'query', args: {} }), 'internal query')
  await client.mutation(auth.create, { input: { model: 'user', data: user(1) } })
  assert.equal((await client.consistentQuery(auth.findOne, { model: 'user' })).name, 'n1')
  await client.mutation(auth.updateOne, { input: { model: 'user', where: [{ field: 'name', value: 'n1' }], update: { name: 'n2' } } })
  assert.equal((await client.consistentQuery(auth.findOne, { model: 'user' })).name, 'n1')
  assert.equal((await client.query(auth.findOne, { model: 'user' })).name, 'n2')
})

test('admin key: internal and component functions', async () => {
  await assert.rejects(client.query(testbed.secretQuery, {}), /Could not find public function/)
  client.setAdminAuth(KEY, { subject: 's', issuer: 'https://i' })
  assert.equal(await client.query(testbed.secretQuery, {}), 'internal query')
  assert.equal((await client.query(testbed.whoami, {})).tokenIdentifier, 'https://i|s')
  client.setAdminAuth(KEY)
  assert.equal(await client.function('adapter:findOne', 'betterAuth', { model: 'jwks' }), null)
})

test('a JWT minted by the auth server', async () => {
  const { publicKey, privateKey } = await generateKeyPair('RS256')
  const issuer = 'https://auth.example.com'
  const key = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' }
  const deploy = (keys) => post(h.url, '/__test/config', { authConfig: { providers: [{ type: 'customJwt', issuer, applicationID: 'convex', algorithm: 'RS256', jwks: `data:text/plain;charset=utf-8;base64,${Buffer.from(JSON.stringify({ keys })).toString('base64')}` }] } })
  await deploy([key])
  const mint = (claims = {}, { kid = 'k1', exp = '15m', aud = 'convex', iss = issuer } = {}) => new SignJWT({ sessionId: 'sess1', email: 'a@example.com', emailVerified: true, nested: { a: 1 }, ...claims }).setProtectedHeader({ alg: 'RS256', kid }).setIssuedAt().setSubject('user1').setIssuer(iss).setAudience(aud).setExpirationTime(exp).sign(privateKey)
  client.setAuth(await mint())
  assert.deepEqual(await client.query(testbed.whoami, {}), { tokenIdentifier: `${issuer}|user1`, issuer, subject: 'user1', sessionId: 'sess1', email: 'a@example.com', emailVerified: true, 'nested.a': 1 })
  for (const [o, code] of [[{ kid: 'k2' }, 'InvalidAuthHeader'], [{ exp: '-1m' }, 'InvalidAuthHeader'], [{ aud: 'other' }, 'NoAuthProvider'], [{ iss: 'https://evil' }, 'NoAuthProvider']]) {
    client.setAuth(await mint({}, o))
    await assert.rejects(client.query(testbed.whoami, {}), new RegExp(code), JSON.stringify(o))
  }
  await deploy([key, { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo', kid: 'k2', alg: 'EdDSA' }])
  client.setAuth(await mint())
  await assert.rejects(client.query(testbed.whoami, {}), /InvalidAuthHeader.*Invalid JWKS response body/s, 'a key that the backend cannot read')
})
