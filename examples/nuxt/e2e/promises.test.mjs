// What docs/nuxt.md promises, on the app as it is built.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { fillSignIn, fillSignUp, open, person, settle, startBrowser, visitor } from './lib/browser.mjs'
import { asked, client, now } from './lib/client.mjs'
import { start } from './lib/servers.mjs'

const read = '/api/auth/get-session'

/** Starts a stack for the tests of a suite. */
function stackFor(options) {
  const of = {}
  before(async () => Object.assign(of, await start(options)))
  after(() => of.stop?.())
  return of
}

async function signedUp(stack, address) {
  const c = client(stack, address)
  const who = person()
  assert.equal((await c.signUp(who)).status, 200)
  return { ...c, who }
}

for (const mode of ['full', 'proxy']) {
  describe(mode, () => {
    const stack = stackFor({ mode, name: `promises-${mode}` })

    test('a page has its user, is kept by nobody, and shows the session token to nobody', async () => {
      const ada = await signedUp(stack)
      const token = ada.value('session_token').split('.')[0]
      assert.equal(token.length, 32)
      for (const path of ['/', '/app', '/account']) {
        const page = await ada.ask(path)
        assert.equal(page.status, 200, path)
        assert.ok(page.text.includes(ada.who.name), `${path} has the user`)
        assert.ok(!page.text.includes(token), `${path} has no token`)
        assert.ok(!page.text.includes(ada.value('session_data').slice(0, 40)), `${path} has no copy`)
        assert.equal(page.headers['cache-control'], 'private, no-store', path)
      }
      assert.ok(!stack.log.text().includes(token), 'nor have the logs')
    })

    test('a page without the copy in the cookie asks once and hands the new copy on', async () => {
      const ada = await signedUp(stack)
      ada.forgetCopy()
      const from = await now(stack)
      const page = await ada.ask('/app')
      assert.ok(page.text.includes(ada.who.name))
      assert.equal((await asked(stack, read, from)).length, 1)
      assert.equal(page.cookies.filter((line) => line.includes('session_data=')).length, 1)
      assert.equal((await ada.ask('/api/notes')).status, 200)
    })

    test('a view of a page in a browser is one read of the session', async () => {
      const browser = await startBrowser()
      try {
        const v = await visitor(browser, stack)
        await open(v.page, '/signup')
        await fillSignUp(v.page, person())
        await v.page.getByRole('heading', { name: 'Notes of' }).waitFor()
        await settle(browser)
        const from = await now(stack)
        await open(v.page, '/app')
        await settle(browser)
        // The browser's own; in proxy mode the server asks too.
        assert.equal((await asked(stack, read, from)).length, mode === 'full' ? 1 : 2)
        assert.deepEqual(v.complaints, [])
      } finally {
        await browser.close()
      }
    })

    test('a page that is kept for everybody has no user', async () => {
      const ada = await signedUp(stack)
      // The second and third are not kept, but Nuxt would keep what they hold.
      for (const options of [{}, { headers: { range: 'bytes=0-' } }, { method: 'POST', json: {} }]) {
        const page = await ada.ask('/about', options)
        assert.ok(page.text.includes('About'))
        assert.ok(!page.text.includes(ada.who.name), JSON.stringify(options))
        assert.deepEqual(page.cookies, [])
      }
      for (const path of ['/about', '/about/_payload.json']) {
        assert.ok(!(await client(stack).ask(path)).text.includes(ada.who.name), path)
      }
    })

    test('rules of /api hold, however the path is written', async () => {
      const nobody = client(stack)
      assert.equal((await nobody.ask('/api/notes')).status, 401)
      for (const path of ['/api/notes/', '//api/notes', '/api//notes', '/API/notes', '/api/%6Eotes', '/%61pi/notes', '/api%2Fnotes', '/api/%2e/notes',
        '/x/../api/notes', '/x/%2e%2e/api/notes', '/_nuxt/../api/notes', '/api\\notes', '/api/notes%2F', '/api/notes%00', '/api/notes?x=/../y', '/api/auth/../notes', '/api/auth/%2e%2e/notes']) {
        const { status, text } = await nobody.ask(path)
        assert.ok([302, 400, 401, 404].includes(status), `${path}: ${status}`) // 302: to sign in, from the page that says 404
        assert.ok(!text.includes('Buy milk'), path)
      }
      for (const method of ['POST', 'HEAD', 'OPTIONS']) {
        assert.equal((await nobody.ask('/api/notes', { method, headers: { 'x-http-method-override': 'GET' } })).status, 401, method)
      }
    })

    test('a session that nobody can confirm is not a session that ended', async () => {
      const ada = await signedUp(stack)
      const nobody = client(stack)
      await stack.server.down()
      try {
        if (mode === 'full') assert.equal((await ada.ask('/app')).status, 200, 'the copy is good')
        ada.forgetCopy()
        for (const path of ['/app', '/account', '/login', '/api/notes', '/api/auth/get-session']) {
          assert.equal((await ada.ask(path)).status, 503, path)
        }
        assert.equal((await nobody.ask('/app')).status, 302, 'who has no session is nobody in any case')
      } finally {
        await stack.server.up()
      }
      assert.equal((await ada.ask('/app')).status, 200)
    })

    test('Lockstep knows the address of the visitor', async () => {
      const ada = await signedUp(stack, '203.0.113.7')
      assert.equal((await ada.ask(read)).json().session.ipAddress, '203.0.113.7')
    })
  })
}

describe('full mode', () => {
  const stack = stackFor({ name: 'promises-server' })

  test('requireUserSession reads the copy itself, asks when it is too old, and tells away from signed out', async () => {
    const ada = await signedUp(stack)
    const from = await now(stack)
    assert.deepEqual((await ada.ask('/api/me')).json(), { name: ada.who.name, email: ada.who.email })
    assert.equal((await asked(stack, read, from)).length, 0)
    ada.forgetCopy()
    const me = await ada.ask('/api/me')
    assert.equal(me.status, 200)
    assert.equal((await asked(stack, read, from)).length, 1)
    assert.equal(me.cookies.length, 1, 'the new copy reaches the browser')
    assert.equal((await client(stack).ask('/api/me')).status, 401)
    assert.equal((await client(stack).ask('/api/me', { headers: { cookie: 'better-auth.session_token=forged.x' } })).status, 401)
  })

  test('a session that was ended is good until the copy is too old, and not longer', async () => {
    const ada = await signedUp(stack)
    const token = ada.value('session_token').split('.')[0]
    assert.equal((await ada.ask('/api/auth/revoke-session', { method: 'POST', json: { token } })).status, 200)
    ada.forgetCopy()
    assert.equal((await ada.ask('/api/me')).status, 401)
  })
})

for (const [mode, customRules] of [['full', {}], ['proxy', { '/get-session': false }]]) {
  describe(`a ${mode} site with rate limits`, () => {
    const stack = stackFor({ mode, name: `promises-limits-${mode}`, rateLimit: { enabled: true, customRules } })

    test('130 pages in ten seconds from one address: nobody is signed out, and a session costs Lockstep less than a millisecond', async () => {
      const ada = await signedUp(stack, '203.0.113.7')
      const from = await now(stack)
      const start = Date.now()
      for (let i = 0; i < 13; i++) {
        const pages = await Promise.all(Array.from({ length: 10 }, () => ada.ask('/app')))
        for (const page of pages) {
          assert.equal(page.status, 200)
          assert.ok(page.text.includes(ada.who.name))
        }
      }
      const took = (Date.now() - start) / 1000
      const times = (await asked(stack, read, from)).sort((a, b) => a - b)
      const median = times[times.length >> 1] ?? 0
      console.log(`${mode}: 130 pages in ${took.toFixed(1)} s, ${times.length} reads of the session, ${median} ms in Lockstep (median)`)
      assert.equal(times.length, mode === 'full' ? 0 : 130)
      assert.ok(took < 10 && median < 1)
    })

    test('one visitor too many is not all of them', async () => {
      const guess = { method: 'POST', json: { email: 'nobody@example.com', password: 'guess guess guess' } }
      const attacker = client(stack, '203.0.113.66')
      let status
      for (let i = 0; i < 5; i++) ({ status } = await attacker.ask('/api/auth/sign-in/email', guess))
      assert.equal(status, 429)
      assert.equal((await client(stack, '203.0.113.67').ask('/api/auth/sign-in/email', guess)).status, 401)
    })
  })
}

describe('short sessions', () => {
  const stack = stackFor({ name: 'promises-short', session: { expiresIn: 2, updateAge: 3600 } })

  test('a session that is over is over', async () => {
    const ada = await signedUp(stack)
    assert.equal((await ada.ask('/app')).status, 200)
    let page
    for (const end = Date.now() + 10_000; Date.now() < end && page?.status !== 302;) page = await ada.ask('/app')
    assert.equal(page.headers.location, '/login?redirect=%2Fapp')
  })
})

for (const mode of ['full', 'proxy', 'client']) {
  describe(`short sessions in ${mode} mode`, () => {
    const stack = stackFor({ mode, name: `promises-expired-${mode}`, session: { expiresIn: 5, updateAge: 3600 } })

    test('a session that has expired leads to the sign-in, and back', async () => {
      const browser = await startBrowser()
      try {
        const ada = person()
        const { page, complaints } = await visitor(browser, stack)
        await open(page, '/signup')
        await fillSignUp(page, ada)
        const notes = page.getByRole('heading', { name: `Notes of ${ada.name}` })
        await notes.waitFor()
        for (const end = Date.now() + 20_000; new URL(page.url()).pathname === '/app' && Date.now() < end;) {
          await page.goto('/app')
          await page.getByRole('heading', { level: 1 }).waitFor()
        }
        assert.equal(decodeURIComponent(page.url()), `${stack.origin}/login?redirect=/app`)
        await open(page, page.url())
        await fillSignIn(page, ada)
        await notes.waitFor()
        assert.deepEqual(complaints, [])
      } finally {
        await browser.close()
      }
    })
  })
}

describe('sessions that are renewed', () => {
  const stack = stackFor({ name: 'promises-renewed', session: { updateAge: 0 } })

  test('a page that is made on the server renews the session too', async () => {
    const ada = await signedUp(stack)
    assert.deepEqual((await ada.ask('/app')).cookies, [], 'the copy is good')
    ada.forgetCopy()
    const page = await ada.ask('/app')
    assert.ok(page.text.includes(ada.who.name))
    assert.deepEqual(page.cookies.map((line) => line.split('=')[0]).sort(), ['better-auth.session_data', 'better-auth.session_token'])
    assert.match(page.cookies.find((line) => line.includes('session_token')), /Max-Age=604800/)
  })
})
