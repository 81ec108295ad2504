// The answer when Lockstep gives none. It is Lockstep's own for a database that
// is away, so that clients keep the user they know.
import { type H3Event, setResponseHeader, setResponseStatus } from 'h3'

/** Seconds to wait before the next try. */
export const retryAfter = 1

/** Answers that the service is unavailable, and never that nobody is signed in. */
export function answerUnavailable(event: H3Event): { message: string, code: string } {
  setResponseStatus(event, 503)
  setResponseHeader(event, 'retry-after', retryAfter)
  setResponseHeader(event, 'cache-control', 'no-store')
  return { message: 'The service is unavailable at the moment. Please try again.', code: 'SERVICE_UNAVAILABLE' }
}
