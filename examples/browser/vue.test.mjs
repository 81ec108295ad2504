// The single-page application on Vue, with Lockstep on another port.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  answers, at, fill, freePort, heading, hidesToken, inspect, lockstepBin, lockstepDev, looks, open, person, run, sessionCookie,
  signIn, signUp, startBrowser, tabTo, type, vueSite,
} from './lib.mjs'

const folder = fileURLToPath(new URL('../vue/', import.meta.url))
let origin, server, site, browser
before(async () => {
  const port = await freePort()
  origin = `http://localhost:${port}`
  server = await lockstepDev(origin)
  await server.start()
  site = await vueSite(port, server.origin)
  browser = await startBrowser()
})
after(async () => {
  await browser?.close()
  await site?.stop()
  await server?.remove()
})

const start = (options) => open(browser, origin, options)
const firefox = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0'

test('signs up, stays signed in over a reload, signs out and in again', async () => {
  const who = person()
  const { context, page, complaints } = await start()
  await signUp(page, who)
  await page.getByText(`You are signed in as ${who.name} (${who.email}), on the plan “free”.`).waitFor()
  await page.reload()
  await page.getByText(`You are signed in as ${who.name}`).waitFor()
  await hidesToken(context, page)
  await page.getByLabel('Name').fill('Countess <b>Ada</b>')
  await page.getByRole('button', { name: 'Save name' }).click()
  await page.getByText('Your name is changed.').waitFor()
  await page.getByText('You are signed in as Countess <b>Ada</b>').waitFor()
  await page.getByRole('button', { name: 'Sign out', exact: true }).click()
  await page.getByText('You are signed out.').waitFor()

  await signIn(page, { ...who, password: 'wrong horse' })
  await page.getByRole('alert').getByText('The email address or the password is wrong.').waitFor()
  assert.equal(await page.getByLabel('Email address').inputValue(), who.email)
  assert.equal(await page.getByLabel('Password').inputValue(), '')
  await page.getByLabel('Password').fill(who.password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
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
  await signUp(page, who)
  await page.getByRole('button', { name: 'Sign out', exact: true }).click()
  await page.getByText('You are signed out.').waitFor()
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
  await heading(page, 'Sign in')
  await page.getByRole('main').getByRole('link', { name: 'Create one' }).click()
  await fill(page, who)
  await page.getByRole('button', { name: 'Create account' }).click()
  await heading(page, 'Your account')
  assert.equal(at(page), '/account?tab=1&x=%26')
  await page.goto('/sign-in')
  await heading(page, 'Your account')
  for (const target of ['https://evil.example', '//evil.example', '/\\evil.example']) {
    await context.clearCookies()
    await page.goto(`/sign-in?redirect=${encodeURIComponent(target)}`)
    await fill(page, { ...who, name: undefined })
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await heading(page, 'Your account')
    assert.equal(page.url(), origin + '/account', target)
  }
  await context.close()
})

test('a sign-out in another tab reaches this one', async () => {
  const { context, page } = await start()
  await signUp(page, person())
  const other = await context.newPage()
  await other.goto('/account')
  await heading(other, 'Your account')
  await page.getByRole('button', { name: 'Sign out', exact: true }).click()
  await heading(other, 'Sign in')
  assert.equal(at(other), '/sign-in?redirect=/account')
  await context.close()
})

test('signs out another device, and all others', async () => {
  const who = person()
  const here = await start()
  await signUp(here.page, who)
  for (const button of ['Sign out Firefox on Windows', 'Sign out all other devices']) {
    const there = await start({ userAgent: firefox })
    await signIn(there.page, who)
    await heading(there.page, 'Your account')
    await here.page.reload()
    await here.page.getByRole('button', { name: button }).click()
    await here.page.getByText(/signed out\.$/).waitFor()
    assert.equal(await here.page.getByRole('button', { name: /Firefox/ }).count(), 0)
    await there.page.getByRole('link', { name: 'Example' }).click()
    await there.page.getByRole('link', { name: 'Account', exact: true }).click()
    await heading(there.page, 'Sign in')
    await there.context.close()
  }
  await here.page.reload()
  await heading(here.page, 'Your account')
  await here.context.close()
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

test('a session that has expired leads to the sign-in, and back', async () => {
  const who = person()
  const { context, page } = await start()
  await server.stop()
  await server.configure('session: {expiresIn: 5}\n')
  await server.start()
  await signUp(page, who)
  for (const end = Date.now() + 15_000; at(page) === '/account' && Date.now() < end;) {
    await page.getByRole('link', { name: 'Example' }).click()
    await page.getByRole('link', { name: 'Account', exact: true }).click()
    await page.getByRole('heading', { level: 1, name: /Your account|Sign in/ }).waitFor()
  }
  assert.equal(at(page), '/sign-in?redirect=/account')
  await server.stop()
  await server.configure()
  await server.start()
  await fill(page, { ...who, name: undefined })
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await heading(page, 'Your account')
  await context.close()
})

test('a server that is away signs nobody out, and comes back', async () => {
  const who = person()
  const { context, page } = await start()
  await signUp(page, who)
  await page.getByRole('link', { name: 'Example' }).click()
  await server.stop()
  await page.getByRole('link', { name: 'Account', exact: true }).click()
  await page.getByText(`You are signed in as ${who.name}`).waitFor()
  await page.getByRole('alert').getByText('The server cannot be reached. Nothing was changed').waitFor()
  await page.getByRole('button', { name: 'Sign out', exact: true }).click()
  await page.getByRole('alert').getByText('The server cannot be reached. Nothing was changed').first().waitFor()

  await page.reload()
  await page.getByRole('alert').getByText('nobody can say whether you are signed in').waitFor()
  await inspect(page, 'vue-away')
  assert.equal(at(page), '/account')
  await server.start()
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.getByText(`You are signed in as ${who.name}`).waitFor()
  await page.getByRole('alert').first().waitFor({ state: 'detached' })

  await context.route('**/get-session', (route) => route.fulfill({
    status: 503, json: { code: 'SERVICE_UNAVAILABLE' },
    headers: { 'Access-Control-Allow-Origin': origin, 'Access-Control-Allow-Credentials': 'true' },
  }))
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
  await page.getByRole('alert').getByText('You are still signed in').waitFor()
  await inspect(page, 'vue-away-user')
  await page.getByRole('link', { name: 'Example' }).click()
  await page.getByRole('link', { name: 'Account', exact: true }).click()
  await page.getByText(`You are signed in as ${who.name}`).waitFor()
  await context.close()
})

test('says so when nobody can sign in', async () => {
  const { context, page } = await start()
  await page.goto('/sign-in')
  await context.route('**/sign-in/email', (route) => route.abort())
  await fill(page, { ...person(), name: undefined })
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('alert').getByText('The server cannot be reached. Nothing was changed').waitFor()
  await context.close()
})

test('signs in with GitHub, and comes back to the page that asked for it', async () => {
  const { context, page } = await start()
  await page.goto('/account?tab=1')
  await page.getByRole('button', { name: 'Sign in with GitHub' }).click()
  await heading(page, /^Sign in to/)
  await page.getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('alert').getByText('You did not allow GitHub to sign you in.').waitFor()
  assert.ok(page.url().startsWith(`${origin}/sign-in?redirect=/account?tab=1&error=access_denied`))
  await page.getByRole('button', { name: 'Sign in with GitHub' }).click()
  await page.getByRole('button', { name: 'Authorize' }).click()
  await page.getByText('You are signed in as Ada Lovelace (ada@example.com)').waitFor()
  assert.equal(at(page), '/account?tab=1')
  await hidesToken(context, page)
  await context.close()
})

test('says so when the server has no GitHub', async () => {
  const { context, page } = await start()
  await page.goto('/sign-in')
  await context.route('**/sign-in/social', (route) => route.fulfill({
    status: 404, json: { code: 'PROVIDER_NOT_FOUND', message: 'Provider not found' },
    headers: { 'Access-Control-Allow-Origin': origin, 'Access-Control-Allow-Credentials': 'true' },
  }))
  await page.getByRole('button', { name: 'Sign in with GitHub' }).click()
  await page.getByRole('alert').getByText('Sign-in with GitHub is not set up on this server.').waitFor()
  await context.close()
})

test('works with the keyboard alone', async () => {
  const who = person()
  const { context, page } = await start()
  await page.goto('/')
  await heading(page, 'Welcome')
  await tabTo(page, 'Create account')
  await page.keyboard.press('Enter')
  await heading(page, 'Create an account')
  await type(page, 'name', who.name)
  await type(page, 'email', who.email)
  await type(page, 'password', 'short')
  await page.keyboard.press('Enter')
  await page.getByRole('alert').getByText('too short').waitFor()
  await type(page, 'password', who.password)
  await tabTo(page, 'Create account')
  await page.keyboard.press('Space')
  await heading(page, 'Your account')
  await tabTo(page, 'Sign out')
  await page.keyboard.press('Enter')
  await page.getByText('You are signed out.').waitFor()
  await tabTo(page, 'Sign in')
  await page.keyboard.press('Enter')
  await heading(page, 'Sign in')
  await type(page, 'email', who.email)
  await type(page, 'password', who.password)
  await tabTo(page, 'remember')
  await page.keyboard.press('Space')
  assert.equal(await page.getByLabel('Keep me signed in').isChecked(), false)
  await tabTo(page, 'Sign in')
  await page.keyboard.press('Enter')
  await heading(page, 'Your account')
  await context.close()
})

describe('axe finds nothing, and nothing is cut off', () => {
  for (const [look, options] of Object.entries(looks)) {
    test(look, async () => {
      const { context, page } = await start(options)
      const see = (name) => inspect(page, `vue-${name}-${look}`)
      const who = person()
      await page.goto('/')
      await page.getByText('You are not signed in.').waitFor()
      await see('home')
      await page.goto('/sign-up')
      await heading(page, 'Create an account')
      await see('sign-up')
      await signIn(page, { ...who, password: 'wrong horse' })
      await page.getByRole('alert').waitFor()
      await see('sign-in-wrong')
      const other = await start({ userAgent: firefox })
      await signUp(other.page, who)
      await other.context.close()
      await signIn(page, who)
      await page.getByRole('button', { name: 'Sign out Firefox on Windows' }).waitFor()
      await page.getByRole('button', { name: 'Save name' }).click()
      await page.getByRole('status').waitFor()
      await see('account')
      await page.goto('/nothing')
      await heading(page, 'Page not found')
      await see('not-found')
      await context.close()
    })
  }
})

test('the types are those of the configuration', async () => {
  const made = join(server.folder, 'lockstep.d.ts')
  await run(lockstepBin(), ['types', '--config', 'lockstep.yaml', '--out', made], { cwd: folder })
  assert.equal(await readFile(join(folder, 'src/lockstep.d.ts'), 'utf8'), await readFile(made, 'utf8'))
})

test('npm run dev starts both, and ends both', async () => {
  const [auth, front] = [await freePort(), await freePort()]
  const dev = spawn(process.execPath, ['dev.mjs'], {
    cwd: folder, env: { ...process.env, PORT: String(auth), SITE_PORT: String(front) }, stdio: ['ignore', 'ignore', 'inherit'],
  })
  await Promise.all([answers(`http://localhost:${auth}/api/auth/ok`), answers(`http://localhost:${front}`)])
  const allowed = await fetch(`http://localhost:${auth}/api/auth/get-session`, { headers: { Origin: `http://localhost:${front}` } })
  assert.equal(allowed.headers.get('Access-Control-Allow-Origin'), `http://localhost:${front}`)
  dev.kill('SIGINT')
  const [code] = await once(dev, 'exit')
  assert.equal(code, 0)
  for (const port of [auth, front]) await assert.rejects(fetch(`http://localhost:${port}`))
})
