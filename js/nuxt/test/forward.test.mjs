import assert from 'node:assert/strict'
import http from 'node:http'
import { after, before, beforeEach, test } from 'node:test'
import { raw, start } from './lib/servers.mjs'
import { secret } from './lib/nitro.mjs'

let site
before(async () => { site = await start() })
after(() => site.close())
beforeEach(() => {
  site.seen.length = 0
  site.handle = (_req, res) => res.end('{}')
  site.page = () => 'page'
  globalThis.readCopy = () => null
})

const ask = (path, init = {}) => fetch(site.origin + path, { redirect: 'manual', ...init })
const cookie = 'better-auth.session_token=abc.def'

test('every cookie comes back, and nothing else is changed', async () => {
  const cookies = ['a=1; Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT', 'b=2; HttpOnly', 'c=; Max-Age=0']
  site.handle = (_req, res) => res.writeHead(401, { 'set-cookie': cookies, 'content-type': 'application/json', vary: 'Origin' }).end('{"code":"X"}')
  const answer = await ask('/api/auth/get-session?x=%2F&y=a+b')
  assert.equal(answer.status, 401)
  assert.deepEqual(answer.headers.getSetCookie(), cookies)
  assert.equal(answer.headers.get('vary'), 'Origin')
  assert.equal(answer.headers.get('content-type'), 'application/json')
  assert.equal(await answer.text(), '{"code":"X"}')
  assert.equal(site.seen[0].url, '/api/auth/get-session?x=%2F&y=a+b')
})

test('connections to Lockstep are used again', async () => {
  const ports = new Set()
  site.handle = (req, res) => {
    ports.add(req.socket.remotePort)
    res.end('{}')
  }
  for (let i = 0; i < 20; i++) await (await ask('/api/auth/ok')).text()
  assert.equal(ports.size, 1)
})

test('no secret of a path and no cookie reaches the log', async (t) => {
  const log = t.mock.method(console, 'error', () => {})
  site.handle = (req) => req.socket.destroy()
  await ask('/api/auth/reset-password/canary?token=canary', { headers: { cookie: 'better-auth.session_token=canary' } })
  assert.match(log.mock.calls[0].arguments[0], /GET \/api\/auth\/reset-password: /)
  assert.ok(!JSON.stringify(log.mock.calls.map((call) => call.arguments)).includes('canary'))
})

test('a redirect is an answer', async () => {
  site.handle = (_req, res) => res.writeHead(302, { location: 'https://github.com/login', 'set-cookie': ['state=1'] }).end()
  const answer = await ask('/api/auth/callback/github?code=1')
  assert.equal(answer.status, 302)
  assert.equal(answer.headers.get('location'), 'https://github.com/login')
  assert.deepEqual(answer.headers.getSetCookie(), ['state=1'])
})

test('the address is proven, whatever the browser says', async () => {
  await ask('/api/auth/ok', { headers: { 'lockstep-client': '6.6.6.6', 'lockstep-proof': 'x', 'x-real-ip': '6.6.6.6' } })
  const { headers } = site.seen[0]
  assert.equal(headers['lockstep-client'], '127.0.0.1')
  assert.match(headers['lockstep-proof'], /^\d+\.[\w-]{43}$/)
  assert.equal(headers['x-forwarded-for'], '127.0.0.1')
  assert.equal(headers['x-real-ip'], undefined)
  assert.ok(!JSON.stringify(headers).includes(secret))
})

test('what a browser says about itself goes on', async () => {
  const headers = { origin: 'https://site.example', cookie, 'user-agent': 'test', 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate' }
  await new Promise((done, fail) => http.get(`${site.origin}/api/auth/ok`, { headers }, (res) => res.resume().on('end', done)).on('error', fail))
  for (const [name, value] of Object.entries(headers)) assert.equal(site.seen[0].headers[name], value, name)
})

test('what the server asks by itself is forwarded too, with a body and without', async () => {
  site.handle = (req, res) => req.setEncoding('utf8').on('data', (text) => { req.text = text }).on('end', () => res.end(JSON.stringify([req.method, req.url, req.text ?? ''])))
  site.page = async (event) => [
    await event.$fetch('/api/auth/list-sessions?a=b'), await event.$fetch('/api/auth/get-session?disableCookieCache=true'),
    await event.$fetch('/api/auth/update-user', { method: 'POST', body: { name: 'Ada' } }),
  ]
  assert.deepEqual(await (await ask('/', { headers: { cookie } })).json(), [
    ['GET', '/api/auth/list-sessions?a=b', ''], ['GET', '/api/auth/get-session?disableCookieCache=true', ''], ['POST', '/api/auth/update-user', '{"name":"Ada"}'],
  ])
  assert.deepEqual(site.seen.map((seen) => seen.headers.cookie), [cookie, cookie, cookie])
})

test('only /api/auth is forwarded', async () => {
  for (const path of ['/', '/api/authors', '/api', '/API/auth/ok', '/x/api/auth/ok']) assert.equal(await (await ask(path)).text(), 'page', path)
  assert.equal(site.seen.length, 0)
})

test('an upload is streamed, and its end is not made up', async () => {
  let first
  site.handle = (req, res) => {
    let size = 0
    req.on('data', (chunk) => {
      size += chunk.length
      first?.()
    })
    req.on('end', () => res.end(String(size)))
  }
  const body = new ReadableStream({
    async start(controller) {
      const arrived = new Promise((done) => { first = done })
      controller.enqueue(new Uint8Array(1000))
      await arrived // the first part is there before the second is sent
      controller.enqueue(new Uint8Array(500))
      controller.close()
    },
  })
  assert.equal(await (await ask('/api/auth/upload', { method: 'POST', body, duplex: 'half' })).text(), '1500')
  assert.equal(site.seen[0].headers['transfer-encoding'], 'chunked')
})

test('an answer is streamed', async () => {
  let send
  site.handle = (_req, res) => {
    res.write('one')
    send = () => res.end('two')
  }
  const reader = (await ask('/api/auth/stream')).body.getReader()
  assert.equal(Buffer.from((await reader.read()).value).toString(), 'one')
  send()
  assert.equal(Buffer.from((await reader.read()).value).toString(), 'two')
})

test('a body of a method that has none is one all the same, and no second request', async () => {
  site.handle = (req, res) => {
    let text = ''
    req.on('data', (chunk) => { text += chunk })
    req.on('end', () => res.end(text))
  }
  const smuggled = 'GET /api/auth/smuggled HTTP/1.1\r\nHost: x\r\n\r\n'
  const answer = await raw(site.sitePort, `GET /api/auth/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`)
  assert.ok(answer.includes(smuggled))
  assert.deepEqual(site.seen.map((seen) => seen.url), ['/api/auth/a'])
})

test('a refused upload gets its answer at once', async () => {
  site.handle = (req, res) => {
    res.writeHead(413).end('{"code":"PAYLOAD_TOO_LARGE"}')
    req.resume() // as Go's server does, for a while
  }
  const answer = await ask('/api/auth/upload', { method: 'POST', body: new Uint8Array(10 << 20) })
  assert.equal(answer.status, 413)
  assert.equal(await answer.text(), '{"code":"PAYLOAD_TOO_LARGE"}')
})

test('a client that goes away takes its request along', async () => {
  let arrive, end
  const arrived = new Promise((done) => { arrive = done })
  const gone = new Promise((done) => { end = done })
  site.handle = (_req, res) => {
    res.on('close', end)
    arrive()
  }
  const abort = new AbortController()
  const asked = ask('/api/auth/slow', { signal: abort.signal }).catch(() => {})
  await arrived
  abort.abort()
  await Promise.all([gone, asked])
})

test('an answer that is cut short is cut short for the client too', async () => {
  site.handle = (_req, res) => {
    res.writeHead(200, { 'content-length': '100' }).write('half')
    setImmediate(() => res.destroy())
  }
  await assert.rejects(async () => (await ask('/api/auth/cut')).text())
})

test('a sign-in may take longer than a read of the session', async () => {
  site.handle = (_req, res) => setTimeout(() => res.end('{}'), 600) // twice the timeout of these tests
  assert.equal((await ask('/api/auth/callback/github?code=1')).status, 200)
})

for (const [name, handle] of [
  ['does not answer', () => {}],
  ['ends the connection', (req) => req.socket.destroy()],
  ['answers with garbage', (req) => req.socket.end('SMTP ready\r\n')],
]) {
  test(`a server that ${name} is unavailable, and nobody is signed out`, async () => {
    site.handle = handle
    const answer = await ask('/api/auth/get-session', { headers: { cookie } })
    assert.equal(answer.status, 503)
    assert.equal(answer.headers.get('retry-after'), '1')
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    assert.deepEqual(await answer.json(), { message: 'The service is unavailable at the moment. Please try again.', code: 'SERVICE_UNAVAILABLE' })
  })
}

test('a server that is away: the copy in the cookie answers if it is good', async () => {
  globalThis.readCopy = () => ({ session: { id: 's', token: 't' }, user: { id: 'u' } })
  await site.down()
  try {
    const answer = await ask('/api/auth/get-session', { headers: { cookie } })
    assert.equal(answer.status, 200)
    assert.deepEqual(await answer.json(), { session: { id: 's', token: 't' }, user: { id: 'u' } })
    assert.equal((await ask('/api/auth/get-session?disableCookieCache=true', { headers: { cookie } })).status, 503)
    assert.equal((await ask('/api/auth/sign-out', { method: 'POST', headers: { cookie } })).status, 503)
  } finally {
    await site.up()
  }
  assert.equal((await ask('/api/auth/ok')).status, 200)
})

test('what Lockstep says about being unavailable is passed on', async () => {
  site.handle = (_req, res) => res.writeHead(503, { 'retry-after': '7' }).end('{"code":"BUSY"}')
  const answer = await ask('/api/auth/get-session')
  assert.equal(answer.status, 503)
  assert.equal(answer.headers.get('retry-after'), '7')
})

test('a header with a line break never gets out', async () => {
  const answer = await raw(site.sitePort, 'GET /api/auth/ok HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-A: a\rLockstep-Client: 6.6.6.6\r\n\r\n')
  assert.match(answer, /^HTTP\/1\.1 400/)
  assert.equal(site.seen.length, 0)
})
