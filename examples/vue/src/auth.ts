// The official client, pointed at Lockstep, and what the application knows of the
// session.
import { inferAdditionalFields } from 'better-auth/client/plugins'
import { createAuthClient } from 'better-auth/vue'
import { computed } from 'vue'
import type { LockstepAuth } from './lockstep'

export const auth = createAuthClient({
  baseURL: import.meta.env.VITE_AUTH_URL ?? 'http://localhost:3000',
  plugins: [inferAdditionalFields<LockstepAuth>()],
})

// The last known session. The client asks again when the window gets the focus,
// and when another tab signs in or out. While the server does not answer, the data
// stays and error is set: only the server can sign a user out.
export const session = auth.useSession()

// Whether the server cannot say who is signed in.
export const away = computed(() => session.value.error !== null && session.value.error.status !== 401)

// Asks the server for the session: null if nobody is signed in, undefined if it
// does not answer.
export async function askForSession() {
  const { data, error } = await reached(auth.getSession())
  if (error && error.status !== 401) return undefined
  if (data) auth.hydrateSession(data)
  else if (session.value.data) await session.value.refetch()
  return data
}

export interface Failure { code?: string, message?: string, status: number }

// The client throws when the server cannot be reached. This makes an error of it,
// with the status 0, like those that it returns.
export async function reached<T>(call: Promise<{ data: T | null, error: Failure | null }>) {
  try {
    return await call
  } catch {
    return { data: null, error: { status: 0 } as Failure }
  }
}
