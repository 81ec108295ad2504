// What the server sends: the arguments of read and apply. The server checks
// every value against its own schema first, and chooses the indexes.
import { type Infer, v } from 'convex/values'
import type { ObjectType } from 'convex/values'

/** The form of the calls. The server refuses functions with another number. */
export const VERSION = 1

/** {ref: n} stands for the id of the row that operation n of the batch made. */
const value = v.union(
  v.null(),
  v.string(),
  v.number(),
  v.boolean(),
  v.array(v.string()),
  v.array(v.number()),
  v.object({ ref: v.number() }),
)

const operator = v.union(
  ...(['eq', 'ne', 'lt', 'lte', 'gt', 'gte', 'in', 'notIn', 'contains', 'startsWith', 'endsWith'] as const).map((name) =>
    v.literal(name),
  ),
)

const condition = v.object({ field: v.string(), op: operator, value, fold: v.optional(v.boolean()) })

const bound = v.object({ value, inclusive: v.boolean() })

/** Where to look for rows. Conditions are checked on whatever is found there. */
const source = v.union(
  // These rows.
  v.object({ ids: v.array(value) }),
  // The range of an index in which its first fields have these values. The
  // bounds are for the field after them; fields are all that are used.
  v.object({
    index: v.string(),
    fields: v.array(v.string()),
    eq: v.array(value),
    lower: v.optional(bound),
    upper: v.optional(bound),
  }),
  // The whole table: because all of it is wanted, or to search it for lack of
  // an index. If one would help, it is on these fields.
  v.object({ scan: v.union(v.literal('all'), v.literal('search')), fields: v.array(v.string()) }),
)

const selection = {
  table: v.string(),
  sources: v.array(source),
  all: v.array(condition), // every one must hold
  any: v.array(condition), // and one of these, unless there is none
}

const join = v.object({
  table: v.string(),
  local: v.string(),
  foreign: v.string(),
  index: v.union(v.null(), v.string()),
  all: v.array(condition),
  any: v.array(condition),
  limit: v.number(),
})

const query = v.object({
  ...selection,
  descending: v.boolean(), // reads the sources backwards
  sort: v.optional(v.object({ field: v.string(), descending: v.boolean() })), // if no index has the order
  limit: v.number(), // 0 is none
  offset: v.number(),
  count: v.boolean(),
  join: v.optional(join),
})

export const readCall = {
  queries: v.array(query),
  // Asks for a page of the only source of the only query, whatever its sort,
  // limit and offset. The cursor is the one of the page before.
  page: v.optional(v.object({ cursor: v.union(v.null(), v.string()), size: v.number() })),
}

const fields = v.record(v.string(), value)

const expectation = v.union(v.literal('some'), v.literal('one'), v.literal('none'), v.literal('atLeast'))

const operation = v.union(
  v.object({ verb: v.literal('create'), table: v.string(), set: fields }),
  v.object({
    verb: v.literal('update'),
    ...selection,
    expect: expectation,
    set: fields,
    add: v.record(v.string(), v.number()),
  }),
  v.object({ verb: v.union(v.literal('delete'), v.literal('check')), ...selection, expect: expectation }),
)

const index = v.union(v.null(), v.string())

/** What holds for the rows of a table. Convex itself has no such rules. */
const rules = v.object({
  // Fields whose values, unless one is null, no two rows share.
  unique: v.array(v.object({ name: v.string(), fields: v.array(v.string()), index })),
  // Fields that hold the target field of a row of table, which must exist.
  parents: v.array(v.object({ field: v.string(), table: v.string(), target: v.string(), index })),
  // Fields of other tables that hold target. Those rows go with the row.
  children: v.array(v.object({ table: v.string(), field: v.string(), target: v.string(), index })),
})

export const applyCall = {
  id: v.optional(v.string()),
  ops: v.array(operation),
  rules: v.record(v.string(), rules),
}

export type Value = Infer<typeof value>
export type Condition = Infer<typeof condition>
export type Source = Infer<typeof source>
export type Selection = { table: string; sources: Source[]; all: Condition[]; any: Condition[] }
export type Join = Infer<typeof join>
export type Query = Infer<typeof query>
export type ReadCall = ObjectType<typeof readCall>
export type Operation = Infer<typeof operation>
export type Rules = Infer<typeof rules>
export type ApplyCall = ObjectType<typeof applyCall>
