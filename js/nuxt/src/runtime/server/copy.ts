// The copy of the session in the cookie, checked by Better Auth with the secret
// that this server shares with Lockstep. Only in full mode.
import type { H3Event } from 'h3'
import { serverAuth } from '#imports'
import type { Session } from './session.js'

/** Returns the session of the cookies, or null if their copy is not there, too old or forged. */
export async function readCopy(event: H3Event): Promise<Session | null> {
  const copy: Session | null = await serverAuth(event).api.getSession({ headers: event.headers })
  return copy
}
