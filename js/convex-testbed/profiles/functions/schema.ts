// The tables of Better Auth as js/convex has them, and those of store/storetest.
import { defineSchema, defineTable } from 'convex/server'
import { v } from 'convex/values'
import auth from '../../../convex/src/schema'

const optional = <T extends Parameters<typeof v.union>[0]>(kind: T) => v.optional(v.union(v.null(), kind))

export default defineSchema({
  ...auth.tables,
  rateLimit: defineTable({ key: v.string(), count: v.number(), lastRequest: v.number() }).index('key', ['key']),
  odd_things: defineTable({
    the_text: optional(v.string()),
    number: optional(v.number()),
    big: optional(v.number()),
    flag: optional(v.boolean()),
    at_time: optional(v.number()),
    json: optional(v.string()),
    strings: optional(v.array(v.string())),
    numbers: optional(v.array(v.number())),
    key: optional(v.string()),
    tag: optional(v.string()),
    status: v.string(),
    order: v.string(),
    name: v.string(),
  })
    .index('key', ['key'])
    .index('tag_at_time', ['tag', 'at_time'])
    // By name first: the test bed narrows an index by its first field only.
    .index('name_order', ['name', 'order']),
})
