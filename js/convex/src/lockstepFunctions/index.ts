// The functions that convex/lockstep.ts exports.
import {
  type GenericSchema,
  internalMutationGeneric,
  internalQueryGeneric,
  mutationGeneric,
  queryGeneric,
  type SchemaDefinition,
} from 'convex/server'
import { v } from 'convex/values'
import { apply } from './apply'
import { type ApplyCall, applyCall, type ReadCall, readCall } from './call'
import { cleanUp } from './cleanup'
import { Deployment } from './deployment'
import { read } from './read'
import { checkSecret } from './secret'

type Config<Schema extends GenericSchema> = {
  schema: SchemaDefinition<Schema, boolean>
  /** The tables that the server may read and write. */
  tables: (keyof Schema & string)[]
  /** Tables with the field that says when a row expires. Each needs an index. */
  expiring: { [table in keyof Schema & string]?: string }
}

/** Internal functions: only a caller with a deploy key reaches them. */
export function lockstep<Schema extends GenericSchema>(config: Config<Schema>) {
  const deployment = deploymentOf(config)
  return {
    read: internalQueryGeneric({ args: readCall, handler: (ctx, call) => read(ctx.db, deployment, call) }),
    apply: internalMutationGeneric({ args: applyCall, handler: (ctx, call) => apply(ctx.db, deployment, call) }),
    describe: internalQueryGeneric({ args: {}, handler: () => deployment.describe() }),
    cleanUp: cleanUpOf(config),
  }
}

/**
 * Public functions for a server without a deploy key: they ask for the text in
 * LOCKSTEP_SECRET of the deployment's environment. The call is not validated
 * before the secret is, and never by Convex, whose error would log the secret.
 */
export function lockstepWithSecret<Schema extends GenericSchema>(config: Config<Schema>) {
  const deployment = deploymentOf(config)
  const args = { secret: v.string(), call: v.any() }
  return {
    read: queryGeneric({
      args,
      handler: async (ctx, { secret, call }) => {
        await checkSecret(secret)
        return read(ctx.db, deployment, call as ReadCall)
      },
    }),
    apply: mutationGeneric({
      args,
      handler: async (ctx, { secret, call }) => {
        await checkSecret(secret)
        return apply(ctx.db, deployment, call as ApplyCall)
      },
    }),
    describe: queryGeneric({
      args,
      handler: async (_ctx, { secret }) => {
        await checkSecret(secret)
        return deployment.describe()
      },
    }),
    cleanUp: cleanUpOf(config),
  }
}

function deploymentOf<Schema extends GenericSchema>({ schema, tables }: Config<Schema>): Deployment {
  return new Deployment(schema as unknown as SchemaDefinition<GenericSchema, boolean>, tables)
}

function cleanUpOf<Schema extends GenericSchema>(config: Config<Schema>) {
  const deployment = deploymentOf(config)
  const expiring = config.expiring as Record<string, string>
  return internalMutationGeneric({ args: {}, handler: (ctx) => cleanUp(ctx, deployment, expiring) })
}
