// The tables of the integration guide, with an additional field of sessions.
import { defineSchema, defineTable } from 'convex/server'
import { v } from 'convex/values'
import guide from '../../../../js/convex-testbed/profiles/seed/schema'

export default defineSchema({
  ...guide.tables,
  session: defineTable({
    ...guide.tables.session.validator.fields,
    theme: v.optional(v.union(v.null(), v.string())),
  })
    .index('expiresAt', ['expiresAt'])
    .index('expiresAt_userId', ['expiresAt', 'userId'])
    .index('token', ['token'])
    .index('userId', ['userId']),
})
