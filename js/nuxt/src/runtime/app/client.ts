// The client of the application, with the last known user kept. The module of
// @onmax/nuxt-better-auth imports this in the place of app/auth.config.
import { useNuxtApp, useState } from 'nuxt/app'
import { computed } from 'vue'
import createClient from '#lockstep/client'
import { comeBackTo } from './absolute.js'
import { type App, keepKnown } from './known.js'

export default function create(baseURL: string) {
  const client = createClient(baseURL)
  if (import.meta.server) return client
  const nuxtApp = useNuxtApp()
  return nuxtApp.runWithContext(() => {
    const session = useState<object | null>('auth:session')
    const user = useState<object | null>('auth:user')
    const unknown = useState('lockstep:unknown', () => false)
    const app: App = {
      known: () => (session.value && user.value ? { session: session.value, user: user.value } : null),
      setUnknown: (value) => { unknown.value = value },
      map: (shown, change) => computed(() => change((shown as { value: Parameters<typeof change>[0] }).value)),
    }
    const known = keepKnown(client, app)
    return new URL(baseURL, location.href).origin === location.origin ? known : comeBackTo(known, location.origin)
  })
}
