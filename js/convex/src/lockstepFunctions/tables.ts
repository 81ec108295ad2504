// The table that Lockstep needs besides those of Better Auth.
import { defineTable } from 'convex/server'
import { v } from 'convex/values'

export const lockstepTables = {
  // One row for each batch that has an id: what it answered, so that the same
  // batch can be sent again when the answer got lost.
  lockstepBatch: defineTable({ batch: v.string(), rows: v.any(), expiresAt: v.number() })
    .index('batch', ['batch'])
    .index('expiresAt', ['expiresAt']),
}
