// The browser, and what is kept of a run: complaints, screenshots, exchanges.
import { mkdirSync } from 'node:fs'
import { chromium, selectors } from 'playwright-core'
import { out } from './modes.mjs'

selectors.setTestIdAttribute('data-test')

/** Starts a browser without a profile. */
export function startBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  })
}

/** Waits until the pages of a browser have said and heard all. */
export async function settle(browser) {
  const pages = browser.contexts().flatMap((context) => context.pages())
  await Promise.all(pages.map((page) => page.waitForLoadState('networkidle')))
  await Promise.all(pages.flatMap((page) => pending.get(page) ?? []))
}

const pending = new WeakMap() // what is being recorded, by page

/** Opens a browser of somebody: a context without cookies. */
export async function visitor(browser, stack, exchanges, options) {
  const context = await browser.newContext({ baseURL: stack.origin, ...options })
  const complaints = []
  const newPage = async () => {
    const page = await context.newPage()
    page.setDefaultTimeout(20_000)
    page.on('pageerror', (err) => complaints.push(String(err)))
    page.on('console', (m) => {
      // That an endpoint answers with 4xx or 5xx is no mistake of the page.
      if (['error', 'warning'].includes(m.type()) && !/Failed to load resource/.test(m.text())) complaints.push(m.text())
    })
    pending.set(page, [])
    page.on('requestfinished', (request) => {
      if (!new URL(request.url()).pathname.startsWith('/api/auth/')) return
      pending.get(page).push(exchange(request).then((found) => exchanges?.push(found), () => {})) // the page may be closed by then
    })
    return page
  }
  return { context, complaints, newPage, page: await newPage() }
}

/** What was asked and answered. */
async function exchange(request) {
  const response = await request.response()
  const headers = await response.headersArray()
  const sent = await request.allHeaders()
  const get = (name) => headers.filter((h) => h.name.toLowerCase() === name).map((h) => h.value)
  return {
    method: request.method(),
    url: request.url(),
    sent: { type: sent['content-type'], origin: sent.origin, body: request.postData() },
    status: response.status(),
    headers: Object.fromEntries(['content-type', 'cache-control', 'pragma', 'location', 'set-cookie', 'vary', 'access-control-allow-origin', 'access-control-allow-credentials'].map((name) => [name, get(name).flatMap((value) => value.split('\n'))])),
    body: response.status() >= 300 && response.status() < 400 ? '' : await response.text().catch(() => ''),
  }
}

/** Keeps a picture of a page. */
export async function picture(page, stack, name) {
  mkdirSync(`${out}/pictures`, { recursive: true })
  await page.screenshot({ path: `${out}/pictures/${stack.mode}-${stack.backend}-${name}.png` })
}

let people = 0

/** Somebody whom nobody has seen before. */
export function person() {
  people++
  return { name: `Ada ${people}`, email: `ada${people}@example.com`, password: 'correct horse battery' }
}

export async function fillSignUp(page, who) {
  await page.getByLabel('Name').fill(who.name)
  await page.getByLabel('Email address').fill(who.email)
  await page.getByLabel('Password').fill(who.password)
  await page.getByRole('button', { name: 'Create account' }).click()
}

export async function fillSignIn(page, who, { remember = true } = {}) {
  await page.getByLabel('Email address').fill(who.email)
  await page.getByLabel('Password').fill(who.password)
  await page.getByLabel('Keep me signed in').setChecked(remember)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

/** Goes to a page and waits until it listens: what is filled in before is lost. */
export async function open(page, path) {
  await Promise.all(pending.get(page) ?? [])
  await page.goto(path)
  await page.waitForFunction(() => window.useNuxtApp?.().isHydrating === false)
}
