// Which headers go on to Lockstep, and which come back.
import type { Client } from './address.js'
import { clientHeader, proofHeader, prove } from './proof.js'

/** Headers as Node.js has them: names in lower case. */
export type Headers = Record<string, string | string[] | undefined>

// Headers of one connection (RFC 9110 section 7.6.1), and what only Node.js may
// say about the next one.
const hopByHop = [
  'connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection',
  'te', 'trailer', 'transfer-encoding', 'upgrade', 'http2-settings',
]

// Headers in which proxies name the client. From a browser they are lies that
// Lockstep would believe, since this server is a proxy it trusts.
const claims = [
  'forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-port', 'x-forwarded-server',
  'x-real-ip', 'x-client-ip', 'x-cluster-client-ip', 'true-client-ip', 'cf-connecting-ip', 'cf-connecting-ipv6',
  'cf-pseudo-ipv4', 'fastly-client-ip', 'fly-client-ip', 'x-vercel-forwarded-for', 'x-nf-client-connection-ip',
  'x-azure-clientip', 'x-appengine-user-ip', clientHeader, proofHeader,
]

/** Returns headers without those that end here. */
function endToEnd(headers: Headers, drop: string[]): Headers {
  const named = String(headers.connection ?? '').toLowerCase().split(',').map((name) => name.trim())
  const gone = new Set([...hopByHop, ...named, ...drop])
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !gone.has(name)))
}

/** Returns the headers of a request to Lockstep for a request of a client. */
export function requestHeaders(headers: Headers, client: Client, secret: string, now: number): Headers {
  const out = endToEnd(headers, ['host', 'expect', ...claims])
  if (client.host) out['x-forwarded-host'] = client.host
  out['x-forwarded-proto'] = client.proto
  if (!client.address) return out
  out['x-forwarded-for'] = client.address
  if (secret) {
    out[clientHeader] = client.address
    out[proofHeader] = prove(secret, client.address, now)
  }
  return out
}

/** Returns the headers of the response to the client. */
export function responseHeaders(headers: Headers): Headers {
  return endToEnd(headers, [])
}
