import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..')
export const KEY = 'testbed|0123456789abcdef'

/** Starts a testbed on a free port. -> { url, stop } */
export async function start(args = [], env = {}) {
  const p = spawn(process.execPath, [join(ROOT, 'server.mjs'), '-q', '--port', '0', ...args], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] })
  let out = ''
  for await (const chunk of p.stdout) { out += chunk; if (out.includes('\n')) break }
  const url = out.split('\n')[0]
  if (!url.startsWith('http')) throw new Error(`testbed did not start: ${out}`)
  return { url, pid: p.pid, stop: async () => { if (p.exitCode === null) { p.kill('SIGTERM'); await once(p, 'exit') } } }
}

export async function post(url, path, body, headers = {}) {
  const r = await fetch(url + path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: typeof body === 'string' ? body : JSON.stringify(body) })
  const text = await r.text()
  let json
  try { json = JSON.parse(text) } catch { json = undefined }
  return { status: r.status, text, json }
}
export const admin = { authorization: `Convex ${KEY}` }
export const user = (i = 1, x = {}) => ({ name: `n${i}`, email: `u${i}@example.com`, emailVerified: false, createdAt: 1000 + i, updatedAt: 1000 + i, ...x })
