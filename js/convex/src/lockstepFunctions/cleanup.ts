// Deletes what nobody can use any more, a bounded number of rows at a time.
import { type GenericDataModel, type GenericMutationCtx, makeFunctionReference } from 'convex/server'
import type { Deployment } from './deployment'

const PAGE = 500

/** Clocks differ, and a link that has just expired should still be told so. */
const GRACE_MS = 24 * 60 * 60 * 1000

const self = makeFunctionReference<'mutation'>('lockstep:cleanUp')

/** Runs itself again at once while there is more. */
export async function cleanUp(ctx: GenericMutationCtx<GenericDataModel>, deployment: Deployment, expiring: Record<string, string>) {
  const now = Date.now()
  let isMore = await deleteBefore(ctx, { table: 'lockstepBatch', index: 'expiresAt', field: 'expiresAt', time: now })
  for (const [table, field] of Object.entries(expiring)) {
    const index = deployment.indexes(table).find((i) => i.fields[0] === field)?.name
    if (index === undefined) throw new Error(`clean-up: add .index("${field}", ["${field}"]) to table "${table}" in convex/schema.ts`)
    isMore = (await deleteBefore(ctx, { table, index, field, time: now - GRACE_MS })) || isMore
  }
  if (isMore) await ctx.scheduler.runAfter(0, self, {})
}

async function deleteBefore(
  { db }: GenericMutationCtx<GenericDataModel>,
  { table, index, field, time }: { table: string; index: string; field: string; time: number },
): Promise<boolean> {
  const old = await db
    .query(table)
    .withIndex(index, (q: any) => q.gt(field, null).lt(field, time))
    .take(PAGE)
  for (const doc of old) await db.delete(doc._id as any)
  return old.length === PAGE
}
