// Lockstep's functions, callable only with a deploy key.
import { lockstep } from '../../../../js/convex/src/lockstepFunctions'
import schema from './schema'

export const { read, apply, describe, cleanUp } = lockstep({
  schema,
  tables: ['user', 'session', 'account', 'verification', 'rateLimit'],
  expiring: { session: 'expiresAt', verification: 'expiresAt' },
})
