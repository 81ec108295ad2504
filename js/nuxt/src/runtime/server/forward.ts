// Forwards /api/auth/** to Lockstep: streamed in both directions, redirects and
// all cookies as they are.
import { pipeline } from 'node:stream/promises'
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { type H3Event, defineEventHandler, readRawBody, setResponseHeader, setResponseStatus } from 'h3'
import { readCopy } from '#lockstep/copy'
import { type Headers, requestHeaders, responseHeaders } from './headers.js'
import { type SessionRead, readForPage } from './session.js'
import { answerUnavailable } from './unavailable.js'
import { bodyOf, send } from './upstream.js'
import { isInternal, useSettings, visitOf } from './visit.js'

// Answers to requests of this server to itself are held whole.
const maxInternal = 16 << 20

// A sign-in waits for a service, and one that is under way is not to be cut.
const patience = 30_000 // milliseconds

export default defineEventHandler(async (event) => {
  const path = event.path.split('?', 1)[0] ?? ''
  if (path !== '/api/auth' && !path.startsWith('/api/auth/')) return
  const asksSession = event.method === 'GET' && event.path === '/api/auth/get-session'
  if (asksSession && isInternal(event)) return answerSession(event, await readForPage(event))
  try {
    return await forward(event, asksSession ? 0 : patience)
  } catch (err) {
    if (event.handled || event.node.res.destroyed) return '' // the connection is cut, which says it
    // The rest of the path can hold a one-time secret.
    console.error(`[lockstep-nuxt] ${event.method} ${path.split('/', 4).join('/')}: ${(err as Error).message}`)
    const copy = asksSession ? await readCopy(event) : null
    return copy ? answerSession(event, { known: true, data: copy }) : answerUnavailable(event)
  }
})

/** Answers as Lockstep would. */
function answerSession(event: H3Event, read: SessionRead) {
  if (!read.known) return answerUnavailable(event)
  setResponseHeader(event, 'content-type', 'application/json')
  setResponseHeader(event, 'cache-control', 'no-store')
  setResponseHeader(event, 'pragma', 'no-cache')
  return JSON.stringify(read.data)
}

async function forward(event: H3Event, least: number) {
  const settings = useSettings()
  const { req, res } = event.node
  const gone = new AbortController()
  res.once('close', () => gone.abort())
  const answer = await send({ ...settings, timeout: Math.max(settings.timeout, least) }, {
    method: event.method,
    path: req.url ?? event.path,
    headers: requestHeaders(req.headers as Headers, visitOf(event).client, settings.proxySecret, Date.now()),
    body: await requestBody(event),
    signal: gone.signal,
  })
  setResponseStatus(event, answer.statusCode)
  for (const [name, value] of Object.entries(responseHeaders(answer.headers))) {
    if (value !== undefined) setResponseHeader(event, name, value)
  }
  return isInternal(event) ? bodyOf(answer, maxInternal) : stream(event, answer)
}

/** Sends the body on. If it ends early, so does the connection of the client. */
async function stream(event: H3Event, answer: IncomingMessage) {
  const { req, res } = event.node
  res.flushHeaders()
  await pipeline(answer, res)
  req.unpipe()
  req.resume() // what is left of an upload that was refused
}

// The methods whose body h3 reads; of others it says that they are not allowed.
const withBody = ['POST', 'PUT', 'PATCH', 'DELETE']

/** Returns the body as a stream if nobody has read it yet. */
async function requestBody(event: H3Event): Promise<Readable | Buffer | undefined> {
  const { req } = event.node
  if (isInternal(event) || req.readableDidRead || 'body' in req) {
    return withBody.includes(event.method) ? await readRawBody(event, false) as Buffer | undefined : undefined
  }
  const { 'content-length': length, 'transfer-encoding': encoding } = req.headers
  return encoding !== undefined || Number(length) > 0 ? req : undefined
}
