// Lockstep's functions, callable with the secret in LOCKSTEP_SECRET.
import { lockstepWithSecret } from '../../../../js/convex/src/lockstepFunctions'
import schema from './schema'

export const { read, apply, describe, cleanUp } = lockstepWithSecret({
  schema,
  tables: ['user', 'session', 'account', 'verification', 'rateLimit'],
  expiring: { session: 'expiresAt', verification: 'expiresAt' },
})
