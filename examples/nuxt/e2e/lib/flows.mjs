// What people do with the app, whatever is behind it.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { fillSignIn, fillSignUp, open, person, picture, settle, startBrowser, visitor } from './browser.mjs'
import { out } from './modes.mjs'
import { start } from './servers.mjs'
import { differences } from './trace.mjs'

const heading = (page, name) => page.getByRole('heading', { level: 1, name }).waitFor()
const who = (page) => page.getByTestId('who')
const path = (page) => decodeURIComponent(new URL(page.url()).pathname + new URL(page.url()).search)

/** Checks that the browser complained about nothing. */
function quiet({ complaints }, allowed = /^$/) {
  assert.deepEqual(complaints.filter((text) => !allowed.test(text)), [])
}

/** Runs all that people do in a mode, in front of Lockstep and of the real Better Auth, and compares what was said. */
export function compared(mode) {
  const [lockstep, reference] = [[], []]
  flows({ mode, backend: 'lockstep', exchanges: lockstep })
  flows({ mode, backend: 'reference', exchanges: reference })
  test(`${mode}: Lockstep and Better Auth say the same`, () => {
    const found = differences(reference, lockstep)
    writeFileSync(`${out}/said-${mode}.json`, JSON.stringify({ lockstep, reference }, null, 1))
    assert.ok(lockstep.length > 50, 'exchanges were recorded')
    assert.deepEqual(found, { reference: [], lockstep: [] })
  })
}

/** Runs all that people do in a mode in front of a backend; what was asked and answered goes to exchanges. */
function flows({ mode, backend, exchanges }) {
  describe(`${mode} in front of ${backend}`, () => {
    let stack, browser
    before(async () => {
      stack = await start({ mode, backend })
      browser = await startBrowser()
    })
    after(async () => {
      if (browser && exchanges) await settle(browser)
      await browser?.close()
      await stack?.stop()
    })
    const come = () => visitor(browser, stack, exchanges)

    async function signedUp(who = person()) {
      const v = await come()
      await open(v.page, '/signup')
      await fillSignUp(v.page, who)
      await heading(v.page, `Notes of ${who.name}`)
      return { ...v, who }
    }

    describe('people', { concurrency: 3 }, () => {
    test('signs up, is still there after a reload, and signs out', async () => {
      const v = await come()
      const ada = person()
      await open(v.page, '/')
      await picture(v.page, stack, 'home')
      await v.page.getByRole('link', { name: 'Sign up' }).click()
      await heading(v.page, 'Sign up')
      await picture(v.page, stack, 'signup')
      await fillSignUp(v.page, ada)
      await heading(v.page, `Notes of ${ada.name}`)
      await picture(v.page, stack, 'app')
      await open(v.page, '/app')
      await heading(v.page, `Notes of ${ada.name}`)
      assert.equal(await who(v.page).textContent(), ada.name)
      await v.page.getByRole('button', { name: 'Sign out' }).click()
      await v.page.getByText('You are not signed in.').waitFor()
      await open(v.page, '/')
      await v.page.getByText('You are not signed in.').waitFor()
      quiet(v)
    })

    test('is asked to sign in at a guarded page, and comes back to it', async () => {
      const { who: ada } = await signedUp()
      const v = await come()
      await v.page.goto('/account')
      await heading(v.page, 'Sign in')
      assert.equal(path(v.page), '/login?redirect=/account')
      await open(v.page, '/login?redirect=%2Faccount')
      await picture(v.page, stack, 'login')
      await fillSignIn(v.page, ada)
      await heading(v.page, 'Account')
      await v.page.getByText('This device').waitFor()
      await picture(v.page, stack, 'account')
      assert.equal(await v.page.getByLabel('Name').inputValue(), ada.name, 'the page begins with its user')
      await v.page.goto('/login') // which is for guests
      await heading(v.page, 'Lockstep and Nuxt')
      quiet(v)
    })

    test('comes back to this site only', async () => {
      const { who: ada } = await signedUp()
      for (const evil of ['//evil.example', '/\\evil.example', 'https://evil.example']) {
        const v = await come()
        await open(v.page, `/login?redirect=${encodeURIComponent(evil)}`)
        await fillSignIn(v.page, ada)
        await who(v.page).waitFor()
        assert.equal(new URL(v.page.url()).origin, stack.origin)
        await v.context.close()
      }
    })

    test('hears what is wrong with what was typed in', async () => {
      const { who: ada } = await signedUp()
      const v = await come()
      await open(v.page, '/login')
      await fillSignIn(v.page, { ...ada, password: 'not the password' })
      await v.page.getByText('Invalid email or password').waitFor()
      await picture(v.page, stack, 'login-wrong')
      await fillSignIn(v.page, { email: 'nobody@example.com', password: ada.password })
      await v.page.getByText('Invalid email or password').waitFor()
      await open(v.page, '/signup')
      await fillSignUp(v.page, { ...person(), password: 'short' })
      await v.page.getByText('Password too short').waitFor()
      await fillSignUp(v.page, ada)
      await v.page.getByText('User already exists').waitFor()
      await fillSignIn((await open(v.page, '/login'), v.page), { ...ada, email: ada.email.toUpperCase() })
      await heading(v.page, `Notes of ${ada.name}`)
      quiet(v)
    })

    const authorize = async (page, ada, button = 'Authorize') => {
      await page.waitForURL(`${stack.github}/**`)
      await page.getByLabel('Login').fill(ada.email.split('@')[0])
      await page.getByLabel('Name').fill(ada.name)
      await page.getByLabel('Email').fill(ada.email)
      await page.getByRole('button', { name: button }).click()
    }

    test('signs up and in with GitHub', async () => {
      const ada = person()
      for (const visit of ['up', 'in']) {
        const v = await come()
        await open(v.page, '/login')
        await v.page.getByRole('button', { name: 'Continue with GitHub' }).click()
        await authorize(v.page, ada)
        await heading(v.page, `Notes of ${ada.name}`)
        assert.equal(new URL(v.page.url()).pathname, '/app', visit)
        quiet(v)
      }
    })

    test('comes back from GitHub without having signed in', async () => {
      const v = await come()
      await open(v.page, '/login')
      await v.page.getByRole('button', { name: 'Continue with GitHub' }).click()
      await authorize(v.page, person(), 'Cancel')
      await v.page.getByText('You did not allow GitHub to sign you in.').waitFor()
      await picture(v.page, stack, 'login-cancelled')
      quiet(v)
    })

    test('links GitHub, and signs in with it', async () => {
      const { page, who: ada } = await signedUp()
      await open(page, '/account')
      await page.getByRole('button', { name: 'Link GitHub' }).click()
      await authorize(page, ada)
      await page.getByText('Linked.').waitFor()
      assert.equal(new URL(page.url()).pathname, '/account')
      const v = await come()
      await open(v.page, '/login')
      await v.page.getByRole('button', { name: 'Continue with GitHub' }).click()
      await authorize(v.page, { ...ada, name: 'another name' })
      await heading(v.page, `Notes of ${ada.name}`)
    })

    test('changes the name', async () => {
      const { page, complaints } = await signedUp()
      await open(page, '/account')
      await page.getByLabel('Name').fill('Grace')
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText('Saved.').waitFor()
      await open(page, '/account')
      assert.equal(await who(page).textContent(), 'Grace')
      assert.equal(await page.getByLabel('Name').inputValue(), 'Grace')
      quiet({ complaints })
    })

    test('ends the session of another device', async () => {
      const { page, who: ada } = await signedUp()
      const other = await come()
      await open(other.page, '/login')
      await fillSignIn(other.page, ada)
      await heading(other.page, `Notes of ${ada.name}`)
      await open(page, '/account')
      await page.waitForFunction(() => document.querySelectorAll('[data-test=devices] li').length === 2)
      await page.getByRole('button', { name: 'End session' }).click()
      await page.waitForFunction(() => document.querySelectorAll('[data-test=devices] li').length === 1)
      await other.context.clearCookies({ name: /session_data/ }) // the copy is good for as long as the configuration says
      await other.page.goto('/app')
      await heading(other.page, 'Sign in')
      await open(page, '/app')
      await heading(page, `Notes of ${ada.name}`)
    })

    test('is signed out in every tab', async () => {
      const { page, newPage } = await signedUp()
      const tab = await newPage()
      await open(tab, '/')
      await who(tab).waitFor()
      await open(page, '/')
      await page.getByRole('button', { name: 'Sign out' }).click()
      await tab.getByText('You are not signed in.').waitFor()
    })

    test('is forgotten with the browser unless it is asked to remember', async () => {
      const { who: ada } = await signedUp()
      const v = await come()
      await open(v.page, '/login')
      await fillSignIn(v.page, ada, { remember: false })
      await heading(v.page, `Notes of ${ada.name}`)
      await open(v.page, '/app')
      await heading(v.page, `Notes of ${ada.name}`)
      const cookies = await v.context.cookies(stack.auth)
      assert.ok(cookies.some((cookie) => cookie.name.endsWith('session_token')))
      for (const cookie of cookies) assert.equal(cookie.expires, -1, cookie.name)
    })

    })

    test('the user stays while the server is away, and works again when it is back', async () => {
      const { page, newPage, context, who: ada } = await signedUp()
      const tab = await newPage()
      await open(tab, '/')
      await who(tab).waitFor()
      await stack.server.down()
      // What the page knows stays: navigation, and another look at the session.
      await page.getByRole('link', { name: 'Home' }).click()
      await page.getByText(`Hello, ${ada.name}`).waitFor()
      await page.evaluate(() => { window.dispatchEvent(new Event('offline')); window.dispatchEvent(new Event('online')) })
      await page.getByRole('link', { name: 'Notes' }).click()
      await heading(page, `Notes of ${ada.name}`)
      // Nobody is signed out who has not been heard.
      await page.getByRole('button', { name: 'Sign out' }).click()
      await page.getByRole('alert').waitFor()
      assert.equal(await who(page).textContent(), ada.name)
      if (mode === 'full') { // the copy in the cookie is good
        await open(tab, '/app')
        await heading(tab, `Notes of ${ada.name}`)
      }
      if (mode !== 'client') { // nobody can say who is there
        await context.clearCookies({ name: /session_data/ })
        const answer = await tab.goto('/app')
        assert.equal(answer.status(), 503)
        await picture(tab, stack, 'unavailable')
        assert.equal((await tab.goto('/')).status(), 200)
        await tab.getByTestId('placeholder').waitFor()
      }
      await stack.server.up()
      await open(tab, '/app')
      await heading(tab, `Notes of ${ada.name}`)
      await page.getByRole('button', { name: 'Sign out' }).click()
      await page.getByText('You are not signed in.').waitFor()
    })
  })
}
