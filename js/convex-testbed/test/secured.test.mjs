import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { admin, post, start, user } from './util.mjs'

const SECRET = 'a-shared-secret-of-at-least-32-chars'
let h
before(async () => { h = await start(['--profile', 'secured'], { AUTH_ADAPTER_SECRET: SECRET }) })
after(() => h.stop())
const call = (kind, path, args, headers) => post(h.url, `/api/${kind}`, { path, args, format: 'convex_encoded_json' }, headers)
const create = (i, x) => ({ fn: 'create', args: { input: { model: 'user', data: user(i, x) } } })

test('createApi functions are not public', async () => {
  for (const fn of ['findOne', 'findMany']) assert.match((await call('query', `auth:${fn}`, { model: 'user' })).json.errorMessage, /Could not find public function/)
  for (const fn of ['create', 'updateOne', 'updateMany', 'deleteOne', 'deleteMany']) assert.match((await call('mutation', `auth:${fn}`, {})).json.errorMessage, /Could not find public function/)
  assert.equal((await call('query', 'auth:findOne', { model: 'user' }, admin)).json.value, null)
})
test('batch is atomic, replays by key, reports unique fields as data', async () => {
  const a = await call('mutation', 'authTx:batch', { key: 'k', ops: [create(1), create(2)] }, admin)
  const b = await call('mutation', 'authTx:batch', { key: 'k', ops: [create(1), create(2)] }, admin)
  assert.deepEqual([a.json.value.replayed, b.json.value.replayed], [false, true])
  assert.deepEqual(a.json.value.results, b.json.value.results)
  const c = await call('mutation', 'authTx:batch', { ops: [create(3), create(1)] }, admin)
  assert.deepEqual(c.json.errorData, { code: 'UNIQUE', field: 'email', model: 'user', op: 1 })
  assert.equal((await call('query', 'authTx:count', { model: 'user', cursor: null }, admin)).json.value.count, 2)
  const id = a.json.value.results[0]._id
  const g = (equals) => call('mutation', 'authTx:batch', { guards: [{ table: 'user', id, equals }], ops: [create(9)] }, admin)
  assert.equal((await g({ name: 'other' })).json.errorData.code, 'GUARD_FAILED')
  assert.equal((await g({ name: 'n1', image: null })).json.status, 'success')
})
test('shared-secret gate', async () => {
  assert.equal((await call('query', 'authGate:read', { secret: 'x', fn: 'auth:findOne', args: { model: 'user' } })).json.errorData.code, 'FORBIDDEN')
  assert.equal((await call('query', 'authGate:read', { secret: SECRET, fn: 'auth:findOne', args: { model: 'user' } })).json.value.name, 'n1')
  assert.equal((await call('query', 'authGate:read', { secret: SECRET, fn: 'testbed:secretQuery', args: {} })).json.errorData.code, 'UNKNOWN_OP')
})
test('full profile has the component tables', async () => {
  const f = await start(['--profile', 'full'])
  try {
    const r = await post(f.url, '/api/mutation', { path: 'auth:create', args: { input: { model: 'twoFactor', data: { secret: 's', backupCodes: '[]', userId: 'u' } } } })
    assert.equal(r.json.value.secret, 's')
    const t = (await (await fetch(`${f.url}/__test/health`)).json()).tables
    for (const name of ['user', 'session', 'account', 'verification', 'twoFactor', 'oauthApplication', 'oauthAccessToken', 'oauthConsent', 'jwks', 'rateLimit']) assert.ok(t.includes(name), name)
  } finally { await f.stop() }
})
