// The pages that Go renders. Where nothing else is said, the browser runs no
// JavaScript.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  at, fill, goProgram, heading, hidesToken, inspect, looks, open, person, run, sessionCookie, signIn, signUp, startBrowser, tabTo, type,
} from './lib.mjs'

let server, browser
before(async () => {
  server = await goProgram('go-templates')
  await server.start()
  browser = await startBrowser()
})
after(async () => {
  await browser?.close()
  await server?.remove()
})

const start = (options) => open(browser, server.origin, { proxied: true, javaScriptEnabled: false, ...options })

test('signs up, stays signed in over a reload, signs out and in again', async () => {
  const who = person()
  const { context, page, complaints } = await start()
  await signUp(page, who)
  await page.reload()
  await page.getByText(`You are signed in as ${who.name} (${who.email})`).waitFor()
  await hidesToken(context, page)
  await page.getByLabel('Name').fill('Countess <b>Ada</b>')
  await page.getByRole('button', { name: 'Save name' }).click()
  await page.getByText('Your name is changed.').waitFor()
  await page.getByRole('link', { name: 'Example' }).click()
  await page.getByText('Hello, Countess <b>Ada</b>.').waitFor()
  await hidesToken(context, page)
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByText('You are signed out.').waitFor()

  await signIn(page, { ...who, password: 'wrong horse' })
  await page.getByRole('alert').getByText('The email address or the password is wrong.').waitFor()
  assert.equal(await page.getByLabel('Email address').inputValue(), who.email)
  assert.equal(await page.getByLabel('Password').inputValue(), '')
  await signIn(page, who)
  await heading(page, 'Your account')
  assert.deepEqual(complaints, [])
  await context.close()
})

test('says what is wrong with a new account', async () => {
  const who = person()
  const { context, page } = await start()
  await page.goto('/sign-up')
  await fill(page, { ...who, password: 'short' })
  await page.getByRole('button', { name: 'Create account' }).click()
  await page.getByRole('alert').getByText('This password is too short').waitFor()
  assert.equal(await page.getByLabel('Name').inputValue(), who.name)
  await signUp(page, who)
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.goto('/sign-up')
  await fill(page, who)
  await page.getByRole('button', { name: 'Create account' }).click()
  await page.getByRole('alert').getByText('There is an account with this email address already.').waitFor()
  await context.close()
})

test('goes on to the page that asked for it, and nowhere else', async () => {
  const who = person()
  const { context, page } = await start()
  await page.goto('/account?tab=1&x=%26')
  assert.equal(at(page), '/sign-in?redirect=%2Faccount%3Ftab%3D1%26x%3D%2526')
  await page.getByRole('main').getByRole('link', { name: 'Create one' }).click()
  await fill(page, who)
  await page.getByRole('button', { name: 'Create account' }).click()
  await heading(page, 'Your account')
  assert.equal(at(page), '/account?tab=1&x=%26')
  for (const target of ['https://evil.example', '//evil.example', '/\\evil.example']) {
    await context.clearCookies()
    await page.goto(`/sign-in?redirect=${encodeURIComponent(target)}`)
    await fill(page, { ...who, name: undefined })
    await page.getByRole('button', { name: 'Sign in' }).click()
    await heading(page, 'Your account')
    assert.equal(at(page), '/account', target)
  }
  await context.close()
})

test('is signed out in every tab', async () => {
  const { context, page } = await start()
  await signUp(page, person())
  const other = await context.newPage()
  await other.goto('/account')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByText('You are signed out.').waitFor()
  await other.getByRole('button', { name: 'Save name' }).click()
  await heading(other, 'Sign in')
  await context.close()
})

test('two tabs sign in with the same form', async () => {
  const who = person()
  const { context, page } = await start()
  await signUp(page, who)
  await page.getByRole('button', { name: 'Sign out' }).click()
  const other = await context.newPage()
  await other.goto('/sign-in')
  await signIn(page, who)
  await heading(page, 'Your account')
  await fill(other, { ...who, name: undefined })
  await other.getByRole('button', { name: 'Sign in' }).click()
  await heading(other, 'Your account')
  await context.close()
})

test('forgets who does not want to be remembered when the browser ends', async () => {
  const who = person()
  const { context, page } = await start()
  await signUp(page, who)
  assert.ok((await sessionCookie(context)).expires > 0)
  await context.clearCookies()
  await signIn(page, who, { remember: false })
  await heading(page, 'Your account')
  assert.equal((await sessionCookie(context)).expires, -1)
  await context.close()
})

test('a session that has ended leads to the sign-in, and back', async () => {
  const who = person()
  const { context, page } = await start()
  await signUp(page, who)
  await context.request.post('/api/auth/revoke-sessions', { data: {}, headers: { Origin: server.origin } })
  await page.reload()
  assert.equal(at(page), '/sign-in?redirect=%2Faccount')
  await fill(page, { ...who, name: undefined })
  await page.getByRole('button', { name: 'Sign in' }).click()
  await heading(page, 'Your account')
  await context.close()
})

test('a restart of the server signs nobody out', async () => {
  const who = person()
  const { context, page } = await start()
  await signUp(page, who)
  await server.stop()
  await assert.rejects(page.reload(), /ERR_CONNECTION_REFUSED/)
  await server.start()
  await page.goto('/account')
  await page.getByText(`You are signed in as ${who.name}`).waitFor()
  await context.close()
})

test('only administrators see the page for them', async () => {
  const who = person()
  const { context, page } = await start()
  await signUp(page, who)
  assert.equal((await page.goto('/admin')).status(), 403)
  await heading(page, 'Not for you')
  await run(server.command, [who.email], { env: { ...process.env, ...server.env }, cwd: server.folder })
  await page.goto('/')
  await page.getByRole('link', { name: 'Administration' }).click()
  await page.getByText(`Only administrators see this page, ${who.name}.`).waitFor()
  await context.close()
})

test('a form of another site signs nobody in', async () => {
  const who = person()
  const { context, page } = await start()
  await signUp(page, who)
  await context.clearCookies()
  // The same server, under a name that is another site to the browser.
  const foreign = server.origin.replace('localhost', '127.0.0.1')
  await context.route(foreign + '/attack', (route) => route.fulfill({
    contentType: 'text/html',
    body: `<form method="post" action="${server.origin}/sign-in"><input name="email" value="${who.email}">
      <input name="password" value="${who.password}"><button>Win</button></form>`,
  }))
  await page.goto(foreign + '/attack')
  await page.getByRole('button', { name: 'Win' }).click()
  await page.getByRole('alert').getByText('The form did not come from this site.').waitFor()
  assert.equal(await sessionCookie(context), undefined)
  await context.close()
})

test('says when to try again', async () => {
  const { context, page } = await start()
  for (let i = 0; i < 4; i++) await signIn(page, { email: 'nobody@example.com', password: 'wrong horse' })
  await page.getByRole('alert').getByText('That was tried too often.').waitFor()
  await context.close()
})

test('works with the keyboard alone', async () => {
  const who = person()
  const { context, page } = await start({ javaScriptEnabled: true })
  const leave = (key) => Promise.all([page.waitForEvent('load'), page.keyboard.press(key)])
  await page.goto('/')
  await tabTo(page, 'Create account')
  await leave('Enter')
  await type(page, 'name', who.name)
  await type(page, 'email', who.email)
  await type(page, 'password', 'short')
  await leave('Enter')
  assert.match(await page.evaluate(() => document.activeElement.textContent), /too short/)
  await type(page, 'password', who.password)
  await tabTo(page, 'Create account')
  await leave('Space')
  await heading(page, 'Your account')
  await tabTo(page, 'Sign out')
  await leave('Enter')
  await tabTo(page, 'Sign in')
  await leave('Enter')
  await type(page, 'email', who.email)
  await type(page, 'password', who.password)
  await tabTo(page, 'remember')
  await page.keyboard.press('Space')
  assert.equal(await page.getByLabel('Keep me signed in').isChecked(), false)
  await tabTo(page, 'Sign in')
  await leave('Enter')
  await heading(page, 'Your account')
  await context.close()
})

describe('axe finds nothing, and nothing is cut off', () => {
  for (const [look, options] of Object.entries(looks)) {
    test(look, async () => {
      const { context, page } = await start({ javaScriptEnabled: true, ...options })
      const see = (name) => inspect(page, `go-${name}-${look}`)
      await page.goto('/')
      await see('home')
      await page.goto('/sign-up')
      await see('sign-up')
      await signIn(page, { email: 'nobody@example.com', password: 'wrong horse' })
      await page.getByRole('alert').waitFor()
      await see('sign-in-wrong')
      await signUp(page, person())
      await page.getByRole('button', { name: 'Save name' }).click()
      await page.getByRole('status').waitFor()
      await see('account')
      await page.goto('/admin')
      await see('refused')
      await page.goto('/nothing')
      await see('not-found')
      await page.goto('/')
      await see('home-user')
      await context.close()
    })
  }
})
