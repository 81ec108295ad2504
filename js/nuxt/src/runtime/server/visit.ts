// What is known about one request of a client, and about the requests that the
// server makes to itself to answer it.
import type { H3Event } from 'h3'
import { getRouteRules, useRuntimeConfig } from 'nitropack/runtime'
import { type Client, addressOf, clientOf } from './address.js'
import { type Settings, settingsFrom } from './config.js'
import type { Headers } from './headers.js'
import type { SessionRead } from './session.js'

/** A request of a client. */
export interface Visit {
  event: H3Event // of the client's own request: cookies for the browser go here
  client: Client
  reads: Map<string, Promise<SessionRead>> // by the token and cookies they were made with
  readPage?: (event: H3Event) => Promise<SessionRead> // for the app, which is another bundle
}

const key = 'lockstep'

interface Mock { __unenv__?: Record<string, unknown> }

let settings: Settings | undefined

/** Returns the settings of the server. */
export function useSettings(): Settings {
  if (settings) return settings
  const { lockstep, public: open } = useRuntimeConfig()
  settings = settingsFrom(lockstep ?? {}, open?.siteUrl as string | undefined)
  return settings
}

/** Reports whether the server itself made the request, by $fetch. */
export function isInternal(event: H3Event): boolean {
  return '__unenv__' in event.node.req
}

/** Returns the visit that an event belongs to. */
export function visitOf(event: H3Event): Visit {
  const outer = (event.node.req as Mock).__unenv__?.[key] as Visit | undefined
  event.context[key] ??= outer ?? newVisit(event)
  return event.context[key]
}

function newVisit(event: H3Event): Visit {
  const { socket, headers } = event.node.req
  const peer = {
    address: addressOf(socket),
    encrypted: Boolean((socket as { encrypted?: boolean } | undefined)?.encrypted),
    headers: headers as Headers,
  }
  const client = isInternal(event) ? { address: '', proto: 'http', host: '' } : clientOf(peer, useSettings().clientAddressHeader)
  return { event, client, reads: new Map() }
}

/**
 * Reports whether the page of a visit is made for everybody: kept in a cache
 * (isr, swr, cache) or made at build time. Nuxt keeps the payload of such a page
 * by its path alone, whoever asked for it.
 */
export function isForEverybody(visit: Visit): boolean {
  const { cache, isr, swr, prerender } = getRouteRules(visit.event) as Record<string, unknown>
  return Boolean(cache || isr || swr || prerender)
}
