// The session of a request. It is read once, from the copy in the cookie if
// that is good, else from Lockstep.
import { type H3Event, getRequestHeader } from 'h3'
import { readCopy } from '#lockstep/copy'
import { requestHeaders } from './headers.js'
import { Unavailable, bodyOf, send } from './upstream.js'
import { isForEverybody, useSettings, visitOf } from './visit.js'

/** A session and its user. */
export interface Session {
  session: { token?: string, [field: string]: unknown }
  user: { [field: string]: unknown }
}

/** What came of reading a session. It is never null for want of an answer. */
export type SessionRead = { known: true, data: Session | null } | { known: false }

// A session with large additional fields is some tens of kilobytes.
const maxSession = 1 << 20

/**
 * Reads the session of a request. The answer is kept for the whole visit and
 * for the token and cookies that the event has: the render of a page for a
 * shared cache has none, and so no session.
 */
export function readSession(event: H3Event): Promise<SessionRead> {
  if (!hasToken(event)) return Promise.resolve({ known: true, data: null })
  const visit = visitOf(event)
  const key = `${bearerOf(event) ?? ''}\n${getRequestHeader(event, 'cookie') ?? ''}`
  const kept = visit.reads.get(key)
  if (kept) return kept
  const read = copyOrAsk(event)
  visit.reads.set(key, read)
  return read
}

// A token in the Authorization header counts more than cookies, if Lockstep has
// the plugin bearer. Whether it has, and whose token that is, it knows itself.
async function copyOrAsk(event: H3Event): Promise<SessionRead> {
  const copy = bearerOf(event) ? null : await readCopy(event)
  return copy ? { known: true, data: copy } : ask(event)
}

/**
 * Asks Lockstep. What it says about cookies goes to the browser. A session that
 * is to be renewed (session.deferSessionRefresh) is renewed here: with the new
 * copy that this page brings, the browser would not hear of it.
 */
async function ask(event: H3Event): Promise<SessionRead> {
  try {
    let answer = await trip(event, 'GET')
    if (answer.data?.needsRefresh) {
      answer = await trip(event, 'POST').catch((err: Error) => {
        console.error(`[lockstep-nuxt] session not renewed: ${err.message}`)
        return answer
      })
    }
    const { res } = visitOf(event).event.node
    if (answer.cookies.length > 0 && !res.headersSent) {
      for (const line of answer.cookies) res.appendHeader('set-cookie', line)
      res.setHeader('cache-control', 'private, no-store') // also where the rules of the route let anybody keep it
    }
    const { data } = answer
    return { known: true, data: data?.session && data.user ? { session: data.session, user: data.user } : null }
  } catch (err) {
    console.error(`[lockstep-nuxt] session unknown: ${(err as Error).message}`)
    return { known: false }
  }
}

interface Answer { data: (Session & { needsRefresh?: boolean }) | null, cookies: string[] }

async function trip(event: H3Event, method: 'GET' | 'POST'): Promise<Answer> {
  const settings = useSettings()
  const { client } = visitOf(event)
  const { cookie, 'user-agent': agent } = event.node.req.headers
  const authorization = bearerOf(event)
  const post = method === 'POST' ? { 'content-type': 'application/json', origin: settings.site || `${client.proto}://${client.host}` } : {}
  const answer = await send(settings, {
    method,
    path: '/api/auth/get-session',
    headers: requestHeaders({ cookie, authorization, 'user-agent': agent, accept: 'application/json', ...post }, client, settings.proxySecret, Date.now()),
    body: method === 'POST' ? Buffer.from('{}') : undefined,
    signal: AbortSignal.timeout(settings.timeout),
  })
  const body = await bodyOf(answer, maxSession)
  const cookies = answer.headers['set-cookie'] ?? []
  if (answer.statusCode === 401) return { data: null, cookies }
  if (answer.statusCode !== 200) throw new Unavailable(`Lockstep answered with ${answer.statusCode}`)
  return { data: parse(body.toString()), cookies }
}

function parse(text: string): Session | null {
  try {
    return JSON.parse(text, dates)
  } catch { // the message would show a part of the text
    throw new Unavailable('Lockstep answered with what is not JSON')
  }
}

/** Reads the session for a page, as it is on the wire. A page for everybody has none. */
export async function readForPage(event: H3Event): Promise<SessionRead> {
  if (isForEverybody(visitOf(event))) return { known: true, data: null }
  const read = await readSession(event)
  return read.known ? { known: true, data: JSON.parse(JSON.stringify(read.data)) } : read
}

/** Makes dates of what Lockstep writes as dates, as Better Auth has them in the program. */
function dates(_name: string, value: unknown): unknown {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value) ? new Date(value) : value
}

/** Reports whether a request has a session token, in a cookie or as a bearer token. */
export function hasToken(event: H3Event): boolean {
  return bearerOf(event) !== undefined || hasSessionCookie(getRequestHeader(event, 'cookie') ?? '')
}

/**
 * Returns the Authorization header if it has a bearer token (RFC 6750 section
 * 2.1) that could be one of a session: a JSON Web Token, as proxies add them,
 * has more dots.
 */
function bearerOf(event: H3Event): string | undefined {
  const header = getRequestHeader(event, 'authorization')
  return header && /^bearer +[^\s.]+(?:\.[^\s.]+)?$/i.test(header) ? header : undefined
}

/** Reports whether there is a cookie with a session token, whatever its prefix. */
function hasSessionCookie(cookies: string): boolean {
  return /(?:^|;)\s*[^=;]*session_token=[^;\s]/.test(cookies)
}
