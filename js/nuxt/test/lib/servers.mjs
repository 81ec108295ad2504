// A server in the place of Lockstep, and one that forwards to it.
import './nitro.mjs'
import http from 'node:http'
import net from 'node:net'
import { secret } from './nitro.mjs'

const { createApp, defineEventHandler, fetchWithEvent, toNodeListener } = await import('h3')
const { createFetch } = await import('ofetch')
const { fetchNodeRequestHandler } = await import('node-mock-http')
const handlers = await Promise.all(['context', 'guard', 'forward'].map(async (name) => (await import(`../../dist/runtime/server/${name}.js`)).default))

const listen = (server) => new Promise((done) => server.listen(0, '127.0.0.1', () => done(server.address().port)))

/**
 * Starts a server that answers with handle, and one that forwards to it and
 * else answers with page. The settings are read once in a process: the port of
 * the first server stays the same.
 */
export async function start() {
  const state = { handle: undefined, seen: [], page: () => 'page' }
  const lockstep = http.createServer((req, res) => {
    state.seen.push({ method: req.method, url: req.url, headers: req.headers, raw: req.rawHeaders })
    state.handle(req, res)
  })
  const port = await listen(lockstep)
  globalThis.runtimeConfig.lockstep = { url: `http://127.0.0.1:${port}`, proxySecret: secret, timeout: 300 }

  const local = (path, init) => fetchNodeRequestHandler(listener, path, init)
  const $fetch = createFetch({ fetch: local })
  const app = createApp({ onRequest: (event) => { event.$fetch = (path, init) => fetchWithEvent(event, path, init, { fetch: $fetch }) } })
  for (const handler of handlers) app.use(handler)
  app.use(defineEventHandler((event) => state.page(event)))
  const listener = toNodeListener(app)
  const site = http.createServer(listener)
  const sitePort = await listen(site)
  return Object.assign(state, {
    origin: `http://127.0.0.1:${sitePort}`,
    sitePort,
    $fetch,
    async down() {
      lockstep.closeAllConnections()
      await new Promise((done) => lockstep.close(done))
    },
    up: () => new Promise((done) => lockstep.listen(port, '127.0.0.1', done)),
    close() {
      for (const server of [site, lockstep]) {
        server.closeAllConnections()
        server.close()
      }
    },
  })
}

/** Sends text over a connection of its own and returns all that comes back until the other side ends it. */
export function raw(port, text) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(text))
    let answer = ''
    socket.on('data', (chunk) => { answer += chunk })
    socket.on('error', reject)
    socket.on('close', () => resolve(answer))
  })
}
