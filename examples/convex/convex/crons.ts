// Deletes what has expired; see lockstepFunctions/cleanup.ts.
import { cronJobs, makeFunctionReference } from 'convex/server'

const crons = cronJobs()

crons.interval('delete what has expired', { minutes: 10 }, makeFunctionReference<'mutation'>('lockstep:cleanUp'), {})

export default crons
