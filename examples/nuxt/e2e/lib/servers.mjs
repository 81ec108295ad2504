// A whole stack for each run: the app in one of its modes, Lockstep or the real
// Better Auth behind it, and a fake GitHub.
import { fork, spawn } from 'node:child_process'
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startGitHub } from './github.mjs'
import { out } from './modes.mjs'

const secret = 'e2e-secret-0123456789abcdef0123456789'
const proxySecret = 'e2e-proxy-0123456789abcdef0123456789'

/** Starts a stack. Options of the session and of rate limits can be changed. */
export async function start({ mode = 'full', backend = 'lockstep', session = {}, rateLimit = { enabled: false }, name = `${mode}-${backend}`, withProof = true } = {}) {
  const [site, auth, hub] = await freePorts(3)
  const origin = `http://localhost:${site}`
  const options = {
    port: auth,
    baseURL: mode === 'client' ? `http://localhost:${auth}` : origin,
    secret,
    trustedOrigins: [origin],
    github: `http://localhost:${hub}`,
    session: { cookieCache: { enabled: true, strategy: 'jwe', maxAge: 300 }, deferSessionRefresh: true, ...session },
    rateLimit,
  }
  if (backend === 'lockstep' && !process.env.LOCKSTEP_BIN) throw new Error('set LOCKSTEP_BIN to the lockstep binary')
  const log = logTo(name)
  const github = await startGitHub(hub)
  const server = await (backend === 'lockstep' ? startLockstep(options, log, withProof) : startReference(options, log))
  const app = run(process.execPath, [`${out}/app-${mode}/server/index.mjs`], {
    log,
    env: {
      PORT: String(site), HOST: '127.0.0.1', NODE_ENV: 'production',
      NUXT_PUBLIC_SITE_URL: options.baseURL, NUXT_BETTER_AUTH_SECRET: secret,
      NUXT_LOCKSTEP_URL: `http://127.0.0.1:${auth}`, NUXT_LOCKSTEP_PROXY_SECRET: withProof ? proxySecret : '', NUXT_LOCKSTEP_TIMEOUT: '2000',
    },
  })
  await answers(`${origin}/`)
  return {
    mode, backend, origin, auth: options.baseURL, behind: `http://127.0.0.1:${auth}`, github: github.origin, server, log,
    async stop() {
      github.stop()
      await app.stop()
      await server.stop()
    },
  }
}

async function startLockstep({ port, baseURL, trustedOrigins, github, session, rateLimit }, log, withProof) {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-nuxt-'))
  writeFileSync(join(folder, 'lockstep.yaml'), JSON.stringify({ // which is YAML
    baseURL, trustedOrigins, session, rateLimit,
    emailAndPassword: { enabled: true },
    account: { accountLinking: { trustedProviders: ['github'] } },
    oauth: { insecureAllowPrivateNetworks: true },
    socialProviders: {
      github: {
        clientId: 'app', clientSecret: 'github-secret',
        authorizationEndpoint: `${github}/login/oauth/authorize`, tokenEndpoint: `${github}/login/oauth/access_token`,
        userInfoEndpoint: `${github}/user`, userEmailsEndpoint: `${github}/user/emails`,
      },
    },
  }))
  let program
  const up = async () => {
    program = run(process.env.LOCKSTEP_BIN, ['serve', '--addr', `127.0.0.1:${port}`], {
      log, cwd: folder, env: { BETTER_AUTH_SECRET: secret, LOCKSTEP_PROXY_SECRET: withProof ? proxySecret : '' },
    })
    await answers(`http://127.0.0.1:${port}/api/auth/ok`)
  }
  await up()
  return {
    up,
    down: () => program.stop(),
    async stop() {
      await program.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function startReference(options, log) {
  const child = fork(fileURLToPath(new URL('reference.mjs', import.meta.url)), [JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env: { PATH: process.env.PATH, NODE_ENV: 'production' },
  })
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => log.write(chunk))
  const told = () => new Promise((done, fail) => {
    child.once('message', done)
    child.once('exit', () => fail(new Error('Better Auth ended; see its log')))
  })
  const say = async (what) => {
    const done = told()
    child.send(what)
    await done
  }
  await told()
  return { up: () => say('up'), down: () => say('down'), stop: async () => child.kill() }
}

/** Runs a program until stop is called; what it says goes to the log. */
function run(command, args, { env, cwd, log }) {
  const child = spawn(command, args, { cwd, env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => log.write(chunk))
  child.on('error', (err) => log.write(String(err)))
  return {
    async stop() {
      if (child.exitCode === null && child.kill('SIGINT')) await new Promise((done) => child.once('exit', done))
    },
  }
}

/** A log in memory and in a file. */
function logTo(name) {
  mkdirSync(`${out}/logs`, { recursive: true })
  const file = createWriteStream(`${out}/logs/${name}.log`)
  let text = ''
  return { write(chunk) { text += chunk; file.write(chunk) }, text: () => text }
}

async function answers(url) {
  for (const end = Date.now() + 20_000; Date.now() < end;) {
    try {
      await fetch(url)
      return
    } catch {
      await new Promise((done) => setTimeout(done, 25))
    }
  }
  throw new Error(`${url} does not answer; see out/logs`)
}

/** Ports that are free, and different. */
async function freePorts(n) {
  const servers = await Promise.all(Array.from({ length: n }, () => new Promise((done) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => done(server))
  })))
  const ports = servers.map((server) => server.address().port)
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))))
  return ports
}
