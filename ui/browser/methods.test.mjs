// The ways to sign in that an account has, with JavaScript and without.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { mailTo, open, person, signIn, signUp, startBrowser, startServer, withGitHub } from './lib.mjs'

let server, browser
before(async () => {
  server = await startServer()
  browser = await startBrowser()
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

const signOut = (page) => page.getByRole('button', { name: 'Sign out', exact: true }).click()
const methods = (page) => page.getByRole('region', { name: 'Sign-in methods' })

for (const javaScriptEnabled of [false, true]) {
  describe(`with JavaScript ${javaScriptEnabled ? 'enabled' : 'disabled'}`, { concurrency: 3 }, () => {
    const start = () => open(browser, server.origin, { javaScriptEnabled })

    test('links GitHub, signs in with it, and unlinks it', async () => {
      const who = person()
      const { context, page, complaints } = await start()
      await signUp(page, who)
      await methods(page).getByText('This is your only way to sign in, so it cannot be removed.').waitFor()
      await withGitHub(page, undefined, 'Link GitHub')
      await page.getByRole('alert').getByText('You have not agreed').waitFor()
      await withGitHub(page, { ...who, email: `other-${who.email}` }, 'Link GitHub')
      await page.getByRole('alert').getByText('has another email address than the one here').waitFor()
      await withGitHub(page, { ...who, verified: false }, 'Link GitHub')
      await page.getByRole('alert').getByText('It has to confirm that your email address is yours').waitFor()
      await withGitHub(page, who, 'Link GitHub')
      await page.getByText('from now on you can sign in with it').waitFor()
      await methods(page).getByRole('heading', { name: 'GitHub' }).waitFor()
      assert.equal(await page.getByRole('button', { name: 'Link GitHub', exact: true }).count(), 0)

      await signOut(page)
      await page.goto('/sign-in')
      await withGitHub(page, who)
      await page.getByText(`You are signed in as ${who.name}`).waitFor()
      await page.getByRole('button', { name: /^Unlink GitHub/ }).click()
      await page.getByText('This way to sign in is removed from your account.').waitFor()
      await methods(page).getByText('This is your only way to sign in').waitFor()
      assert.equal(await methods(page).getByRole('button', { name: /^(Unlink|Remove)/ }).count(), 0)

      await signOut(page)
      await signIn(page, who)
      await page.getByRole('heading', { level: 1, name: 'Your account' }).waitFor()
      assert.deepEqual(complaints, [])
      await context.close()
    })

    test('keeps the last way to sign in, and chooses a password by mail', async () => {
      const who = person()
      const { context, page, complaints } = await start()
      await page.goto('/sign-in')
      await withGitHub(page, who)
      await methods(page).getByText('This is your only way to sign in').waitFor()
      assert.equal(await page.getByRole('button', { name: /^(Unlink|Remove)/ }).count(), 0)
      assert.equal(await page.getByLabel('Current password').count(), 0)
      await page.getByRole('link', { name: 'get a link to choose one' }).click()
      await page.getByLabel('Email address').fill(who.email)
      await page.getByRole('button', { name: 'Send me a link' }).click()
      await page.getByText('a message with a link is on its way').waitFor()
      await page.goto((await mailTo(server.origin, who.email, 'reset-password')).url)
      await page.getByLabel('New password').fill(who.password)
      await page.getByRole('button', { name: 'Set password' }).click()
      await page.getByText('Your password is changed.').waitFor()
      await signIn(page, who)
      await page.getByRole('button', { name: /^Unlink GitHub/ }).click()
      await page.getByText('This way to sign in is removed from your account.').waitFor()
      assert.deepEqual(complaints, [])
      await context.close()
    })
  })
}
