// Who sees badly, uses no mouse or has a small screen gets everything as well.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { mailTo, open, out, person, secret, signIn, signUp, startBrowser, startServer } from './lib.mjs'

let server, browser, axe
before(async () => {
  axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
  server = await startServer()
  browser = await startBrowser()
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

const windows = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0'

// Each page, and how to get there.
const pages = [
  ['welcome', (page) => page.goto('/')],
  ['sign-in', (page) => page.goto('/sign-in')],
  ['sign-in-wrong', (page) => signIn(page, { email: 'ada@example.com', password: 'wrong horse' })],
  ['sign-up', (page) => page.goto('/sign-up')],
  ['sign-up-wrong', (page) => signUp(page, { name: '', email: 'ada', password: '' })],
  ['not-found', (page) => page.goto('/no-such-page')],
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

for (const [look, options] of Object.entries({
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  narrow: { colorScheme: 'light', viewport: { width: 320, height: 640 } },
})) {
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

describe('by keyboard only', () => {
  let page, context
  before(async () => ({ page, context } = await open(browser, server.origin)))
  after(() => context.close())

  const focused = () => page.evaluate(() => {
    const e = document.activeElement
    const style = getComputedStyle(e)
    return { id: e.id, text: e.textContent.trim(), outline: style.outlineStyle, width: parseFloat(style.outlineWidth) }
  })
  const press = (key) => page.keyboard.press(key)

  // Presses a key that leads to another page.
  async function leave(key) {
    await Promise.all([page.waitForEvent('load'), press(key)])
  }

  // Goes on with Tab to what is matched, which everybody has to see then.
  async function tabTo(matches) {
    for (let i = 0; i < 40; i++) {
      await press('Tab')
      const f = await focused()
      if (!matches(f)) continue
      assert.notEqual(f.outline, 'none', `focus on ${f.id || f.text} cannot be seen`)
      assert.ok(f.width >= 2, `focus on ${f.id || f.text} is hard to see`)
      return
    }
    assert.fail('not reached with Tab')
  }
  const id = (want) => (f) => f.id === want
  const text = (want) => (f) => f.text === want

  async function type(field, value) {
    await tabTo(id(field))
    await page.keyboard.type(value)
  }
  const title = (want) => page.getByRole('heading', { level: 1, name: want }).waitFor()

  test('skips to the content, finds its mistake and signs up', async () => {
    await page.goto('/sign-up')
    await press('Tab')
    assert.equal((await focused()).text, 'Skip to content')
    await press('Enter')
    await type('name', 'Grace')
    await type('email', 'grace')
    await type('password', secret)
    await leave('Enter')
    assert.equal((await focused()).id, 'wrong', 'focus is not on what is wrong')
    await tabTo((f) => f.text.startsWith('Enter an email address'))
    await press('Enter')
    assert.equal((await focused()).id, 'email')
    await press('Control+A')
    await page.keyboard.type('grace@example.com')
    await type('password', secret)
    await leave('Enter')
    await title('Your account')
  })

  test('changes name and password', async () => {
    await tabTo(id('name'))
    await press('Control+A')
    await page.keyboard.type('Grace Hopper')
    await leave('Enter')
    await page.getByText('Your name is changed.').waitFor()
    await type('currentPassword', secret)
    await type('newPassword', secret + ' staple')
    await tabTo(id('revokeOtherSessions'))
    await press('Space')
    assert.equal(await page.locator('#revokeOtherSessions').isChecked(), false)
    await tabTo(text('Change password'))
    await leave('Enter')
    await page.getByText('Your password is changed.').waitFor()
  })

  test('signs out and in again, and deletes the account', async () => {
    await tabTo(text('Sign out'))
    await leave('Enter')
    await tabTo(text('Sign in'))
    await leave('Enter')
    await type('email', 'grace@example.com')
    await type('password', secret + ' staple')
    await tabTo(text('Sign in'))
    await leave('Space')
    await title('Your account')
    await tabTo(text('Delete account…'))
    await leave('Enter')
    await tabTo(text('Send me a link to delete it'))
    await leave('Enter')
    await page.getByText('We sent you a message.').waitFor()
    await page.goto((await mailTo(server.origin, 'grace@example.com', 'delete-user')).url)
    await page.getByText('Your account is deleted.').waitFor()
  })
})
