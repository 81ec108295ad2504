// Hands the session of a request to the page, and to getUserSession,
// getRequestSession and requireUserSession of @onmax/nuxt-better-auth. These
// look into the context of the event before they read the cookies themselves.
// So a copy of the session that is too old costs one question to Lockstep and
// not a 401, and that Lockstep is away is a 503 and not a 401 either.
import { type H3Event, createError, defineEventHandler } from 'h3'
import { type Session, readForPage, readSession } from './session.js'
import { visitOf } from './visit.js'

export default defineEventHandler((event) => {
  visitOf(event).readPage = readForPage
  let reading: Promise<Session | null> | undefined
  let known: Session | null | undefined
  const read = () => {
    reading ??= sessionOrThrow(event)
    reading.then((session) => { known = session }, () => {}) // whoever waits for it hears of the error
    return reading
  }
  Object.defineProperty(event.context, 'requestSession', {
    configurable: true,
    // A response for a cache is made in the context of whoever came first, but
    // without that client's cookies: they are for the module itself to read.
    get: () => (event.context.cache ? undefined : known === undefined ? read() : known),
    set: () => {}, // what the module found there and puts back
  })
})

async function sessionOrThrow(event: H3Event): Promise<Session | null> {
  const read = await readSession(event)
  if (!read.known) throw createError({ statusCode: 503, statusMessage: 'Service Unavailable' })
  return read.data
}
