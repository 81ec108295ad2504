// The functions that a Lockstep server calls. They are internal: only a caller
// with a deploy key of this deployment reaches them.
//
// For a server that must not hold a deploy key, replace lockstep by
// lockstepWithSecret and set LOCKSTEP_SECRET in the deployment's environment.
//
// This file is yours. The folder lockstepFunctions/ is replaced by updates.
import { lockstep } from './lockstepFunctions'
import schema from './schema'

export const { read, apply, describe, cleanUp } = lockstep({
  schema,

  // What the server may touch. The other tables stay out of its reach.
  tables: ['user', 'session', 'account', 'verification'],

  // Rows that the clean-up deletes a day after the time in this field.
  expiring: { session: 'expiresAt', verification: 'expiresAt' },
})
