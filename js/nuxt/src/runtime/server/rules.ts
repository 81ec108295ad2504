// What a rule means. The grammar is that of @onmax/nuxt-better-auth.
import type { Session } from './session.js'

/** A rule of a route: who may use it. */
export type AuthRule = false | 'user' | 'guest' | { only?: 'user' | 'guest', user?: Record<string, unknown> }

/** Returns the error for those whom a rule keeps out, or undefined. */
export function refusal(rule: AuthRule, session: Session | null): { statusCode: number, statusMessage: string } | undefined {
  if (!rule) return undefined
  const { only, user } = typeof rule === 'string' ? { only: rule, user: undefined } : { only: rule.only ?? 'user', user: rule.user }
  if (only === 'guest') {
    return session ? { statusCode: 403, statusMessage: 'Authenticated users not allowed' } : undefined
  }
  if (!session) return { statusCode: 401, statusMessage: 'Authentication required' }
  return user && !matches(session.user, user) ? { statusCode: 403, statusMessage: 'Access denied' } : undefined
}

/** Reports whether each field of the user is the wanted value, or one of them. */
function matches(user: Record<string, unknown>, wanted: Record<string, unknown>): boolean {
  return Object.entries(wanted).every(([field, value]) =>
    Object.hasOwn(user, field) && (Array.isArray(value) ? value.includes(user[field]) : user[field] === value))
}

/**
 * Returns how another program could read a path that has encoded or double
 * slashes, backslashes or dot segments, or undefined if there is one reading
 * only. The router in use decides what is served; a path that somebody reads as
 * guarded is not worth the risk that the two differ.
 */
export function otherReading(path: string): string | undefined {
  let decoded = path
  for (let i = 0; i < 3 && /%[0-9a-f]{2}/i.test(decoded); i++) decoded = unescape(decoded)
  const odd = /[\\\0]|\/\/|(?:^|\/)\.{1,2}(?:\/|$)/
  if (decoded.split('/').length === path.split('/').length && !odd.test(decoded)) return undefined
  const segments: string[] = []
  for (const segment of decoded.replace(/[\\\0]/g, '/').split('/')) {
    if (segment === '..') segments.pop()
    else if (segment !== '' && segment !== '.') segments.push(segment)
  }
  return `/${segments.join('/')}`
}
