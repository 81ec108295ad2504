import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { start } from './lib/servers.mjs'

let site
before(async () => { site = await start() })
after(() => site.close())

const at = '2026-01-02T03:04:05.678Z'
const ada = { session: { id: 's', token: 'canary', expiresAt: at }, user: { id: 'u', name: 'Ada' } }
const cookie = 'better-auth.session_token=abc.def'
const session = (req, res) => res.writeHead(200, { 'content-type': 'application/json', 'set-cookie': ['better-auth.session_data=new; Path=/', 'x=1'] }).end(JSON.stringify(ada))

beforeEach(() => {
  site.seen.length = 0
  site.handle = session
  globalThis.readCopy = () => null
  globalThis.routeRules = () => ({})
})

const ask = (path = '/', headers = { cookie }) => fetch(site.origin + path, { redirect: 'manual', headers })
const pageRead = async (event) => event.context.lockstep.readPage(event)

test('a page reads the session once, however often it asks, and renewed cookies reach the browser once', async () => {
  site.page = async (event) => [
    await pageRead(event), await pageRead(event),
    await event.$fetch('/api/auth/get-session'), await event.$fetch('/api/auth/get-session', { headers: { cookie } }),
    (await event.context.requestSession).user.name, event.context.requestSession.user.name,
  ]
  const answer = await ask()
  const [first, , third, fourth, ...names] = await answer.json()
  assert.deepEqual(first, { known: true, data: ada })
  assert.deepEqual(third, ada)
  assert.deepEqual(fourth, ada)
  assert.deepEqual(names, ['Ada', 'Ada'])
  assert.equal(site.seen.length, 1)
  assert.deepEqual(answer.headers.getSetCookie(), ['better-auth.session_data=new; Path=/', 'x=1'])
  assert.equal(site.seen[0].headers['lockstep-client'], '127.0.0.1', 'the address is the visitor\'s')
})

test('an answer with cookies of a session is for nobody else, whatever the rules of its route say', async () => {
  site.page = async (event) => {
    event.node.res.setHeader('cache-control', 'public, max-age=60') // as Nitro does, before any handler
    return event.context.requestSession
  }
  assert.equal((await ask()).headers.get('cache-control'), 'private, no-store')
})

test('dates are dates for the program and text for the page', async () => {
  site.page = async (event) => {
    const { session } = await event.context.requestSession
    return [session.expiresAt instanceof Date, (await pageRead(event)).data.session.expiresAt]
  }
  assert.deepEqual(await (await ask()).json(), [true, at])
})

test('a copy that is good costs no question', async () => {
  globalThis.readCopy = () => ada
  site.page = pageRead
  assert.deepEqual(await (await ask()).json(), { known: true, data: ada })
  assert.equal(site.seen.length, 0)
})

test('nobody is signed in without a session token, and nobody is asked', async () => {
  site.page = pageRead
  for (const headers of [{}, { cookie: 'a=b' }, { cookie: 'better-auth.session_token=' }, { cookie: 'better-auth.session_data=x' }]) {
    assert.deepEqual(await (await ask('/', headers)).json(), { known: true, data: null })
  }
  assert.equal(site.seen.length, 0)
  await ask('/', { cookie: 'a=b; __Secure-better-auth.session_token=x' })
  assert.equal(site.seen.length, 1)
})

test('a bearer token is Lockstep\'s to judge, and counts more than a copy', async () => {
  globalThis.readCopy = () => ({ session: {}, user: { name: 'Copy' } })
  globalThis.routeRules = (path) => (path.startsWith('/api/') ? { auth: 'user' } : {})
  site.page = async (event) => (await event.context.requestSession).user.name
  for (const headers of [{ authorization: 'Bearer abc.def' }, { authorization: 'bearer abc.def', cookie }]) {
    site.seen.length = 0
    assert.equal(await (await ask('/api/notes', headers)).text(), 'Ada')
    assert.deepEqual(site.seen.map((seen) => seen.headers.authorization), [headers.authorization])
  }
  site.handle = (_req, res) => res.writeHead(200).end('null')
  assert.equal((await ask('/api/notes', { authorization: 'Bearer forged' })).status, 401)
  site.seen.length = 0
  for (const authorization of ['Basic YTpi', 'Bearer', 'Bearer ', 'Bearer of.a.proxy']) assert.equal((await ask('/api/notes', { authorization })).status, 401)
  assert.equal(site.seen.length, 0)
})

for (const [name, status, body, want] of [
  ['null', 200, 'null', { known: true, data: null }],
  ['401', 401, '{"code":"UNAUTHORIZED"}', { known: true, data: null }],
  ['429', 429, '{"message":"Too many requests"}', { known: false }],
  ['500', 500, '', { known: false }],
  ['503', 503, '{}', { known: false }],
  ['a page of a proxy', 200, '<html>', { known: false }],
]) {
  test(`${name} ${want.known ? 'means that nobody is signed in' : 'says nothing about who is'}`, async () => {
    site.handle = (_req, res) => res.writeHead(status).end(body)
    site.page = pageRead
    assert.deepEqual(await (await ask()).json(), want)
  })
}

test('a session that is to be renewed is renewed, and the browser gets the new cookies', async () => {
  site.handle = (req, res) => res.writeHead(200, { 'set-cookie': [`better-auth.session_token=from-${req.method}; Path=/`] })
    .end(JSON.stringify(req.method === 'POST' ? ada : { ...ada, needsRefresh: true }))
  site.page = pageRead
  const answer = await ask()
  assert.deepEqual(await answer.json(), { known: true, data: ada })
  assert.deepEqual(site.seen.map((seen) => [seen.method, seen.headers.origin]), [['GET', undefined], ['POST', site.origin]])
  assert.deepEqual(answer.headers.getSetCookie(), ['better-auth.session_token=from-POST; Path=/'])
})

test('a session that cannot be renewed now is one all the same', async () => {
  site.handle = (req, res) => (req.method === 'POST' ? res.writeHead(503).end() : res.writeHead(200).end(JSON.stringify({ ...ada, needsRefresh: true })))
  site.page = pageRead
  assert.deepEqual(await (await ask()).json(), { known: true, data: ada })
})

test('no part of an answer reaches the log', async (t) => {
  const log = t.mock.method(console, 'error', () => {})
  site.handle = (_req, res) => res.writeHead(200).end('{"session":{"token":"canary"')
  site.page = pageRead
  await ask()
  assert.equal(log.mock.callCount(), 1)
  assert.ok(!JSON.stringify(log.mock.calls[0].arguments).includes('canary'))
})

test('a request of the server to itself gets 503 and not null when nobody can say', async () => {
  site.handle = (_req, res) => res.writeHead(500).end()
  site.page = (event) => event.$fetch('/api/auth/get-session').catch((err) => err.status)
  assert.equal(await (await ask()).json(), 503)
})

test('requireUserSession finds an error and not a signed-out user when nobody can say', async () => {
  site.handle = (_req, res) => res.writeHead(500).end()
  site.page = (event) => event.context.requestSession
  assert.equal((await ask('/')).status, 503)
})

test('a page for everybody has no user, whoever asks and however', async () => {
  for (const rule of [{ isr: true }, { swr: 60 }, { cache: { maxAge: 60 } }, { prerender: true }]) {
    globalThis.routeRules = (path) => (path === '/' ? rule : {})
    site.page = async (event) => [await pageRead(event), await event.$fetch('/api/auth/get-session')]
    assert.deepEqual(await (await ask()).json(), [{ known: true, data: null }, null], JSON.stringify(rule))
  }
  assert.equal(site.seen.length, 0)
})

test('what is made for a cache never has the user of whoever came first', async () => {
  // As Nitro does it: the context of the visitor, without the visitor's headers.
  site.page = async (event) => {
    event.context.cache = {}
    return [event.context.requestSession === undefined, await pageRead({ ...event, path: '/', context: event.context, node: { ...event.node, req: { headers: {} } } })]
  }
  assert.deepEqual(await (await ask()).json(), [true, { known: true, data: null }])
  assert.equal(site.seen.length, 0)
})

test('rules of /api are enforced', async () => {
  globalThis.routeRules = (path) => (path.startsWith('/api/notes') ? { auth: 'user' } : path === '/api/door' ? { auth: 'guest' } : path === '/api/root' ? { auth: { user: { name: 'Grace' } } } : {})
  for (const [path, signedOut, signedIn] of [
    ['/api/open', 200, 200], ['/api/notes', 401, 200], ['/api/notes/1?x=/', 401, 200], ['/api/door', 200, 403], ['/api/root', 401, 403],
    ['/api//notes', 400, 400], ['/api/notes%2F1', 400, 400], ['/x/%2e%2e/api/notes', 400, 400], ['/api/open%2F1', 200, 200], ['/notes', 200, 200],
  ]) {
    assert.equal((await raw(path)).status, signedOut, `${path} signed out`)
    assert.equal((await raw(path, cookie)).status, signedIn, `${path} signed in`)
  }
})

test('a rule that cannot be decided is 503', async () => {
  globalThis.routeRules = () => ({ auth: 'user' })
  site.handle = (_req, res) => res.writeHead(500).end()
  const answer = await ask('/api/notes')
  assert.equal(answer.status, 503)
  assert.equal(answer.headers.get('retry-after'), '1')
})

// fetch would tidy the path up.
async function raw(path, cookies) {
  const http = await import('node:http')
  return new Promise((resolve, reject) => {
    http.get({ port: site.sitePort, path, headers: cookies ? { cookie: cookies } : {} }, (res) => {
      res.resume()
      resolve({ status: res.statusCode })
    }).on('error', reject)
  })
}
