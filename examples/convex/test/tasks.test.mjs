// The functions of the example on the Convex test bed, for users whom Lockstep
// signs in. Nothing is deployed.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ConvexHttpClient } from 'convex/browser'
import { anyApi as api } from 'convex/server'

const example = fileURLToPath(new URL('..', import.meta.url))
const testbed = fileURLToPath(new URL('../../../js/convex-testbed/server.mjs', import.meta.url))
const site = 'http://localhost:3000' // baseURL of lockstep.yaml
const adminKey = 'testbed|0123456789abcdef'
const bin = process.env.LOCKSTEP_BIN

let folder, deployment, server
before(async () => {
  if (!bin) throw new Error('set LOCKSTEP_BIN to the lockstep binary')
  folder = await mkdtemp(join(tmpdir(), 'lockstep-convex-'))
  for (const name of ['convex', 'lockstep.yaml', 'package.json']) {
    await cp(join(example, name), join(folder, name), { recursive: true })
  }
  await symlink(join(example, 'node_modules'), join(folder, 'node_modules'))
  await run(bin, ['convex', 'generate'])
  deployment = await start(process.execPath, [testbed, '-q', '--port', '0', '--profile', join(folder, 'convex'), '--admin-key', adminKey],
    {}, /^(http:\S+)$/)
  server = await start(bin, ['dev', '--addr', '127.0.0.1:0'],
    { CONVEX_URL: deployment.url, CONVEX_DEPLOY_KEY: adminKey }, /Pages +(http:\/\/localhost:\d+)/)
  // auth.config.ts has the address of the app; the test has no app in front.
  const { providers } = (await (await fetch(deployment.url + '/__test/config')).json()).authConfig
  assert.deepEqual(providers, [{
    type: 'customJwt', applicationID: 'convex', algorithm: 'RS256', issuer: site, jwks: site + '/api/auth/convex/jwks',
  }])
  await post(deployment.url, '/__test/config', { authConfig: { providers: [{ ...providers[0], jwks: server.url + '/api/auth/convex/jwks' }] } })
})
after(async () => {
  await server?.stop()
  await deployment?.stop()
  await rm(folder, { recursive: true, force: true })
})

test('what lockstep convex init would write is there', async () => {
  const files = await readdir(join(folder, 'convex'))
  const { stdout } = await run(bin, ['convex', 'init'])
  assert.match(stdout, /Nothing to change: the files are up to date\./)
  assert.deepEqual(await readdir(join(folder, 'convex')), files)
})

test('the functions have the types they should have', () => run(join(folder, 'node_modules/.bin/tsc'), ['--project', 'convex']))

test('users see their own tasks, and nobody else sees any', async () => {
  const [ada, bob, nobody] = [await client('ada'), await client('bob'), new ConvexHttpClient(deployment.url)]
  assert.deepEqual(await ada.query(api.tasks.list), [])
  await ada.mutation(api.tasks.add, { text: ' Buy milk ' })
  await ada.mutation(api.tasks.add, { text: 'Water the plants' })
  await bob.mutation(api.tasks.add, { text: 'Sleep' })
  assert.deepEqual((await ada.query(api.tasks.list)).map((t) => t.text), ['Water the plants', 'Buy milk'])
  assert.deepEqual((await bob.query(api.tasks.list)).map((t) => t.text), ['Sleep'])
  await assert.rejects(ada.mutation(api.tasks.add, { text: ' ' }), /1 to 200 characters/)
  await assert.rejects(nobody.query(api.tasks.list), /Sign in first/)
  await assert.rejects(nobody.mutation(api.tasks.add, { text: 'x' }), /Sign in first/)
})

test('a token of somebody else is none', async () => {
  const eve = new ConvexHttpClient(deployment.url)
  const [header, , signature] = (await tokenOf('eve')).split('.')
  const claims = Buffer.from(JSON.stringify({ iss: site, aud: 'convex', sub: 'ada', exp: 4e9 })).toString('base64url')
  eve.setAuth([header, claims, signature].join('.'))
  await assert.rejects(eve.query(api.tasks.list))
})

test('the data of users is not to be had from outside', async () => {
  const ada = await client('ada2')
  for (const name of ['read', 'apply', 'describe']) await assert.rejects(ada.query(api.lockstep[name], {}), /Could not find public function/)
})

test('a session that has ended gets no token', async () => {
  const cookie = await signUp('carol')
  await post(server.url, '/api/auth/sign-out', {}, { cookie })
  assert.equal((await fetch(server.url + '/api/auth/convex/token', { headers: { cookie } })).status, 401)
})

async function client(name) {
  const convex = new ConvexHttpClient(deployment.url)
  convex.setAuth(await tokenOf(name))
  return convex
}

async function tokenOf(name) {
  const answer = await fetch(server.url + '/api/auth/convex/token', { headers: { cookie: await signUp(name) } })
  return (await answer.json()).token
}

// Returns the Cookie header of a new user.
async function signUp(name) {
  const answer = await post(server.url, '/api/auth/sign-up/email', { name, email: `${name}@example.com`, password: 'correct horse battery' })
  return answer.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ')
}

async function post(origin, path, body, headers) {
  const answer = await fetch(origin + path, {
    method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json', Origin: site, ...headers },
  })
  assert.ok(answer.ok, `${path} answers ${answer.status}`)
  return answer
}

const env = () => ({ PATH: process.env.PATH, HOME: folder })

async function run(command, args) {
  const child = spawn(command, args, { cwd: folder, env: env(), stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => { stdout += text })
  const [code] = await once(child, 'exit')
  assert.equal(code, 0, `${command} ${args.join(' ')}\n${stdout}`)
  return { stdout }
}

// Starts a program, whose output has its address.
async function start(command, args, more, address) {
  const child = spawn(command, args, { cwd: folder, env: { ...env(), ...more }, stdio: ['ignore', 'pipe', 'inherit'] })
  const url = await new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${command} ended with ${code}`)))
    createInterface(child.stdout).on('line', (line) => {
      const found = address.exec(line)
      if (found) resolve(found[1])
    })
  })
  return {
    url,
    async stop() {
      if (child.exitCode === null && child.kill('SIGTERM')) await once(child, 'exit')
    },
  }
}
