// Checks the settings when the server starts, and keeps pages that were made
// for somebody out of caches.
import { type H3Event, setResponseHeader } from 'h3'
import { defineNitroPlugin, useRuntimeConfig } from 'nitropack/runtime'
import { hasToken } from './session.js'
import { useSettings } from './visit.js'

export default defineNitroPlugin((nitro) => {
  if (!import.meta.prerender) checkSettings()
  nitro.hooks.hook('render:response', (response, { event }) => {
    if (isOfSomebody(event)) response.headers = { ...response.headers, 'cache-control': forNobodyElse }
  })
  // A component of the server by itself; Nuxt does not tell Nitro's types of it.
  nitro.hooks.hook('render:island' as 'render:response', (_island, { event }) => {
    if (isOfSomebody(event)) setResponseHeader(event, 'cache-control', forNobodyElse)
  })
})

const forNobodyElse = 'private, no-store'

/** Reports whether a session was read for what is rendered. */
function isOfSomebody(event: H3Event): boolean {
  return Boolean(event.context.lockstep?.reads.size) && hasToken(event)
}

function checkSettings() {
  useSettings()
  const config = useRuntimeConfig()
  // The names of the cookies depend on it. Taken from the request, anybody
  // could choose it, and make this server keep something for each choice.
  if (config.lockstep.full && !import.meta.dev && !config.public.siteUrl) {
    throw new Error('[lockstep-nuxt] NUXT_PUBLIC_SITE_URL is not set: set it to the address that browsers use, such as https://example.com')
  }
}
