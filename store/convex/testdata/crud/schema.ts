// The tables of the integration guide, and those that the suite of store/storetest adds.
import { defineSchema, defineTable } from 'convex/server'
import { v } from 'convex/values'

const optional = <T extends Parameters<typeof v.union>[0]>(type: T) => v.optional(v.union(v.null(), type))
const stamps = { createdAt: v.number(), updatedAt: v.number() }

export default defineSchema({
  // First, because validators try the tables in turn and the suite makes 10,000 rows of this one.
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
    .index('tag', ['tag'])
    .index('at_time_tag', ['at_time', 'tag'])
    .index('name_order', ['name', 'order']),
  user: defineTable({
    name: v.string(),
    email: v.string(),
    emailVerified: v.boolean(),
    image: optional(v.string()),
    ...stamps,
  })
    .index('email_name', ['email', 'name'])
    .index('name', ['name']),
  session: defineTable({
    expiresAt: v.number(),
    token: v.string(),
    ipAddress: optional(v.string()),
    userAgent: optional(v.string()),
    userId: v.string(),
    ...stamps,
  })
    .index('expiresAt', ['expiresAt'])
    .index('expiresAt_userId', ['expiresAt', 'userId'])
    .index('token', ['token'])
    .index('userId', ['userId']),
  account: defineTable({
    accountId: v.string(),
    providerId: v.string(),
    userId: v.string(),
    accessToken: optional(v.string()),
    refreshToken: optional(v.string()),
    idToken: optional(v.string()),
    accessTokenExpiresAt: optional(v.number()),
    refreshTokenExpiresAt: optional(v.number()),
    scope: optional(v.string()),
    password: optional(v.string()),
    ...stamps,
  })
    .index('accountId', ['accountId'])
    .index('accountId_providerId', ['accountId', 'providerId'])
    .index('providerId_userId', ['providerId', 'userId'])
    .index('userId', ['userId']),
  verification: defineTable({
    identifier: v.string(),
    value: v.string(),
    expiresAt: v.number(),
    ...stamps,
  })
    .index('expiresAt', ['expiresAt'])
    .index('identifier', ['identifier']),
  rateLimit: defineTable({
    key: v.string(),
    count: v.number(),
    lastRequest: v.number(),
  }).index('key', ['key']),
})
