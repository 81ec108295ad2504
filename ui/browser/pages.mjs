// Every page, for the tests of what it looks like. Who sees badly or has a small
// screen gets everything as well.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { mailTo, open, out, person, signIn, signUp, startBrowser, startServer, withGitHub } from './lib.mjs'

let server, browser, axe

const windows = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0'

// Each page, and how to get there from the one before.
const pages = [
  ['welcome', (page) => page.goto('/')],
  ['sign-in', (page) => page.goto('/sign-in')],
  ['sign-in-wrong', (page) => signIn(page, { email: 'ada@example.com', password: 'wrong horse' })],
  ['sign-up', (page) => page.goto('/sign-up')],
  ['sign-up-wrong', (page) => signUp(page, { name: '', email: 'ada', password: '' })],
  ['not-found', (page) => page.goto('/no-such-page')],
  ['github-home', (page) => page.goto('/dev/github/')],
  ['github-refuses', (page) => page.goto('/dev/github/login/oauth/authorize?client_id=x')],
  ['away', async (page) => {
    // The page goes on by itself; here it is kept until that has been tried, or it
    // would go in the middle of a later step.
    let goesOn
    const tried = new Promise((resolve) => { goesOn = resolve })
    await page.route('**/dev/github/**', async (route) => {
      await route.fulfill({ status: 204 })
      goesOn()
    })
    await page.goto('/sign-in')
    await page.getByRole('button', { name: 'Continue with GitHub' }).click()
    await page.getByRole('heading', { level: 1, name: 'On to GitHub' }).waitFor()
    await tried
    await page.unroute('**/dev/github/**')
  }],
  ['github', async (page) => {
    await page.getByRole('link', { name: 'Continue to GitHub' }).click()
    await page.getByText('This is not GitHub.').waitFor()
  }],
  ['github-wrong', async (page) => {
    await page.getByLabel('Login').fill('not a login')
    await page.getByRole('button', { name: 'Authorize' }).click()
    await page.getByRole('alert').waitFor()
  }],
  ['github-cancelled', async (page) => {
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('alert').getByText('You have not agreed').waitFor()
  }],
  ['account-github-only', async (page) => {
    await withGitHub(page, person())
    await page.getByText('This is your only way to sign in').waitFor()
    await page.context().clearCookies()
  }],
  ['account', async (page, who) => {
    const other = await open(browser, server.origin, { userAgent: windows })
    await signUp(other.page, who)
    await other.page.getByRole('heading', { level: 1, name: 'Your account' }).waitFor()
    await other.context.close()
    await signIn(page, who)
    await page.getByRole('heading', { name: 'Firefox on Windows' }).waitFor()
  }],
  ['account-changed', async (page) => {
    await page.getByRole('button', { name: 'Save name' }).click()
    await page.getByRole('status').waitFor()
  }],
  ['account-wrong', async (page) => {
    await page.getByLabel('New password').fill('short')
    await page.getByRole('button', { name: 'Change password' }).click()
    await page.getByRole('alert').waitFor()
  }],
  ['address-wrong', async (page) => {
    await page.getByLabel('New email address').fill('ada')
    await page.getByRole('button', { name: 'Change address' }).click()
    await page.getByRole('alert').waitFor()
  }],
  ['account-github', async (page, who) => {
    await withGitHub(page, who, 'Link GitHub')
    await page.getByText('from now on you can sign in with it').waitFor()
  }],
  ['verify', (page) => page.goto('/verify-email')],
  ['verify-wrong', (page) => page.goto('/verify-email?error=TOKEN_EXPIRED')],
  ['verified', async (page, who) => page.goto((await mailTo(server.origin, who.email, 'verify-email')).url)],
  ['delete', (page) => page.goto('/account/delete')],
  ['forgotten', (page) => page.goto('/forgot-password')],
  ['forgotten-sent', async (page, who) => {
    await page.getByLabel('Email address').fill(who.email)
    await page.getByRole('button', { name: 'Send me a link' }).click()
    await page.getByRole('status').waitFor()
  }],
  ['reset', async (page, who) => page.goto((await mailTo(server.origin, who.email, 'reset-password')).url)],
  ['reset-wrong', async (page) => {
    await page.getByRole('button', { name: 'Set password' }).click()
    await page.getByRole('alert').waitFor()
  }],
  ['reset-link-wrong', (page) => page.goto('/reset-password?error=INVALID_TOKEN')],
  ['link-wrong', (page) => page.goto('/api/auth/delete-user/callback?token=x')],
  ['mail', (page) => page.goto('/dev/mail')],
  ['mail-message', (page) => page.goto('/dev/mail/1')],
  ['mail-templates', (page) => page.goto('/dev/mail/templates')],
  ['verify-guest', async (page) => {
    await page.goto('/account')
    await page.getByRole('button', { name: 'Sign out', exact: true }).click()
    await page.goto('/verify-email?notice=look')
  }],
]

// Looks at each page, and keeps a picture of it.
export function lookAtAll(look, options) {
  before(async () => {
    axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
    server = await startServer()
    browser = await startBrowser()
  })
  after(async () => {
    await browser?.close()
    await server?.stop()
  })

  test(`axe finds nothing, and nothing is cut off (${look})`, async (t) => {
    const { context, page } = await open(browser, server.origin, options)
    const who = person()
    for (const [name, go] of pages) {
      await t.test(name, async () => {
        await go(page, who)
        await page.screenshot({ path: join(out, `${name}-${look}.png`), fullPage: true })
        await page.evaluate(axe)
        const { violations } = await page.evaluate(() => globalThis.axe.run())
        assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`), [])
        const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        assert.ok(tooWide <= 0, `${tooWide} pixels too wide`)
      })
    }
    await context.close()
  })
}
