// Requests to Lockstep. node:http and not fetch, because fetch follows its own
// mind about some headers (Sec-Fetch-Mode, Connection, Accept-Encoding).
import http from 'node:http'
import https from 'node:https'
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { Headers } from './headers.js'

/** Where Lockstep is and how long to wait for it. */
export interface Target {
  origin: URL
  timeout: number // milliseconds without a byte, in either direction
}

/** A request to Lockstep. */
export interface Outgoing {
  method: string
  path: string // with the query, as it came
  headers: Headers
  body?: Readable | Buffer
  signal?: AbortSignal
}

/** Lockstep did not answer, or not in time. */
export class Unavailable extends Error {
  override name = 'Unavailable'
}

// Connections are used again. Lockstep closes idle ones after two minutes; to
// close them earlier here avoids a request on a connection that is about to end.
const agents = {
  'http:': new http.Agent({ keepAlive: true, timeout: 60_000 }),
  'https:': new https.Agent({ keepAlive: true, timeout: 60_000 }),
}

/**
 * Sends a request and returns the answer once its headers are there. Redirects
 * are answers. The error is an Unavailable.
 */
export function send(target: Target, out: Outgoing): Promise<IncomingMessage> {
  const { protocol } = target.origin
  return new Promise((resolve, reject) => {
    const request = (protocol === 'https:' ? https : http).request(target.origin, {
      agent: agents[protocol as keyof typeof agents],
      method: out.method,
      path: out.path,
      headers: framed(out),
      signal: out.signal,
    })
    request.setTimeout(target.timeout, () => request.destroy(new Error(`no answer for ${target.timeout} ms`)))
    request.once('response', resolve)
    // Also after the answer: an upload that is cut short ends with the answer.
    request.on('error', (err) => reject(new Unavailable(`Lockstep at ${target.origin.origin}: ${err.message}`, { cause: err })))
    if (!out.body || Buffer.isBuffer(out.body)) {
      request.end(out.body)
      return
    }
    out.body.once('error', (err) => request.destroy(err))
    out.body.pipe(request)
  })
}

/**
 * Says how long the body is. Node.js would send one that is not announced
 * without a frame if the method usually has none, and what follows it on the
 * connection would be read as another request.
 */
function framed(out: Outgoing): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = Object.fromEntries(Object.entries(out.headers).filter(([, value]) => value !== undefined))
  if (!out.body || Buffer.isBuffer(out.body)) {
    delete headers['content-length']
    if (out.body?.length) headers['content-length'] = String(out.body.length)
  } else if (headers['content-length'] === undefined) {
    headers['transfer-encoding'] = 'chunked'
  }
  return headers
}

/** Reads an answer of at most limit bytes. */
export async function bodyOf(answer: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limit) {
      answer.destroy()
      throw new Unavailable(`Lockstep answered with more than ${limit} bytes`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
