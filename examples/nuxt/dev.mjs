// Starts Lockstep and Nuxt for development, with secrets of their own in .env,
// and ends both when one ends. `npm run dev`.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'

const secret = () => randomBytes(32).toString('base64url')

if (!existsSync('.env')) {
  writeFileSync('.env', [
    `BETTER_AUTH_SECRET=${secret()}`,
    `LOCKSTEP_PROXY_SECRET=${secret()}`,
    'NUXT_LOCKSTEP_URL=http://127.0.0.1:3001',
    'NUXT_PUBLIC_SITE_URL=http://localhost:3000',
    '',
  ].join('\n'), { mode: 0o600 })
  console.log('Made .env with new secrets.')
}
process.loadEnvFile('.env')
const site = new URL(process.env.NUXT_PUBLIC_SITE_URL)
const behind = new URL(process.env.NUXT_LOCKSTEP_URL)
process.env.NUXT_LOCKSTEP_PROXY_SECRET = process.env.LOCKSTEP_PROXY_SECRET
process.env.BETTER_AUTH_URL = site.origin

const programs = [
  [process.env.LOCKSTEP_BIN ?? 'lockstep', 'dev', '--addr', behind.host, '--fake-github'],
  [process.execPath, 'node_modules/nuxt/bin/nuxt.mjs', 'dev', '--host', site.hostname, '--port', site.port],
].map(([command, ...args]) => spawn(command, args, { stdio: 'inherit' }))

const end = () => programs.forEach((program) => program.kill('SIGTERM'))
process.once('SIGINT', end)
process.once('SIGTERM', end)
for (const program of programs) {
  program.once('exit', end)
  program.once('error', (err) => {
    console.error(`${err.message}. Put the lockstep binary on the PATH, or set LOCKSTEP_BIN.`)
    process.exitCode = 1
    end()
  })
}
