// Starts Lockstep and the front end, and ends both together. Flags are for lockstep
// dev: npm run dev -- --data other
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const { PORT = '3000', SITE_PORT = '5173', LOCKSTEP_BIN = 'lockstep' } = process.env
const env = {
  ...process.env, PORT, SITE_PORT,
  VITE_AUTH_URL: `http://localhost:${PORT}`,
  BETTER_AUTH_TRUSTED_ORIGINS: `http://localhost:${SITE_PORT}`,
}
const cwd = fileURLToPath(new URL('.', import.meta.url))
const vite = fileURLToPath(new URL('node_modules/vite/bin/vite.js', import.meta.url))

const running = [start(LOCKSTEP_BIN, ['dev', '--config', 'lockstep.yaml', ...process.argv.slice(2)]), start(process.execPath, [vite])]
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => end(0))

function start(command, args) {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] })
  child.once('error', () => {
    console.error(`There is no ${command}. Install it with "go install ./cmd/lockstep" in a checkout of Lockstep, or set LOCKSTEP_BIN.`)
    end(1)
  })
  child.once('exit', (code) => end(code ?? 1))
  return child
}

function end(code) {
  process.exitCode ??= code
  for (const child of running) if (child.exitCode === null) child.kill()
}
