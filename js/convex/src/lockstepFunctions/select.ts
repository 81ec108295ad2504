// Finds the rows that a selection means.
import type { OrderedQuery, NamedTableInfo, GenericDataModel } from 'convex/server'
import { ConvexError } from 'convex/values'
import type { Condition, Selection, Source, Value } from './call'
import type { Deployment, Document, Reader } from './deployment'

/** The most rows that are looked at one by one for lack of an index. */
const SCAN_LIMIT = 1000

/**
 * The rows of a selection, at most `enough` of them; or null if more than
 * `limit` rows would have to be looked at.
 */
export async function select(
  db: Reader,
  deployment: Deployment,
  selection: Selection & { descending?: boolean },
  { limit, enough }: { limit: number; enough: number },
): Promise<Document[] | null> {
  deployment.check(selection.table)
  const found = new Map<string, Document>() // sources can overlap
  let seen = 0
  for (const source of selection.sources) {
    if ('ids' in source) {
      for (const id of source.ids) {
        const doc = await get(db, selection.table, id)
        if (doc && matches(doc, selection)) found.set(doc._id, doc)
      }
      continue
    }
    for await (const doc of range(db, deployment, selection.table, source, selection.descending ?? false)) {
      seen++
      if ('scan' in source && source.scan === 'search' && seen > SCAN_LIMIT) {
        throw new ConvexError({ code: 'UNINDEXED', table: selection.table, fields: source.fields })
      }
      if (seen > limit) return null
      if (matches(doc as Document, selection)) found.set(doc._id as string, doc as Document)
      if (found.size >= enough) return [...found.values()]
    }
  }
  return [...found.values()]
}

/** The row with an id; null for anything that is not the id of a row of the table. */
export async function get(db: Reader, table: string, id: unknown): Promise<Document | null> {
  const normal = typeof id === 'string' ? db.normalizeId(table, id) : null
  return normal === null ? null : ((await db.get(normal)) as Document | null)
}

/** The rows of a source in the order of its index, the oldest first in a scan. */
export function range(
  db: Reader,
  deployment: Deployment,
  table: string,
  source: Exclude<Source, { ids: Value[] }>,
  descending: boolean,
): OrderedQuery<NamedTableInfo<GenericDataModel, string>> {
  const order = descending ? 'desc' : 'asc'
  if ('scan' in source) return db.query(table).order(order)
  deployment.checkIndex(table, source.index, source.fields)
  return db
    .query(table)
    .withIndex(source.index, (q: any) => {
      source.eq.forEach((value, i) => (q = q.eq(source.fields[i]!, value)))
      const field = source.fields[source.eq.length]
      if (source.lower) q = source.lower.inclusive ? q.gte(field, source.lower.value) : q.gt(field, source.lower.value)
      if (source.upper) q = source.upper.inclusive ? q.lte(field, source.upper.value) : q.lt(field, source.upper.value)
      return q
    })
    .order(order)
}

/** The rows in which the fields have the values, by an index if there is one. */
export async function having(
  db: Reader,
  deployment: Deployment,
  at: { table: string; fields: string[]; index: string | null },
  values: unknown[],
  and: { all?: Condition[]; any?: Condition[]; enough: number },
): Promise<Document[]> {
  const { table, fields, index } = at
  const eq = values as Value[]
  const all: Condition[] = fields.map((field, i) => ({ field, op: 'eq', value: eq[i]! }))
  const source = index === null ? { scan: 'search' as const, fields } : { index, fields, eq }
  const selection = { table, sources: [source], all: [...all, ...(and.all ?? [])], any: and.any ?? [] }
  return (await select(db, deployment, selection, { limit: Infinity, enough: and.enough }))!
}

export function matches(doc: Document, { all, any }: { all: Condition[]; any: Condition[] }): boolean {
  return all.every((c) => holds(doc, c)) && (any.length === 0 || any.some((c) => holds(doc, c)))
}

function holds(doc: Document, c: Condition): boolean {
  let have: any = doc[c.field] ?? null // missing is null
  let want: any = c.value
  if (want === null) return c.op === 'eq' ? have === null : c.op === 'ne' && have !== null
  if (have === null) return false
  if (c.fold) {
    have = fold(have)
    want = Array.isArray(want) ? want.map(fold) : fold(want)
  }
  switch (c.op) {
    case 'eq':
      return have === want
    case 'ne':
      return have !== want
    case 'lt':
      return compare(have, want) < 0
    case 'lte':
      return compare(have, want) <= 0
    case 'gt':
      return compare(have, want) > 0
    case 'gte':
      return compare(have, want) >= 0
    case 'in':
      return want.includes(have)
    case 'notIn':
      return !want.includes(have)
    case 'contains':
      return have.includes(want)
    case 'startsWith':
      return have.startsWith(want)
    case 'endsWith':
      return have.endsWith(want)
  }
}

/** ASCII letters to lower case. */
function fold(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

/** Orders values of one type; null and missing come first. */
export function compare(a: unknown, b: unknown): number {
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b)
  const x: any = a ?? null
  const y: any = b ?? null
  if (x === y) return 0
  if (x === null || y === null) return x === null ? -1 : 1
  return x < y ? -1 : 1
}

/** Orders text as its bytes in UTF-8 would be, as every other store does. */
function compareText(a: string, b: string): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return weight(x) - weight(y)
  }
  return a.length - b.length
}

/** Surrogates stand for characters beyond U+FFFF, so they come last. */
function weight(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit
}
