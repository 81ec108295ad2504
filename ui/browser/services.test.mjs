// Signing in with another service, here with a fake GitHub, with JavaScript and
// without.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { open, person, signUp, startBrowser, startServer, withGitHub } from './lib.mjs'

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
const heading = (page, name) => page.getByRole('heading', { level: 1, name }).waitFor()

for (const javaScriptEnabled of [false, true]) {
  describe(`with JavaScript ${javaScriptEnabled ? 'enabled' : 'disabled'}`, { concurrency: 3 }, () => {
    const start = () => open(browser, server.origin, { javaScriptEnabled })

    test('signs up with GitHub, and in again, and is the same', async () => {
      const who = person()
      const { context, page, complaints } = await start()
      await page.goto('/account/delete') // which asks to sign in first
      await page.getByRole('main').getByRole('link', { name: 'Create one' }).click()
      await withGitHub(page, who)
      await heading(page, 'Delete your account')
      await page.goto('/account')
      await page.getByText(`You are signed in as ${who.name} (${who.email})`).waitFor()
      await page.getByLabel('Name').fill('Countess')
      await page.getByRole('button', { name: 'Save name' }).click()
      await page.getByText('Your name is changed.').waitFor()
      await page.getByRole('button', { name: 'Sign out', exact: true }).click()

      await page.goto('/sign-in')
      await withGitHub(page, { ...who, name: 'Other' })
      await page.getByText(`You are signed in as Countess (${who.email})`).waitFor()
      assert.equal(at(page), '/account')
      assert.deepEqual(complaints, [])
      await context.close()
    })

    test('says that a sign-in was cancelled, on the page where it began', async () => {
      const who = person()
      const { context, page, complaints } = await start()
      for (const path of ['/sign-in', '/sign-up']) {
        await page.goto(path + '?redirect=%2Faccount%2Fdelete')
        await withGitHub(page)
        await page.getByRole('alert').getByText('You have not agreed at the other service').waitFor()
        assert.equal(at(page), path)
        assert.equal(await page.getByText('denied').count(), 0, 'shows what is for programmers')
      }
      await withGitHub(page, who)
      await heading(page, 'Delete your account')
      assert.deepEqual(complaints, [])
      await context.close()
    })

    test('goes back from GitHub to the page where it began', async () => {
      const { context, page } = await start()
      await page.goto('/sign-in')
      await page.getByRole('button', { name: 'Continue with GitHub' }).click()
      await page.getByText('This is not GitHub.').waitFor()
      await page.goBack()
      await heading(page, 'Sign in')
      await context.close()
    })

    test('does not let anybody in with an address that somebody else has', async () => {
      const who = person()
      const first = await start()
      await signUp(first.page, who)
      await heading(first.page, 'Your account')
      const { context, page, complaints } = await start()
      for (const verified of [false, true]) { // nobody has shown that the address is theirs
        await page.goto('/sign-in')
        await withGitHub(page, { ...who, verified })
        await page.getByRole('alert').getByText('There is an account with this email address already.').waitFor()
      }
      await page.goto('/account')
      assert.equal(at(page), '/sign-in')
      await withGitHub(page, { ...who, email: '' })
      await page.getByRole('alert').getByText('did not tell us an email address').waitFor()
      assert.deepEqual(complaints, [])
      await context.close()
      await first.context.close()
    })

    test('is those who are ready', async () => {
      for (const [name, email] of [['Bob Kahn', 'bob@example.com'], ['Carol Shaw', 'carol@example.com']]) {
        const { context, page } = await start()
        await page.goto('/sign-in')
        await page.getByRole('button', { name: 'Continue with GitHub' }).click()
        await page.getByLabel(name).check()
        await page.getByRole('button', { name: 'Authorize' }).click()
        await page.getByText(`You are signed in as ${name} (${email})`).waitFor()
        assert.equal(await page.getByText('Your email address is not confirmed yet').count(), name === 'Bob Kahn' ? 1 : 0)
        await context.close()
      }
    })
  })
}
