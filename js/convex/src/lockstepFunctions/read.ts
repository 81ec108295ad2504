// Answers queries. One call sees one snapshot.
import type { Query, ReadCall, Value } from './call'
import type { Deployment, Document, Reader } from './deployment'
import { compare, get, having, matches, range, select } from './select'

/**
 * What one call looks at, for each query. A query that needs more is answered
 * in pages, which keeps every call far below the limits of a transaction
 * (https://docs.convex.dev/production/state/limits).
 */
const ROW_LIMIT = 1000
const JOIN_LIMIT = 100
const PAGE_BYTES = 4 << 20

export type Row = { id: string; [field: string]: unknown }

/** `more` asks the server to come back for pages; `cursor` is null at the end. */
type Answer = { rows: Row[]; related: Row[][]; count: number; more?: boolean; cursor?: string | null }

export async function read(db: Reader, deployment: Deployment, { queries, page }: ReadCall): Promise<Answer[]> {
  if (page) return [await readPage(db, deployment, queries[0]!, page)]
  const answers: Answer[] = []
  for (const query of queries) answers.push(await readOne(db, deployment, query))
  return answers
}

async function readOne(db: Reader, deployment: Deployment, query: Query): Promise<Answer> {
  const { sort, limit, offset, join } = query
  const isPart = limit > 0 && !sort && !query.count
  const found = await select(db, deployment, query, { limit: ROW_LIMIT, enough: isPart ? offset + limit : Infinity })
  const more = { rows: [], related: [], count: 0, more: true }
  if (!found) return more
  if (query.count) return { rows: [], related: [], count: found.length }
  if (sort) {
    const sign = sort.descending ? -1 : 1
    found.sort((a, b) => sign * compare(a[sort.field], b[sort.field]))
  }
  const docs = found.slice(offset, limit > 0 ? offset + limit : undefined)
  if (join && docs.length > JOIN_LIMIT) return more
  return { rows: docs.map(row), related: await related(db, deployment, query, docs), count: 0 }
}

async function readPage(db: Reader, deployment: Deployment, query: Query, page: { cursor: string | null; size: number }): Promise<Answer> {
  deployment.check(query.table)
  const { docs, cursor } = await pageOf(db, deployment, query, page)
  const found = docs.filter((doc) => matches(doc, query))
  if (query.count) return { rows: [], related: [], count: found.length, cursor }
  return { rows: found.map(row), related: await related(db, deployment, query, found), count: 0, cursor }
}

/** The rows on a page of the query's source, and the cursor of the next page. */
async function pageOf(db: Reader, deployment: Deployment, query: Query, { cursor, size }: { cursor: string | null; size: number }) {
  const source = query.sources[0]!
  if ('ids' in source) {
    const start = Number(cursor ?? 0)
    const end = start + size
    const docs = await Promise.all(source.ids.slice(start, end).map((id) => get(db, query.table, id)))
    return { docs: docs.filter((doc) => doc !== null), cursor: end < source.ids.length ? String(end) : null }
  }
  const options = { cursor, numItems: size, maximumBytesRead: PAGE_BYTES }
  const page = await range(db, deployment, query.table, source, query.descending).paginate(options)
  return { docs: page.page as Document[], cursor: page.isDone ? null : page.continueCursor }
}

/** For each row, the rows that the join brings along. Null joins nothing. */
async function related(db: Reader, deployment: Deployment, { join }: Query, docs: Document[]): Promise<Row[][]> {
  if (!join) return []
  deployment.check(join.table)
  const out: Row[][] = []
  for (const doc of docs) {
    const key = doc[join.local] ?? null
    out.push(key === null ? [] : (await joined(db, deployment, join, key as Value)).map(row))
  }
  return out
}

async function joined(db: Reader, deployment: Deployment, join: NonNullable<Query['join']>, key: Value): Promise<Document[]> {
  if (join.foreign === '_id') {
    const doc = await get(db, join.table, key)
    return doc && matches(doc, join) ? [doc] : []
  }
  const at = { table: join.table, fields: [join.foreign], index: join.index }
  return having(db, deployment, at, [key], { all: join.all, any: join.any, enough: join.limit })
}

/** A document as the server takes it. */
export function row({ _id, _creationTime, ...fields }: Document): Row {
  return { ...fields, id: _id }
}
