import { ConvexClient } from 'convex/browser'

// The connection to Convex, in the name of the user. Convex asks for a token when
// it needs one; Lockstep makes it from the session.
export default defineNuxtPlugin(() => {
  const convex = new ConvexClient(useRuntimeConfig().public.convexUrl)
  const { loggedIn } = useUserSession()
  watch(loggedIn, (signedIn) => {
    if (signedIn) convex.setAuth(fetchToken)
    else convex.client.clearAuth()
  }, { immediate: true })
  return { provide: { convex } }
})

async function fetchToken(): Promise<string | null> {
  const answer = await fetch('/api/auth/convex/token')
  return answer.ok ? (await answer.json()).token : null
}
