// What a person does on these pages, with JavaScript and without.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { mailTo, open, person, signIn, signUp, startBrowser, startServer } from './lib.mjs'

let server, browser
before(async () => {
  server = await startServer()
  browser = await startBrowser()
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

const at = (page) => new URL(page.url()).pathname

async function heading(page, name) {
  await page.getByRole('heading', { level: 1, name }).waitFor()
}

for (const javaScriptEnabled of [false, true]) {
  describe(`with JavaScript ${javaScriptEnabled ? 'enabled' : 'disabled'}`, { concurrency: 3 }, () => {
    const start = () => open(browser, server.origin, { javaScriptEnabled })

    test('signs up, stays signed in over a reload, signs out and in again', async () => {
      const who = person()
      const { context, page, complaints } = await start()
      await page.goto('/')
      await page.getByRole('main').getByRole('link', { name: 'Create account' }).click()
      await heading(page, 'Create an account')
      await page.getByRole('button', { name: 'Create account' }).click()
      await page.getByRole('alert').getByRole('link', { name: 'Enter your name.' }).waitFor()
      await signUp(page, who)
      await heading(page, 'Your account')
      await page.reload()
      await page.getByText(`You are signed in as ${who.name}`).waitFor()
      await page.getByRole('button', { name: 'Sign out', exact: true }).click()
      await page.getByText('You are signed out.').waitFor()
      await page.goto('/account')
      assert.equal(at(page), '/sign-in')

      await signIn(page, { ...who, password: 'wrong horse' })
      await page.getByRole('alert').getByText('The email address or the password is wrong.').waitFor()
      assert.equal(await page.getByLabel('Email address').inputValue(), who.email)
      assert.equal(await page.getByLabel('Password').inputValue(), '')
      await signIn(page, who)
      await heading(page, 'Your account')
      assert.deepEqual(complaints, [])
      await context.close()
    })

    test('forgets who does not want to be remembered when the browser ends', async () => {
      const who = person()
      const first = await start()
      await signUp(first.page, who)
      const { context, page } = await start()
      const expires = async () =>
        (await context.cookies()).find((c) => c.name.endsWith('session_token')).expires
      await signIn(page, who, { remember: false })
      await heading(page, 'Your account')
      assert.equal(await expires(), -1)
      await page.getByRole('button', { name: 'Sign out', exact: true }).click()
      await signIn(page, who)
      await heading(page, 'Your account')
      assert.ok(await expires() > 0)
      await first.context.close()
      await context.close()
    })

    test('goes on to the page that asked for it', async () => {
      const { context, page } = await start()
      const who = person()
      await page.goto('/account/delete')
      await page.getByRole('main').getByRole('link', { name: 'Create one' }).click()
      await page.getByLabel('Name').fill(who.name)
      await page.getByLabel('Email address').fill(who.email)
      await page.getByLabel('Password').fill(who.password)
      await page.getByRole('button', { name: 'Create account' }).click()
      await heading(page, 'Delete your account')
      await context.close()
    })

    test('changes name and password', async () => {
      const who = person()
      const { context, page, complaints } = await start()
      await signUp(page, who)
      await page.getByLabel('Name').fill('Countess <b>Ada</b>')
      await page.getByRole('button', { name: 'Save name' }).click()
      await page.getByText('Your name is changed.').waitFor()
      await page.getByText('You are signed in as Countess <b>Ada</b>').waitFor()

      await page.getByLabel('Current password').fill('wrong horse')
      await page.getByLabel('New password').fill('staple battery horse')
      await page.getByRole('button', { name: 'Change password' }).click()
      await page.getByRole('alert').getByText('This is not your current password.').waitFor()
      await page.getByLabel('Current password').fill(who.password)
      await page.getByLabel('New password').fill('staple battery horse')
      await page.getByRole('button', { name: 'Change password' }).click()
      await page.getByText('Your password is changed.').waitFor()

      await page.getByRole('button', { name: 'Sign out', exact: true }).click()
      await signIn(page, { ...who, password: 'staple battery horse' })
      await heading(page, 'Your account')
      assert.deepEqual(complaints, [])
      await context.close()
    })

    test('signs out another device, and all others', async () => {
      const who = person()
      const here = await start()
      await signUp(here.page, who)
      for (const button of [/^Sign out Firefox on Windows/, 'Sign out all other devices']) {
        const there = await open(browser, server.origin, {
          javaScriptEnabled,
          userAgent: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0',
        })
        await signIn(there.page, who)
        await heading(there.page, 'Your account')
        await here.page.goto('/account')
        await here.page.getByRole('heading', { name: 'Firefox on Windows' }).waitFor()
        assert.equal(await here.page.getByText('This device').count(), 1)
        await here.page.getByRole('button', { name: button }).click()
        await here.page.getByText(/signed out\.$/).waitFor()
        assert.equal(await here.page.getByRole('heading', { name: 'Firefox on Windows' }).count(), 0)
        await there.page.reload()
        assert.equal(at(there.page), '/sign-in')
        await there.context.close()
      }
      await here.page.reload()
      await heading(here.page, 'Your account')
      await here.context.close()
    })

    test('gets a new password by mail', async () => {
      const who = { ...person(), password: 'correct horse battery' }
      const there = await start()
      await signUp(there.page, who)
      await heading(there.page, 'Your account')
      const { context, page, complaints } = await start()
      await page.goto('/sign-in')
      await page.getByRole('link', { name: 'Get a link to choose a new one' }).click()
      await heading(page, 'Forgotten password')
      await page.getByLabel('Email address').fill(who.email)
      await page.getByRole('button', { name: 'Send me a link' }).click()
      await page.getByText('a message with a link is on its way').waitFor()

      const { url } = await mailTo(server.origin, who.email, 'reset-password')
      await page.goto(url)
      await heading(page, 'Choose a new password')
      await page.getByLabel('New password').fill('short')
      await page.getByRole('button', { name: 'Set password' }).click()
      await page.getByRole('alert').getByText('This password is too short.').waitFor()
      await page.getByLabel('New password').fill('staple battery horse')
      await page.getByRole('button', { name: 'Set password' }).click()
      await page.getByText('Your password is changed. Sign in with the new one.').waitFor()
      await there.page.reload()
      assert.equal(at(there.page), '/sign-in')

      await page.goto(url)
      await page.getByRole('alert').getByText('This link does not work').waitFor()
      await signIn(page, who)
      await page.getByRole('alert').getByText('The email address or the password is wrong.').waitFor()
      await signIn(page, { ...who, password: 'staple battery horse' })
      await heading(page, 'Your account')
      assert.deepEqual(complaints, [])
      await context.close()
      await there.context.close()
    })

    test('confirms the address, and changes it', async () => {
      const who = person()
      const next = `new-${who.email}`
      const { context, page, complaints } = await start()
      await signUp(page, who)
      await page.getByRole('link', { name: 'confirm it' }).click()
      await heading(page, 'Confirm your email address')
      await page.getByRole('button', { name: 'Send me a link' }).click()
      await page.getByText('a message with a link is on its way').waitFor()
      await page.goto((await mailTo(server.origin, who.email, 'verify-email')).url)
      await page.getByText(`Your email address ${who.email} is confirmed.`).waitFor()

      await page.getByRole('link', { name: 'Go to your account' }).click()
      await page.getByLabel('New email address').fill(who.email)
      await page.getByRole('button', { name: 'Change address' }).click()
      await page.getByRole('alert').getByText('This is the address that your account has already.').waitFor()
      await page.getByLabel('New email address').fill(next)
      await page.getByRole('button', { name: 'Change address' }).click()
      await page.getByText('Your address changes when the link is opened.').waitFor()
      await page.goto((await mailTo(server.origin, who.email, 'change-email')).url)
      await page.getByText('open the link in the message that we sent to the new one').waitFor()
      const { url } = await mailTo(server.origin, next, 'verify-email')
      await page.goto(url)
      await page.getByText(`Your email address ${next} is confirmed.`).waitFor()
      await page.goto(url)
      await page.getByRole('alert').getByText('This link does not work').waitFor()

      await page.getByRole('button', { name: 'Sign out', exact: true }).click()
      await signIn(page, { ...who, email: next })
      await page.getByText(`You are signed in as ${who.name} (${next})`).waitFor()
      assert.deepEqual(complaints, [])
      await context.close()
    })

    test('reads caught mail, and opens its link', async () => {
      const who = person()
      const { context, page } = await start()
      await signUp(page, who)
      await heading(page, 'Your account')
      const { subject } = await mailTo(server.origin, who.email, 'verify-email')
      await page.getByRole('link', { name: 'Caught mail' }).click()
      await page.getByRole('listitem').filter({ hasText: who.email }).getByRole('link', { name: subject }).click()
      await heading(page, subject)
      const message = page.frameLocator('iframe')
      await message.getByRole('heading', { name: subject }).waitFor()
      await message.getByRole('link').first().click()
      await page.getByText(`Your email address ${who.email} is confirmed.`).waitFor()
      await context.close()
    })

    test('deletes the account', async () => {
      const who = person()
      const { context, page, complaints } = await start()
      await signUp(page, who)
      await page.getByRole('main').getByRole('link', { name: 'Delete account…' }).click()
      await heading(page, 'Delete your account')
      await page.getByRole('link', { name: 'Keep my account' }).click()
      await page.goto('/account/delete')
      await page.getByRole('button', { name: 'Send me a link to delete it' }).click()
      await page.getByText('We sent you a message.').waitFor()
      const { url } = await mailTo(server.origin, who.email, 'delete-user')
      const elsewhere = await start()
      await elsewhere.page.goto(url)
      await heading(elsewhere.page, 'This link did not work')
      await elsewhere.page.getByText('Sign in with this browser').waitFor()
      await elsewhere.context.close()
      await page.goto(url)
      await page.getByText('Your account is deleted.').waitFor()
      await signIn(page, who)
      await page.getByRole('alert').waitFor()
      assert.deepEqual(complaints, [])
      await context.close()
    })
  })
}

test('a form of another site changes nothing', async () => {
  const who = person()
  const { context, page } = await open(browser, server.origin)
  await signUp(page, who)
  await heading(page, 'Your account')
  // The same server, under a name that is another site to the browser.
  const foreign = server.origin.replace('localhost', '127.0.0.1')
  await context.route(foreign + '/attack', (route) => route.fulfill({
    contentType: 'text/html',
    body: `<form method="post" action="${server.origin}/account/name"><input name="name" value="Eve"><button>Win</button></form>`,
  }))
  await page.goto(foreign + '/attack')
  await page.getByRole('button', { name: 'Win' }).click()
  await heading(page, 'Request refused')
  await page.goto('/account')
  await page.getByText(`You are signed in as ${who.name}`).waitFor()
  await context.close()
})
