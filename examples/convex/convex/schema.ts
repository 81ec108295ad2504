import { defineSchema, defineTable } from 'convex/server'
import { v } from 'convex/values'
import { lockstepTables } from './lockstepSchema'

export default defineSchema({
  ...lockstepTables,
  // Your own tables go here. One that has the name of one above takes its place.
  tasks: defineTable({ owner: v.string(), text: v.string() }).index('by_owner', ['owner']),
})
