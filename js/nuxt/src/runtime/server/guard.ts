// Enforces routeRules.auth on /api/**, as the documentation of
// @onmax/nuxt-better-auth says: 401 and 403 as JSON.
import { type H3Event, createError, defineEventHandler, setResponseStatus } from 'h3'
import { getRouteRules } from 'nitropack/runtime'
import { type AuthRule, otherReading, refusal } from './rules.js'
import { readSession } from './session.js'
import { retryAfter } from './unavailable.js'

export default defineEventHandler(async (event) => {
  const path = event.path.split('?', 1)[0] ?? ''
  const other = otherReading(path)
  if (other !== undefined && isGuarded(other) && ruleFor(other)) {
    setResponseStatus(event, 400)
    return { error: true, statusCode: 400, statusMessage: 'Ambiguous path', message: 'Ambiguous path' }
  }
  if (!isGuarded(path)) return
  const rule = ruleFor(path)
  if (!rule) return
  const read = await readSession(event)
  if (!read.known) throw unknownSession(event)
  const refused = refusal(rule, read.data)
  if (refused) throw createError(refused)
})

function isGuarded(path: string): boolean {
  return path.startsWith('/api/') && !path.startsWith('/api/auth/')
}

function ruleFor(path: string): AuthRule | undefined {
  return (getRouteRules({ path, context: {} } as H3Event) as { auth?: AuthRule }).auth
}

function unknownSession(event: H3Event) {
  event.node.res.setHeader('retry-after', retryAfter)
  return createError({ statusCode: 503, statusMessage: 'Service Unavailable' })
}
