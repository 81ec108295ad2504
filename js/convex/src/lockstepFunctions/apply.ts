// Carries out a batch in one mutation. A Convex mutation is a serializable
// transaction: whatever throws undoes all of it, and what was read (also that a
// unique value was absent) still holds when it commits.
import type { GenericDatabaseWriter, GenericDataModel } from 'convex/server'
import { ConvexError, type Value as Stored } from 'convex/values'
import type { ApplyCall, Condition, Operation, Rules, Selection, Source, Value } from './call'
import type { Deployment, Document } from './deployment'
import { type Row, row } from './read'
import { get, having, select } from './select'

/** The most rows that one operation looks at; a transaction may read 32,000. */
const ROW_LIMIT = 8000

/** The most rows that one operation changes: each is read by its id, and a transaction reads 4,096 ranges. */
const CHANGE_LIMIT = 4000

/** How long an answer is kept for a batch that is sent again. */
const REMEMBER_MS = 10 * 60 * 1000

type Writer = GenericDatabaseWriter<GenericDataModel>

/** Returns, for each operation, the first row that it left or removed, or null. */
export async function apply(db: Writer, deployment: Deployment, { id, ops, rules }: ApplyCall): Promise<(Row | null)[]> {
  if (id !== undefined) {
    const seen = await db.query('lockstepBatch').withIndex('batch', (q: any) => q.eq('batch', id)).first()
    if (seen) return seen.rows as (Row | null)[]
  }
  const batch = new Batch(db, deployment, rules)
  const rows: (Row | null)[] = []
  for (const [i, op] of ops.entries()) {
    const doc = await batch.perform(i, op)
    rows.push(doc && row(doc))
  }
  if (id !== undefined) {
    // Expired rows are left to the clean-up: deleting them here would make
    // batches that have nothing to do with each other conflict.
    await db.insert('lockstepBatch', { batch: id, rows: rows as Stored, expiresAt: Date.now() + REMEMBER_MS })
  }
  return rows
}

class Batch {
  /** The ids of the rows that the operations made, by operation. */
  private ids: string[] = []

  /** The ids of the rows that are gone, some of them with another row. */
  private removed = new Set<string>()

  constructor(
    private db: Writer,
    private deployment: Deployment,
    private rules: Record<string, Rules>,
  ) {}

  async perform(i: number, op: Operation): Promise<Document | null> {
    this.deployment.check(op.table)
    if (op.verb === 'create') {
      const doc = await this.create(i, op.table, this.resolveFields(op.set))
      this.ids[i] = doc._id
      return doc
    }
    const found = await this.find(op)
    if (!isMet(op.expect, found.length)) throw new ConvexError({ code: 'GUARD', op: i })
    switch (op.verb) {
      case 'update':
        for (const [k, doc] of found.entries()) found[k] = await this.update(i, op, doc)
        break
      case 'delete':
        for (const doc of found) await this.remove(op.table, doc)
    }
    return found[0] ?? null
  }

  /** The rows that an operation is about, or as many as decide its guard. */
  private async find(op: Exclude<Operation, { verb: 'create' }>): Promise<Document[]> {
    const { table } = op
    const sources = op.sources.map((s) => this.resolveSource(s))
    const selection: Selection = { table, sources, all: this.resolveConditions(op.all), any: this.resolveConditions(op.any) }
    const enough = op.expect === 'one' ? 2 : op.verb === 'check' ? 1 : Infinity
    const found = await select(this.db, this.deployment, selection, { limit: ROW_LIMIT, enough })
    const limit = found ? CHANGE_LIMIT : ROW_LIMIT
    if (!found || found.length > limit) throw new ConvexError({ code: 'TOO_MANY', table, limit })
    return found
  }

  private async create(i: number, table: string, set: Record<string, Value>): Promise<Document> {
    await this.checkUnique(i, table, set)
    await this.checkParents(i, table, set)
    const _id = await this.db.insert(table, set as any)
    return { ...set, _id, _creationTime: 0 } as Document // row drops the time
  }

  private async update(i: number, op: Operation & { verb: 'update' }, old: Document): Promise<Document> {
    const set = this.resolveFields(op.set)
    for (const [field, n] of Object.entries(op.add)) set[field] = ((old[field] ?? 0) as number) + n
    await this.checkUnique(i, op.table, set, old)
    await this.checkParents(i, op.table, set)
    await this.checkChildren(i, op.table, set, old)
    await this.db.patch(old._id, set as any)
    return { ...old, ...set } as Document
  }

  /** Deletes a row and the rows that point at it. */
  private async remove(table: string, doc: Document): Promise<void> {
    if (this.removed.has(doc._id)) return
    this.removed.add(doc._id)
    await this.db.delete(doc._id)
    for (const child of this.rules[table]?.children ?? []) {
      for (const row of await this.pointing(child, doc)) await this.remove(child.table, row)
    }
  }

  private async pointing(child: Rules['children'][number], doc: Document, enough = Infinity): Promise<Document[]> {
    const key = doc[child.target] ?? null
    if (key === null) return []
    return having(this.db, this.deployment, { ...child, fields: [child.field] }, [key], { enough })
  }

  /** Only what changes is checked, so that duplicates from elsewhere stay usable. */
  private async checkUnique(i: number, table: string, set: Record<string, Value>, old?: Document) {
    const after: Record<string, unknown> = { ...old, ...set }
    for (const rule of this.rules[table]?.unique ?? []) {
      const values = rule.fields.map((field) => after[field] ?? null)
      if (values.includes(null)) continue
      if (old && rule.fields.every((field, k) => old[field] === values[k])) continue
      const others = await having(this.db, this.deployment, { table, ...rule }, values, { enough: 2 })
      if (others.some((other) => other._id !== old?._id)) throw new ConvexError({ code: 'UNIQUE', op: i, name: rule.name })
    }
  }

  private async checkParents(i: number, table: string, set: Record<string, Value>) {
    for (const { field, ...parent } of this.rules[table]?.parents ?? []) {
      const key = set[field] ?? null
      if (key === null) continue
      const isThere =
        parent.target === '_id'
          ? (await get(this.db, parent.table, key)) !== null
          : (await having(this.db, this.deployment, { ...parent, fields: [parent.target] }, [key], { enough: 1 })).length > 0
      if (!isThere) throw new ConvexError({ code: 'REFERENCE', op: i, field, table: parent.table })
    }
  }

  /** Refuses to change a value that other rows point at. */
  private async checkChildren(i: number, table: string, set: Record<string, Value>, old: Document) {
    for (const child of this.rules[table]?.children ?? []) {
      if (!(child.target in set) || set[child.target] === old[child.target]) continue
      if ((await this.pointing(child, old, 1)).length > 0) {
        throw new ConvexError({ code: 'REFERENCE', op: i, field: child.target, table: child.table })
      }
    }
  }

  private resolve(value: Value): Value {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    return this.ids[value.ref]!
  }

  private resolveFields(set: Record<string, Value>): Record<string, Value> {
    return Object.fromEntries(Object.entries(set).map(([field, value]) => [field, this.resolve(value)]))
  }

  private resolveConditions(conditions: Condition[]): Condition[] {
    return conditions.map((c) => ({ ...c, value: this.resolve(c.value) }))
  }

  private resolveSource(source: Source): Source {
    if ('ids' in source) return { ids: source.ids.map((id) => this.resolve(id)) }
    if ('scan' in source) return source
    return { ...source, eq: source.eq.map((value) => this.resolve(value)) }
  }
}

function isMet(expect: 'some' | 'one' | 'none' | 'atLeast', n: number): boolean {
  switch (expect) {
    case 'some':
      return true
    case 'one':
      return n === 1
    case 'none':
      return n === 0
    case 'atLeast':
      return n >= 1
  }
}
