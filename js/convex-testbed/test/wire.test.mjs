import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { admin, KEY, post, start, user } from './util.mjs'

let h
before(async () => { h = await start() })
after(() => h.stop())
beforeEach(() => post(h.url, '/__test/reset', {}))
const call = (kind, path, args, headers, format = 'convex_encoded_json') => post(h.url, `/api/${kind}`, { path, args, format }, headers)

describe('wire format', () => {
  test('success: sorted keys, floats with a point', async () => {
    const r = await call('mutation', 'auth:create', { input: { model: 'user', data: user(1, { createdAt: 1700000000000 }) } })
    assert.equal(r.status, 200)
    assert.match(r.text, /^\{"status":"success","value":\{"_creationTime":\d+\.\d+,"_id":"[0-9a-hjkmnp-tv-z]{32}","createdAt":1700000000000\.0,"email"/)
  })
  test('args as object or as one-element array', async () => {
    for (const args of [{ model: 'user' }, [{ model: 'user' }]]) assert.equal((await call('query', 'auth:findOne', args)).text, '{"status":"success","value":null}')
  })
  test('values round trip in both formats', async () => {
    const value = { i: { $integer: '//////////8=' }, n: { $float: 'AAAAAAAA+H8=' }, z: { $float: 'AAAAAAAAAIA=' }, b: { $bytes: 'AAEC' }, s: 'x', a: [1, null, true] }
    assert.deepEqual((await call('query', 'testbed:echo', { value })).json.value, value)
    assert.equal((await call('query', 'testbed:echo', { value }, {}, 'json')).text, '{"status":"success","value":{"a":[1.0,null,true],"b":"AAEC","i":"-1","n":"NaN","s":"x","z":-0.0}}')
    assert.equal((await call('query', 'testbed:echo', { value }, {}, null)).json.value.i, '-1')
    assert.deepEqual((await call('query', 'testbed:echo', { value }, { 'convex-client': 'npm-1.4.0' }, null)).json.value.i, value.i)
  })
  test('bad values', async () => {
    assert.match((await call('query', 'testbed:echo', { value: { $float: 'AAAAAAAA8D8=' } })).json.errorMessage, /should be encoded as a number/)
    assert.match((await call('query', 'testbed:echo', { value: { $nope: 1 } })).json.errorMessage, /starts with '\$'/)
  })
  test('function errors are HTTP 200', async () => {
    const r = await call('query', 'testbed:fail', { message: 'boom' })
    assert.equal(r.status, 200)
    assert.match(r.json.errorMessage, /^\[Request ID: [0-9a-f]{16}\] Server Error\nUncaught Error: boom\n/)
    assert.equal(r.json.errorData, undefined)
    const d = await call('mutation', 'testbed:failData', { data: { code: 'X' } })
    assert.deepEqual(d.json.errorData, { code: 'X' })
  })
  test('redaction keeps errorData and drops text and logs', async () => {
    await post(h.url, '/__test/config', { redact: true })
    const r = await call('query', 'testbed:fail', { message: 'secret' }, { 'convex-request-id': 'abc' })
    assert.deepEqual(r.json, { status: 'error', errorMessage: '[Request ID: abc] Server Error' })
    assert.deepEqual((await call('mutation', 'testbed:failData', { data: 7 })).json.errorData, 7)
    assert.equal((await call('query', 'testbed:log', { lines: ['x'] })).text, '{"status":"success","value":null}')
    await post(h.url, '/__test/config', { redact: false })
  })
  test('560 when asked for', async () => {
    await post(h.url, '/__test/config', { udfErrorStatus: 560 })
    assert.equal((await call('query', 'testbed:fail', { message: 'boom' })).status, 560)
    await post(h.url, '/__test/config', { udfErrorStatus: 200 })
  })
  test('log lines', async () => {
    assert.deepEqual((await call('query', 'testbed:log', { lines: ["it's", 1] })).json.logLines, ["[LOG] 'it\\'s'", '[LOG] 1'])
  })
  test('the back door changes and removes documents', async () => {
    const { json: { user: [one, two] } } = await post(h.url, '/__test/load', { tables: { user: [user(1), user(2)] } })
    await post(h.url, '/__test/change', { patch: [{ _id: one, name: 'new' }], remove: [two] })
    const { user: rows } = await (await fetch(`${h.url}/__test/dump`)).json()
    assert.deepEqual(rows.map((r) => [r._id, r.name, r.email]), [[one, 'new', 'u1@example.com']])
  })
  test('platform errors: status and {code,message}', async () => {
    const code = async (p, expect) => { const r = await p; assert.deepEqual([r.status, r.json.code], expect, r.text) }
    await code(post(h.url, '/api/query', '{}', { 'content-type': 'text/plain' }), [400, 'BadJsonBody'])
    await code(post(h.url, '/api/query', '{'), [400, 'BadJsonBody'])
    await code(post(h.url, '/api/query', { path: 'a:b' }), [400, 'BadJsonBody'])
    await code(call('query', '/abs:x', {}), [400, 'BadConvexFunctionIdentifier'])
    await code(call('query', 'testbed:whoami', {}, {}, 'xml'), [400, 'BadFormat'])
    await code(call('query', 'testbed:whoami', {}, { authorization: 'x' }), [400, 'InvalidHeaderFailure'])
    await code(call('query', 'testbed:whoami', {}, { authorization: 'Basic abcdef' }), [400, 'InvalidAdminKey'])
    await code(call('query', 'testbed:whoami', {}, { authorization: 'Convex testbed|wrong' }), [401, 'BadAdminKey'])
    await code(call('query', 'testbed:whoami', {}, { authorization: 'Bearer not-a-jwt' }), [401, 'InvalidAuthHeader'])
    await code(call('function', 'testbed:whoami', {}), [403, 'BadDeployKey'])
    await code(call('query', 'testbed:whoami', {}, { 'convex-client': 'nodash' }), [400, 'InvalidClientVersion'])
    assert.equal((await post(h.url, '/api/nope', {})).status, 404)
    assert.equal((await fetch(`${h.url}/api/mutation`)).status, 405)
  })
  test('wrong type, missing function', async () => {
    assert.match((await call('mutation', 'auth:findOne', { model: 'user' })).json.errorMessage, /Trying to execute auth\.js:findOne as Mutation, but it is defined as Query\./)
    assert.match((await call('query', 'auth:nope', {})).json.errorMessage, /Could not find public function for 'auth:nope'\./)
  })
  test('argument validation text', async () => {
    const r = await call('query', 'auth:findOne', { model: 'user', modelKey: 'user' })
    assert.match(r.json.errorMessage, /ArgumentValidationError: Object contains extra field `modelKey` that is not in the validator\.\n\nObject: \{model: "user", modelKey: "user"\}\nValidator: v\.object\(\{/)
  })
  test('GET query, run, batch, function with component', async () => {
    const q = new URLSearchParams({ path: 'testbed:echo', args: '{"value":1}', format: 'json' })
    assert.deepEqual(await (await fetch(`${h.url}/api/query?${q}`)).json(), { status: 'success', value: 1 })
    assert.deepEqual((await post(h.url, '/api/run/testbed/echo', { args: { value: 2 } })).json, { status: 'success', value: 2 })
    const b = await post(h.url, '/api/query_batch', { queries: [{ path: 'testbed:echo', args: { value: 1 } }, { path: 'testbed:fail', args: { message: 'm' } }] })
    assert.deepEqual(b.json.results.map((x) => x.status), ['success', 'error'])
    const c = await post(h.url, '/api/function', { componentPath: 'betterAuth', path: 'adapter:create', args: { input: { model: 'user', data: user(1, { username: 'ada' }) } } }, admin)
    assert.equal(c.json.value.username, 'ada')
    assert.match((await call('query', 'adapter:findOne', { model: 'user' })).json.errorMessage, /Could not find public function/)
  })
  test('identity pages', async () => {
    const get = async (p) => (await fetch(h.url + p)).text()
    assert.equal(await get('/instance_name'), 'testbed')
    assert.match(await get('/version'), /^convex-testbed/)
    assert.match(await get('/'), /This Convex deployment is running/)
  })
})

describe('admin key', () => {
  test('internal functions need it', async () => {
    assert.match((await call('query', 'testbed:secretQuery', {})).json.errorMessage, /Could not find public function for 'testbed:secretQuery'/)
    for (const k of [KEY, `prod:${KEY}`, KEY.split('|')[1]]) assert.equal((await call('query', 'testbed:secretQuery', {}, { authorization: `Convex ${k}` })).json.value, 'internal query')
    assert.equal((await call('mutation', 'testbed:secretMutation', {}, admin)).json.value, 'internal mutation')
  })
  test('acting as a user', async () => {
    const who = Buffer.from(JSON.stringify({ subject: 'u1', issuer: 'https://x', name: 'Ada' })).toString('base64')
    const r = await call('query', 'testbed:whoami', {}, { authorization: `Convex ${KEY}:${who}` })
    assert.deepEqual(r.json.value, { issuer: 'https://x', name: 'Ada', subject: 'u1', tokenIdentifier: 'https://x|u1' })
    assert.equal((await call('query', 'testbed:whoami', {}, admin)).json.value, null)
  })
  test('keys with fewer rights', async () => {
    await post(h.url, '/__test/config', { keys: { 'testbed|ro': ['RunInternalQueries', 'ViewData'] } })
    const ro = { authorization: 'Convex testbed|ro' }
    assert.equal((await call('query', 'testbed:secretQuery', {}, ro)).json.value, 'internal query')
    const r = await call('mutation', 'testbed:secretMutation', {}, ro)
    assert.deepEqual([r.status, r.json.code], [403, 'OperationNotPermitted'])
  })
})

describe('timestamps', () => {
  test('query_at_ts sees the state at the time', async () => {
    await call('mutation', 'auth:create', { input: { model: 'user', data: user(1) } })
    const { ts } = (await post(h.url, '/api/query_ts', '')).json
    assert.equal(Buffer.from(ts, 'base64').length, 8)
    await call('mutation', 'auth:updateOne', { input: { model: 'user', where: [{ field: 'email', value: user(1).email }], update: { name: 'new' } } })
    const at = await post(h.url, '/api/query_at_ts', { path: 'auth:findOne', args: { model: 'user' }, ts })
    assert.equal(at.json.value.name, 'n1')
    assert.equal((await call('query', 'auth:findOne', { model: 'user' })).json.value.name, 'new')
    const old = await post(h.url, '/api/query_at_ts', { path: 'auth:findOne', args: { model: 'user' }, ts: 'AQAAAAAAAAA=' })
    assert.deepEqual([old.status, old.json.code], [503, 'InternalServerError'])
  })
})

describe('faults', () => {
  const faults = (rules) => post(h.url, '/__test/faults', rules)
  const create = (i) => call('mutation', 'auth:create', { input: { model: 'user', data: user(i) } })
  const emails = async () => (await (await fetch(`${h.url}/__test/dump?table=user`)).json()).user.map((u) => u.email)
  test('OCC, busy, rate limit: nothing is written', async () => {
    for (const [action, status, code] of [['occ', 503, 'OptimisticConcurrencyControlFailure'], ['busy', 503, 'ExpiredInQueue'], ['ratelimit', 429, 'TooManyConcurrentRequests'], ['internal', 500, 'InternalServerError']]) {
      await faults([{ match: { endpoint: 'mutation' }, action, times: 1 }])
      const r = await create(1)
      assert.deepEqual([r.status, r.json.code], [status, code])
    }
    assert.deepEqual(await emails(), [])
    assert.equal((await create(1)).status, 200)
  })
  test('dropped before and after commit', async () => {
    await faults([{ match: { path: 'auth:create' }, when: 'before', action: 'drop', times: 1 }])
    await assert.rejects(create(1))
    assert.deepEqual(await emails(), [])
    await faults([{ match: { path: '/^auth:/' }, when: 'after', action: 'drop', times: 1 }])
    await assert.rejects(create(1))
    assert.deepEqual(await emails(), ['u1@example.com'])
    assert.match((await create(1)).json.errorMessage, /user email already exists/)
  })
  test('truncated body, html, latency, skip', async () => {
    await faults([{ when: 'after', action: 'truncate', times: 1 }])
    await assert.rejects(create(1))
    await faults([{ action: 'garbage', times: 1 }])
    assert.equal((await create(2)).text, '<html>bad gateway</html>')
    await faults([{ delayMs: 120, skip: 1, times: 1 }])
    const time = async () => { const t = performance.now(); await call('query', 'auth:findOne', { model: 'user' }); return performance.now() - t }
    assert.ok(await time() < 100)
    assert.ok(await time() >= 115)
  })
  test('server survives', async () => { assert.equal((await fetch(`${h.url}/__test/health`)).status, 200) })
})

describe('real id rules', () => {
  test('malformed, unknown, foreign ids', async () => {
    const u = (await call('mutation', 'auth:create', { input: { model: 'user', data: user(1) } })).json.value
    const find = (id) => call('query', 'auth:findOne', { model: 'user', where: [{ field: '_id', value: id }] })
    assert.equal((await find(u._id)).json.value.email, u.email)
    assert.match((await find('zzz')).json.errorMessage, /Unable to decode ID: Invalid ID length 3/)
    await call('mutation', 'auth:deleteOne', { input: { model: 'user', where: [{ field: '_id', value: u._id }] } })
    assert.equal((await find(u._id)).json.value, null)
  })
})
