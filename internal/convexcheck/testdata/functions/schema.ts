// The tables of Lockstep, with an additional field of sessions and the counters
// of rate limits.
import { defineSchema, defineTable } from 'convex/server'
import { v } from 'convex/values'
import auth from '../../../../js/convex/src/schema'

export default defineSchema({
  ...auth.tables,
  session: defineTable({
    ...auth.tables.session.validator.fields,
    theme: v.optional(v.union(v.null(), v.string())),
  })
    .index('expiresAt', ['expiresAt'])
    .index('expiresAt_userId', ['expiresAt', 'userId'])
    .index('token', ['token'])
    .index('userId', ['userId']),
  rateLimit: defineTable({ key: v.string(), count: v.number(), lastRequest: v.number() }).index('key', ['key']),
})
