// The real Better Auth, with the options of lockstep.mjs, as a server of its
// own. Its data is in memory; "down" closes the port and "up" opens it again.
import http from 'node:http'
import { betterAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { toNodeHandler } from 'better-auth/node'

const { port, baseURL, secret, trustedOrigins, github, session, rateLimit } = JSON.parse(process.argv[2])

// Better Auth has the addresses of GitHub in its code.
const real = globalThis.fetch
globalThis.fetch = (input, init) => {
  const url = new URL(input.url ?? input)
  return real(['github.com', 'api.github.com'].includes(url.host) ? github + url.pathname + url.search : input, init)
}

const auth = betterAuth({
  baseURL, secret, trustedOrigins, session, rateLimit,
  database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
  emailAndPassword: { enabled: true },
  account: { accountLinking: { enabled: true, trustedProviders: ['github'] } },
  socialProviders: { github: { clientId: 'app', clientSecret: 'github-secret', authorizationEndpoint: `${github}/login/oauth/authorize` } },
})
const handle = toNodeHandler(auth)

const cors = (req, res) => {
  const { origin } = req.headers
  if (origin === new URL(baseURL).origin || !trustedOrigins.includes(origin)) return false
  res.setHeader('access-control-allow-origin', origin)
  res.setHeader('access-control-allow-credentials', 'true')
  if (req.method !== 'OPTIONS') return false
  res.writeHead(204, { 'access-control-allow-methods': 'GET, POST', 'access-control-allow-headers': 'content-type' }).end()
  return true
}

const server = http.createServer((req, res) => { if (!cors(req, res)) handle(req, res) })
const up = () => server.listen(port, '127.0.0.1', () => process.send('up'))
process.on('message', (what) => {
  if (what === 'up') return up()
  server.close(() => process.send('down'))
  server.closeAllConnections()
})
process.on('disconnect', () => process.exit())
up()
