// A server of its own, and a browser, for each run.
import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createInterface } from 'node:readline'
import { chromium } from 'playwright-core'

export const out = fileURLToPath(new URL('out/', import.meta.url))

// Starts `lockstep dev` with a fake GitHub in an empty folder, or in one with a
// configuration. Returns its address, how to stop it, and how to take it down
// for a while.
export async function startServer(config) {
  const bin = process.env.LOCKSTEP_BIN
  if (!bin) throw new Error('set LOCKSTEP_BIN to the lockstep binary')
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-ui-'))
  if (config) await writeFile(join(folder, 'lockstep.yaml'), config)
  let server
  const start = (port) => {
    server = spawn(bin, ['dev', '--fake-github', '--addr', `127.0.0.1:${port}`, '--data', join(folder, 'data')], {
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: folder },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    return addressOf(server)
  }
  const down = async () => {
    if (server.exitCode === null && server.kill('SIGINT')) await new Promise((done) => server.once('exit', done))
  }
  const stop = async () => {
    await down()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const origin = await start(0)
    return { origin, stop, down, up: () => start(new URL(origin).port) }
  } catch (err) {
    await stop()
    throw err
  }
}

// The server prints its address when it is ready.
function addressOf(server) {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.once('exit', (code) => reject(new Error(`server ended with ${code}`)))
    createInterface(server.stdout).on('line', (line) => {
      const found = /http:\/\/localhost:\d+/.exec(line)
      if (found) resolve(found[0])
    })
  })
}

// Every launch has a user data folder of its own.
export async function startBrowser() {
  await mkdir(out, { recursive: true })
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
    ],
  })
}

// Opens a page in a browser context without cookies. Whatever the browser
// complains about, and whatever it loads from elsewhere, goes to complaints.
export async function open(browser, origin, options = {}) {
  const context = await browser.newContext({ baseURL: origin, ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(5000)
  const complaints = []
  page.on('pageerror', (err) => complaints.push(String(err)))
  page.on('console', (m) => {
    // That a form is answered with 4xx is no mistake of the page.
    if (m.type() === 'error' && !/the server responded with a status of 4\d\d/.test(m.text())) complaints.push(m.text())
  })
  page.on('request', (r) => {
    if (!r.url().startsWith(origin + '/')) complaints.push(`loads ${r.url()}`)
  })
  return { context, page, complaints }
}

export const secret = 'correct horse battery'

let people = 0

// A person nobody has seen before.
export function person() {
  people++
  return { name: `Ada ${people}`, email: `ada${people}@example.com`, password: secret, login: `ada-${people}` }
}

// Returns the last message of a kind to an address that the server has caught,
// once it is there: mail is sent when the answer is out.
export async function mailTo(origin, email, kind) {
  for (const end = Date.now() + 5000; Date.now() < end;) {
    const mails = await (await fetch(origin + '/dev/mail.json')).json()
    const found = mails.find((m) => m.to === email && m.kind === kind)
    if (found) return found
  }
  throw new Error(`no mail of kind ${kind} to ${email}`)
}

export async function signUp(page, who) {
  await page.goto('/sign-up')
  await page.getByLabel('Name').fill(who.name)
  await page.getByLabel('Email address').fill(who.email)
  await page.getByLabel('Password').fill(who.password)
  await page.getByRole('button', { name: 'Create account' }).click()
}

// Goes on with GitHub, where somebody decides. Without a decision they cancel.
export async function withGitHub(page, who, button = 'Continue with GitHub') {
  await page.getByRole('button', { name: button, exact: true }).click()
  await page.getByText('This is not GitHub.').waitFor()
  if (!who) {
    await page.getByRole('button', { name: 'Cancel' }).click()
    return
  }
  await page.getByLabel('Login').fill(who.login)
  await page.getByLabel('Name', { exact: true }).fill(who.name)
  await page.getByLabel('Email address').fill(who.email)
  await page.getByLabel('The address is verified').setChecked(who.verified ?? true)
  await page.getByRole('button', { name: 'Authorize' }).click()
}

export async function signIn(page, who, { remember = true } = {}) {
  await page.goto('/sign-in')
  await page.getByLabel('Email address').fill(who.email)
  await page.getByLabel('Password').fill(who.password)
  await page.getByLabel('Keep me signed in').setChecked(remember)
  await page.getByRole('button', { name: 'Sign in' }).click()
}
