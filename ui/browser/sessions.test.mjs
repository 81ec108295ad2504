// What becomes of a session that ends elsewhere, and of one that goes on.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { open, person, signIn, signUp, startBrowser, startServer } from './lib.mjs'

let browser
before(async () => { browser = await startBrowser() })
after(() => browser?.close())

const at = (page) => new URL(page.url()).pathname
const heading = (page, name) => page.getByRole('heading', { level: 1, name }).waitFor()

async function serving(t, config) {
  const server = await startServer(config)
  t.after(server.stop)
  return server
}

test('notices that another tab has signed out', async (t) => {
  const server = await serving(t)
  const { context, page, complaints } = await open(browser, server.origin)
  await signUp(page, person())
  await heading(page, 'Your account')
  const other = await context.newPage()
  await other.goto('/account')
  await other.getByRole('button', { name: 'Sign out', exact: true }).click()
  await other.getByText('You are signed out.').waitFor()

  await page.getByLabel('Name').fill('Eve')
  await page.getByRole('button', { name: 'Save name' }).click()
  await page.getByText('You are not signed in any more. Sign in to go on.').waitFor()
  assert.equal(at(page), '/sign-in')
  await page.goto('/account')
  assert.equal(at(page), '/sign-in')
  assert.deepEqual(complaints, [])
  await context.close()
})

test('notices that the session has expired, and comes back', async (t) => {
  const server = await serving(t, 'session: {expiresIn: 5}\n')
  const { context, page } = await open(browser, server.origin)
  const who = person()
  await signUp(page, who)
  await heading(page, 'Your account')
  for (const end = Date.now() + 20_000; at(page) === '/account' && Date.now() < end;) await page.reload()
  assert.equal(at(page), '/sign-in')
  assert.equal(new URL(page.url()).searchParams.get('redirect'), '/account')
  assert.deepEqual(await context.cookies(), [])
  await signIn(page, who)
  await heading(page, 'Your account')
  await context.close()
})

test('stays signed in while the server is down', async (t) => {
  const server = await serving(t)
  const { context, page } = await open(browser, server.origin)
  const who = person()
  await signUp(page, who)
  await heading(page, 'Your account')
  await server.down()
  await assert.rejects(page.reload(), /ERR_CONNECTION_REFUSED/)
  await server.up()
  const again = await context.newPage() // the browser may still be busy with its own page about that
  await again.goto('/account')
  await again.getByText(`You are signed in as ${who.name}`).waitFor()
  await context.close()
})
