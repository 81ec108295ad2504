// The functions that a Lockstep server calls. They are internal: only a caller
// with a deploy key of this deployment reaches them.
//
// This file is yours. lockstepSchema.ts and the folder lockstepFunctions/ are
// replaced by "lockstep convex generate".
import { lockstep } from './lockstepFunctions'
import { expiring, tables } from './lockstepSchema'
import schema from './schema'

export const { read, apply, describe, cleanUp } = lockstep({ schema, tables, expiring })
