// The settings of a running server.
import { minSecret } from './proof.js'
import type { Target } from './upstream.js'

/** What runtimeConfig.lockstep holds; each can be set as NUXT_LOCKSTEP_…. */
export interface RuntimeOptions {
  url?: string
  proxySecret?: string
  timeout?: number | string
  clientAddressHeader?: string
}

/** The settings, checked. */
export interface Settings extends Target {
  proxySecret: string
  clientAddressHeader: string
  site: string // the origin of the app, or ''
}

/** Checks the settings. The error says what to set, and shows no value that could be secret. */
export function settingsFrom(options: RuntimeOptions, siteUrl?: string): Settings {
  const origin = originFrom(options.url)
  const proxySecret = options.proxySecret ?? ''
  if (proxySecret && proxySecret.length < minSecret) {
    throw new Error(`[lockstep-nuxt] NUXT_LOCKSTEP_PROXY_SECRET has ${proxySecret.length} characters: use ${minSecret} or more, as "lockstep secret" prints them`)
  }
  const timeout = Number(options.timeout ?? 5000)
  if (!Number.isInteger(timeout) || timeout < 1) {
    throw new Error('[lockstep-nuxt] NUXT_LOCKSTEP_TIMEOUT is a number of milliseconds, such as 5000')
  }
  const site = siteUrl ? originOf(siteUrl) : ''
  return { origin, proxySecret, timeout, clientAddressHeader: options.clientAddressHeader ?? '', site }
}

function originOf(siteUrl: string): string {
  if (URL.canParse(siteUrl)) return new URL(siteUrl).origin
  throw new Error('[lockstep-nuxt] NUXT_PUBLIC_SITE_URL is no address: write it as https://example.com')
}

function originFrom(text: string | undefined): URL {
  const url = text && URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new Error('[lockstep-nuxt] NUXT_LOCKSTEP_URL is not the address of a server: set it to where Lockstep listens, such as http://127.0.0.1:3001')
  }
  if (url.pathname !== '/' || url.search || url.hash || url.username || url.password) {
    throw new Error('[lockstep-nuxt] NUXT_LOCKSTEP_URL has more than scheme, host and port: leave the rest out')
  }
  return url
}
