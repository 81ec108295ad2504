// Checks the settings when the server starts, and keeps pages that were made
// for somebody out of caches.
import { getRequestHeader } from 'h3'
import { defineNitroPlugin, useRuntimeConfig } from 'nitropack/runtime'
import { hasSessionCookie } from './session.js'
import { useSettings } from './visit.js'

export default defineNitroPlugin((nitro) => {
  if (!import.meta.prerender) checkSettings()
  nitro.hooks.hook('render:response', (response, { event }) => {
    if (!event.context.lockstep?.reads.size || !hasSessionCookie(getRequestHeader(event, 'cookie') ?? '')) return
    response.headers = { ...response.headers, 'cache-control': 'private, no-store' }
  })
})

function checkSettings() {
  useSettings()
  const config = useRuntimeConfig()
  // The names of the cookies depend on it. Taken from the request, anybody
  // could choose it, and make this server keep something for each choice.
  if (config.lockstep.full && !import.meta.dev && !config.public.siteUrl) {
    throw new Error('[lockstep-nuxt] NUXT_PUBLIC_SITE_URL is not set: set it to the address that browsers use, such as https://example.com')
  }
}
