// Servers, and a browser, for each run.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'

const root = fileURLToPath(new URL('../..', import.meta.url))
const out = fileURLToPath(new URL('out/', import.meta.url))

export const secret = 'correct horse battery'

// A program that serves a port of its own, and can be stopped and started again.
export class Program {
  #child
  constructor(command, args, env, folder, port) {
    Object.assign(this, { command, args, env, folder, port, origin: `http://localhost:${port}` })
  }

  async start() {
    this.#child = spawn(this.command, this.args, {
      cwd: this.folder, env: { PATH: process.env.PATH, HOME: this.folder, ...this.env }, stdio: ['ignore', 'ignore', 'pipe'],
    })
    let log = ''
    this.#child.stderr.on('data', (text) => { log += text })
    const ended = once(this.#child, 'exit').then(([code]) => { throw new Error(`${this.command} ended with ${code}\n${log}`) })
    await Promise.race([ended, answers(this.origin)])
    ended.catch(() => {})
    return this
  }

  async stop() {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGTERM')
    await once(child, 'exit')
  }

  async remove() {
    await this.stop()
    await rm(this.folder, { recursive: true, force: true })
  }
}

// Waits until something answers at the address.
export async function answers(origin) {
  for (const end = Date.now() + 20_000; Date.now() < end;) {
    const answer = await fetch(origin).catch(() => undefined)
    if (answer) return
    await setTimeout(20)
  }
  throw new Error(`${origin} does not answer`)
}

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

export function temporary() {
  return mkdtemp(join(tmpdir(), 'lockstep-example-'))
}

export function lockstepBin() {
  if (!process.env.LOCKSTEP_BIN) throw new Error('set LOCKSTEP_BIN to the lockstep binary')
  return process.env.LOCKSTEP_BIN
}

// Runs a command to its end.
export async function run(command, args, options) {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'], ...options })
  const [code] = await once(child, 'exit')
  assert.equal(code, 0, `${command} ${args.join(' ')}`)
}

// The Go program of an example, built into a folder of its own.
export async function goProgram(name) {
  const folder = await temporary()
  const bin = join(folder, name)
  await run('go', ['build', '-o', bin, `./examples/${name}`], { cwd: root })
  const port = await freePort()
  const env = { PORT: String(port), DATABASE: join(folder, 'auth.db'), BETTER_AUTH_SECRET: 'a secret of the browser test, 0123456789' }
  return new Program(bin, [], env, folder, port)
}

// lockstep dev with the configuration of the Vue example, and with a GitHub of its
// own.
export async function lockstepDev(site) {
  const folder = await temporary()
  const own = await readFile(join(root, 'examples/vue/lockstep.yaml'), 'utf8')
  const port = await freePort()
  const server = new Program(lockstepBin(), ['dev', '--addr', `127.0.0.1:${port}`, '--fake-github'], { BETTER_AUTH_TRUSTED_ORIGINS: site }, folder, port)
  server.configure = (more = '') => writeFile(join(folder, 'lockstep.yaml'), own + more)
  await server.configure()
  return server
}

// The Vue example, built for a server at the address auth.
export async function vueSite(port, auth) {
  const folder = join(root, 'examples/vue')
  const require = createRequire(join(folder, 'package.json'))
  const { build, preview } = await import(pathToFileURL(require.resolve('vite')))
  const outDir = await temporary()
  process.env.VITE_AUTH_URL = auth
  await build({ root: folder, logLevel: 'warn', build: { outDir, emptyOutDir: true } })
  const site = await preview({ root: folder, logLevel: 'warn', build: { outDir }, preview: { host: 'localhost', port, strictPort: true } })
  return {
    async stop() {
      await site.close()
      await rm(outDir, { recursive: true, force: true })
    },
  }
}

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

let visitors = 0

// Opens a page in a browser context without cookies, from an address of its own as
// if behind a proxy: the servers let nobody try too often. What the browser
// complains about goes to complaints.
export async function open(browser, origin, options = {}) {
  visitors++
  const extraHTTPHeaders = options.proxied ? { 'X-Forwarded-For': `198.51.100.${visitors}` } : {}
  const context = await browser.newContext({ baseURL: origin, extraHTTPHeaders, ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(5000)
  const complaints = []
  page.on('pageerror', (err) => complaints.push(String(err)))
  page.on('console', (m) => {
    // That a form is answered with 4xx is no mistake of the page.
    if (m.type() === 'error' && !/the server responded with a status of 4\d\d/.test(m.text())) complaints.push(m.text())
  })
  return { context, page, complaints }
}

let people = 0

// A person nobody has seen before.
export function person() {
  people++
  return { name: `Ada ${people}`, email: `ada${people}@example.com`, password: secret }
}

export const at = (page) => page.url().slice(new URL(page.url()).origin.length)

export const heading = (page, name) => page.getByRole('heading', { level: 1, name }).waitFor()

export async function fill(page, who) {
  for (const [label, value] of [['Name', who.name], ['Email address', who.email], ['Password', who.password]]) {
    if (value !== undefined) await page.getByLabel(label).fill(value)
  }
}

export async function signUp(page, who) {
  await page.goto('/sign-up')
  await fill(page, who)
  await page.getByRole('button', { name: 'Create account' }).click()
  await heading(page, 'Your account')
}

export async function signIn(page, { email, password }, { remember = true } = {}) {
  await page.goto('/sign-in')
  await fill(page, { email, password })
  await page.getByLabel('Keep me signed in').setChecked(remember)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

// The cookie that is as good as a password.
export async function sessionCookie(context) {
  return (await context.cookies()).find((c) => c.name === 'better-auth.session_token')
}

// The token of the session is in no page.
export async function hidesToken(context, page) {
  const [token] = decodeURIComponent((await sessionCookie(context)).value).split('.')
  assert.ok(token.length > 20)
  assert.ok(!(await page.content()).includes(token), 'the token is in the page')
}

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

// Takes a picture of the page, and complains about what some people cannot use.
export async function inspect(page, name) {
  await page.screenshot({ path: join(out, `${name}.png`), fullPage: true })
  await page.evaluate(axe)
  const { violations } = await page.evaluate(() => globalThis.axe.run())
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`), [], name)
  const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  assert.ok(tooWide <= 0, `${name} is ${tooWide} pixels too wide`)
}

export const looks = {
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  narrow: { colorScheme: 'light', viewport: { width: 320, height: 640 } },
}

// Goes on with Tab to the element with this id or text, which everybody has to see
// then.
export async function tabTo(page, want) {
  for (let i = 0; i < 40; i++) {
    await page.keyboard.press('Tab')
    const f = await page.evaluate(() => {
      const e = document.activeElement
      const style = getComputedStyle(e)
      return { id: e.id, text: e.textContent.trim(), outline: style.outlineStyle, width: parseFloat(style.outlineWidth) }
    })
    if (f.id !== want && f.text !== want) continue
    assert.ok(f.outline !== 'none' && f.width >= 2, `focus on ${want} is hard to see`)
    return
  }
  assert.fail(`${want} is not reached with Tab`)
}

export async function type(page, field, value) {
  await tabTo(page, field)
  await page.keyboard.press('Control+A')
  await page.keyboard.type(value)
}
