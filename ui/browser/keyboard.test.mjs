// Who uses no mouse gets everything as well.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { mailTo, open, secret, startBrowser, startServer } from './lib.mjs'

let server, browser, page
before(async () => {
  server = await startServer()
  browser = await startBrowser();
  ({ page } = await open(browser, server.origin))
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

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

test('links GitHub, and unlinks it', async () => {
  await tabTo(text('Link GitHub'))
  await press('Enter')
  await title(/^Sign in to localhost/)
  await type('login', 'grace')
  await type('email', 'grace@example.com')
  await tabTo(text('Authorize'))
  await press('Enter')
  await page.getByText('from now on you can sign in with it').waitFor()
  await tabTo((f) => f.text.startsWith('Unlink GitHub'))
  await leave('Enter')
  await page.getByText('This way to sign in is removed from your account.').waitFor()
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

test('signs in with GitHub as one of those who are ready, or cancels', async () => {
  await page.goto('/sign-in')
  await tabTo(text('Continue with GitHub'))
  await press('Space')
  await title(/^Sign in to localhost/)
  await tabTo(text('Cancel'))
  await press('Enter')
  await page.getByText('You have not agreed at the other service').waitFor()
  assert.equal((await focused()).id, 'wrong', 'focus is not on what is wrong')
  await tabTo(text('Continue with GitHub'))
  await press('Enter')
  await title(/^Sign in to localhost/)
  await tabTo(id('person-ada'))
  await press('ArrowDown')
  await press('ArrowDown')
  assert.equal((await focused()).id, 'person-carol')
  await tabTo(text('Authorize'))
  await press('Enter')
  await title('Your account')
  await page.getByText('You are signed in as Carol Shaw (carol@example.com)').waitFor()
})
