#!/usr/bin/env node
// Serves a fake Convex deployment. See README.md.
import { createServer } from 'node:http'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Deployment, SystemError, UdfError } from './lib/deployment.mjs'
import { Faults } from './lib/faults.mjs'
import { identityFromJwt } from './lib/auth.mjs'
import { loadBetterAuthComponent, loadFunctions } from './lib/loader.mjs'
import { fromJson, toJsonText, ValueError } from './lib/values.mjs'

const HERE = dirname(fileURLToPath(import.meta.url))
const VERSION = 'convex-testbed-0.1.0'
const MAX_BODY = (1 << 24) + 2000
const DEFAULT_ADMIN_KEY = 'testbed|0123456789abcdef'

const { values: opt } = parseArgs({
  options: {
    host: { type: 'string', default: process.env.TESTBED_HOST ?? '127.0.0.1' },
    port: { type: 'string', short: 'p', default: process.env.TESTBED_PORT ?? '3210' },
    profile: { type: 'string', default: process.env.TESTBED_PROFILE ?? 'seed' },
    'admin-key': { type: 'string', default: process.env.TESTBED_ADMIN_KEY ?? DEFAULT_ADMIN_KEY },
    name: { type: 'string', default: process.env.TESTBED_NAME ?? 'testbed' },
    redact: { type: 'boolean', default: process.env.TESTBED_REDACT === '1' },
    'udf-error-status': { type: 'string', default: process.env.TESTBED_UDF_ERROR_STATUS ?? '200' },
    'missing-404': { type: 'boolean', default: process.env.TESTBED_MISSING_404 === '1' },
    'test-ids': { type: 'boolean', default: process.env.TESTBED_TEST_IDS === '1' },
    'no-limits': { type: 'boolean', default: process.env.TESTBED_NO_LIMITS === '1' },
    'no-index': { type: 'boolean', default: process.env.TESTBED_NO_INDEX === '1' },
    'no-component': { type: 'boolean', default: process.env.TESTBED_NO_COMPONENT === '1' },
    'no-test-api': { type: 'boolean', default: process.env.TESTBED_NO_TEST_API === '1' },
    'exit-with-stdin': { type: 'boolean', default: false },
    quiet: { type: 'boolean', short: 'q', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (opt.help) {
  console.log('usage: node server.mjs [--port 3210] [--profile seed|full|secured|DIR] [--admin-key KEY] [--redact]\n' +
    '       [--udf-error-status 200|560] [--missing-404] [--test-ids] [--no-limits] [--no-index] [--no-component] [--no-test-api] [--exit-with-stdin] [-q]')
  process.exit(0)
}

async function loadProfile(name) {
  const shared = await loadFunctions(join(HERE, 'profiles/_shared'), { needSchema: false })
  const component = await loadBetterAuthComponent()
  let root
  if (name === 'full') root = { modules: { auth: component.modules.adapter }, schema: component.schema, authConfig: null }
  else {
    const builtin = join(HERE, 'profiles', name)
    root = await loadFunctions(existsSync(builtin) ? builtin : resolve(name))
  }
  root.modules = { ...shared.modules, ...root.modules }
  return { root, components: opt['no-component'] ? {} : { betterAuth: component } }
}

const config = {
  redact: opt.redact,
  udfErrorStatus: Number(opt['udf-error-status']),
  adminKeys: new Map([[opt['admin-key'], { ops: null }]]),
  authConfig: process.env.TESTBED_AUTH_CONFIG ? JSON.parse(process.env.TESTBED_AUTH_CONFIG) : null,
}
// TESTBED_EXTRA_KEYS='{"testbed|ro":["ViewData","RunInternalQueries"]}' : keys with fewer rights.
for (const [k, ops] of Object.entries(JSON.parse(process.env.TESTBED_EXTRA_KEYS ?? '{}'))) config.adminKeys.set(k, { ops: new Set(ops) })
const faults = new Faults(JSON.parse(process.env.TESTBED_FAULTS ?? '[]'))
const profile = await loadProfile(opt.profile)
config.authConfig ??= profile.root.authConfig
const deployment = new Deployment({ ...profile, realIds: !opt['test-ids'], limits: !opt['no-limits'], index: !opt['no-index'], missing404: opt['missing-404'] })

let stats, journal
const resetStats = () => { stats = { requests: 0, since: Date.now(), byPath: {} }; journal = [] }
resetStats()

/** Enters a call in the journal as it arrives; finish completes the entry. */
function enter(req, res, seen) {
  const entry = { at: Date.now(), endpoint: seen.endpoint, path: seen.path, ok: null, status: 0, ms: 0, client: req.headers['convex-client'], traceparent: req.headers.traceparent, auth: (req.headers.authorization ?? '').split(' ')[0] || undefined }
  if (journal.length >= 5000) journal.shift()
  journal.push(entry)
  res.testbed = { seen, entry, t0: performance.now() }
}
function finish(res) {
  if (!res.testbed) return
  const { seen, entry, t0 } = res.testbed
  const ms = performance.now() - t0
  const c = (stats.byPath[`${seen.endpoint} ${seen.path}`] ??= { calls: 0, errors: 0, ms: 0 })
  stats.requests++; c.calls++; c.ms += ms
  if (seen.ok === false) c.errors++
  Object.assign(entry, { ok: seen.ok ?? null, status: res.headersSent ? res.statusCode : 0, ms: Math.round(ms * 100) / 100 })
}

// ---- request pieces ----------------------------------------------------

const bad = (code, message) => new SystemError(400, code, message)

function readBody(req) {
  return new Promise((ok, fail) => {
    const chunks = []
    let n = 0
    req.on('data', (c) => {
      n += c.length
      if (n > MAX_BODY) { fail(bad('BadJsonBody', 'Failed to buffer the request body: length limit exceeded')); req.resume(); return }
      chunks.push(c)
    })
    req.on('end', () => ok(Buffer.concat(chunks)))
    req.on('error', fail)
  })
}

async function jsonBody(req) {
  const ct = (req.headers['content-type'] ?? '').split(';')[0].trim().toLowerCase()
  if (!/^application\/(json|[^/]+\+json)$/.test(ct)) { req.resume(); throw bad('BadJsonBody', 'Expected request with `Content-Type: application/json`') }
  const text = (await readBody(req)).toString('utf8')
  try { return JSON.parse(text) } catch (e) {
    throw bad('BadJsonBody', `Failed to parse the request body as JSON: ${e.message}`)
  }
}

// "prod:name|key" -> "name|key"; "preview:team:proj|key" -> "key"
function stripKeyType(k) {
  const i = k.indexOf('|')
  if (i < 0) return k
  const prefix = k.slice(0, i), rest = k.slice(i + 1), j = prefix.indexOf(':')
  if (j < 0) return k
  const type = prefix.slice(0, j).toLowerCase()
  return type === 'preview' || type === 'project' ? rest : `${prefix.slice(j + 1)}|${rest}`
}

async function authenticate(req, url) {
  const header = req.headers.authorization
  let key = null
  if (header !== undefined) {
    if (header.length < 7) throw bad('InvalidHeaderFailure', 'Invalid authentication header')
    const scheme = header.slice(0, 7).toLowerCase()
    if (scheme === 'convex ') key = stripKeyType(header.slice(7))
    else if (scheme === 'bearer ' && header.length > 7) return { admin: null, identity: await identityFromJwt(header.slice(7).trim(), config.authConfig) }
    else throw bad('InvalidAdminKey', 'Invalid admin key')
  } else key = url.searchParams.get('adminKey')
  if (key === null) return { admin: null, identity: null }
  let identity = null
  const i = key.indexOf(':')
  if (i >= 0) {
    try {
      const a = JSON.parse(Buffer.from(key.slice(i + 1), 'base64').toString('utf8'))
      if (!a.tokenIdentifier && !(a.issuer && a.subject)) throw new Error('missing')
      identity = { ...a, tokenIdentifier: a.tokenIdentifier ?? `${a.issuer}|${a.subject}` }
    } catch { throw bad('HeaderParseFailure', 'Malformed Authorization header.') }
    key = key.slice(0, i)
  }
  const admin = [...config.adminKeys].find(([k]) => k === key || k.split('|')[1] === key)?.[1]
  if (!admin) throw new SystemError(401, 'BadAdminKey', 'The provided admin key was invalid for this instance')
  if (identity && admin.ops && !admin.ops.has('ActAsUser')) throw new SystemError(403, 'OperationNotPermitted', 'You do not have permission to perform this operation (deployment:functions:actAsUser).')
  return { admin, identity }
}

const FORMATS = { convex_encoded_json: 'convex_encoded_json', convex_json: 'convex_encoded_json', json: 'json', convex_clean_json: 'json' }
function formatOf(f) {
  if (f === undefined || f === null) return null
  if (!FORMATS[f]) throw bad('BadFormat', `format param must be one of [\`json\`]. Got ${f}`)
  return FORMATS[f]
}

// `args` is an object, or an array holding it (what the JS client sends).
function udfArgs(raw, label) {
  const list = Array.isArray(raw) ? raw : [raw]
  let conv
  try { conv = list.map((x) => fromJson(x)) } catch (e) {
    if (e instanceof ValueError) throw new UdfError(`Invalid arguments for ${label}: ${e.message}\n`)
    throw e
  }
  if (conv.length !== 1) throw new UdfError(`ArgumentValidationError: Expected to receive a single object as the function's argument. Instead received ${conv.length} arguments\n`)
  if (typeof conv[0] !== 'object' || conv[0] === null || Array.isArray(conv[0])) throw new UdfError(`ArgumentValidationError: Expected to receive an object as the function's argument. Instead received: ${JSON.stringify(raw)}\n`)
  return conv[0]
}

const encodeTs = (ts) => { const b = Buffer.alloc(8); b.writeBigUInt64LE(ts); return b.toString('base64') }
function decodeTs(s) {
  const b = Buffer.from(String(s), 'base64')
  if (b.length !== 8) throw new SystemError(500, 'InternalServerError', "Your request couldn't be completed. Try again later.")
  return b.readBigUInt64LE()
}

// ---- responses ---------------------------------------------------------

function udfResponseText(outcome, format, requestId) {
  const logs = config.redact || !outcome.logs?.length ? '' : `,"logLines":${JSON.stringify(outcome.logs)}`
  if (!outcome.error) return `{"status":"success","value":${toJsonText(outcome.value, format)}${logs}}`
  const e = outcome.error
  let message = `[Request ID: ${requestId}] Server Error`
  if (!config.redact) message += `\n${e.message}${e.message.endsWith('\n') ? '' : '\n'}${e.frames?.length ? e.frames.join('\n') + '\n' : ''}`
  const data = e.hasData ? `,"errorData":${toJsonText(e.data, format)}` : ''
  return `{"status":"error","errorMessage":${JSON.stringify(message)}${data}${logs}}`
}

function send(req, res, status, body, headers = {}) {
  if (res.destroyed) return
  res.writeHead(status, {
    'content-type': typeof body === 'string' && body.startsWith('{') ? 'application/json' : 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    ...(req.headers.origin ? { 'access-control-allow-origin': req.headers.origin, 'access-control-allow-credentials': 'true', vary: 'origin' } : {}),
    ...headers,
  })
  res.end(body)
}
const sleep = (ms) => new Promise((r) => setTimeout(r, ms))

/** true when the fault answered (or killed) the request */
async function applyFault(fault, req, res, normalText) {
  if (!fault) return false
  if (fault.delayMs) await sleep(fault.delayMs)
  switch (fault.action) {
    case 'none': return false
    case 'hang': await new Promise((r) => res.once('close', r)); return true
    case 'drop': req.socket.destroy(); return true
    case 'truncate': {
      const t = normalText ?? '{"status":"success","value":null}'
      res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(t) })
      res.write(t.slice(0, Math.ceil(t.length / 2)), () => req.socket.destroy())
      return true
    }
    case 'garbage': send(req, res, fault.status ?? 200, fault.body ?? '<html>bad gateway</html>', { 'content-type': 'text/html' }); return true
    case 'status': send(req, res, fault.status ?? 500, fault.body ?? JSON.stringify({ code: fault.code ?? 'InternalServerError', message: fault.message ?? "Your request couldn't be completed. Try again later." }), fault.headers); return true
  }
  throw new Error(`unknown fault action ${fault.action}`)
}

// ---- function endpoints ------------------------------------------------

async function runOne({ kind, body, caller, component, ts, format, transport }) {
  const label = String(body.path)
  try {
    deployment.parsePath(body.path)
    const args = udfArgs(body.args, label)
    const { value, logs } = await deployment.call({ component, path: body.path, kind, args, caller, ts, transport })
    return { value, logs, format }
  } catch (e) {
    if (e instanceof UdfError) return { error: e, logs: e.logs, format }
    throw e
  }
}

function needFields(body, fields) {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw bad('BadJsonBody', 'Failed to deserialize the JSON body into the target type: invalid type, expected struct')
  for (const f of fields) if (body[f] === undefined) throw bad('BadJsonBody', `Failed to deserialize the JSON body into the target type: missing field \`${f}\``)
}

function defaultFormat(req) {
  const m = /^(?:npm|npm-cli|actions)-(\d+)\.(\d+)\.(\d+)/.exec(req.headers['convex-client'] ?? '')
  if (m && [+m[1], +m[2], +m[3]].reduce((a, x) => a * 1000 + x, 0) < 1004001) return 'convex_encoded_json'
  return 'json'
}

async function handleFunction(endpoint, req, res, url, requestId) {
  const kind = { query: 'query', query_at_ts: 'query', mutation: 'mutation', action: 'action', function: 'any', run: 'any' }[endpoint]
  let body
  if (req.method === 'GET') {
    const args = url.searchParams.get('args'), path = url.searchParams.get('path')
    if (path === null || args === null) throw bad('BadQueryArgs', `Failed to deserialize query string: missing field \`${path === null ? 'path' : 'args'}\``)
    let parsed
    try { parsed = JSON.parse(args) } catch (e) { throw bad('BadQueryArgs', `Failed to deserialize query string: ${e.message}`) }
    body = { path, args: parsed, format: url.searchParams.get('format') ?? undefined }
  } else body = await jsonBody(req)
  if (endpoint === 'run') {
    needFields(body, ['args'])
    const parts = url.pathname.slice('/api/run/'.length).split('/').map(decodeURIComponent)
    if (parts.length < 2) throw bad('MissingIdentifier', 'Path or function name not provided in path, e.g. /api/run/messages/list')
    const fn = parts.pop()
    body = { ...body, path: `${parts.join('/')}:${fn}` }
  } else needFields(body, endpoint === 'query_at_ts' ? ['path', 'args', 'ts'] : ['path', 'args'])
  if (typeof body.path !== 'string') throw bad('BadJsonBody', 'Failed to deserialize the JSON body into the target type: path: invalid type, expected a string')
  const seen = { endpoint, path: body.path, kind: kind === 'any' ? undefined : kind }
  enter(req, res, seen)
  if (await applyFault(faults.take('before', seen), req, res)) return
  if (endpoint !== 'function') deployment.parsePath(body.path)
  const caller = await authenticate(req, url)
  let component = ''
  if (endpoint === 'function') {
    if (!caller.admin) throw new SystemError(403, 'BadDeployKey', 'The provided deploy key was invalid for this deployment. Double check that the environment this key was generated for matches the desired deployment.')
    component = body.componentPath ?? ''
  }
  const ts = endpoint === 'query_at_ts' ? decodeTs(body.ts) : undefined
  const outcome = await runOne({ kind, body, caller, component, ts, transport: endpoint === 'function' || endpoint === 'run' ? 'function' : 'public' })
  const format = formatOf(body.format) ?? (endpoint === 'run' ? 'json' : defaultFormat(req))
  const text = udfResponseText(outcome, format, requestId)
  if (await applyFault(faults.take('after', seen), req, res, text)) return
  seen.ok = !outcome.error
  send(req, res, outcome.error ? config.udfErrorStatus : 200, text)
}

async function handleBatch(req, res, url, requestId) {
  const body = await jsonBody(req)
  needFields(body, ['queries'])
  const seen = { endpoint: 'query_batch', path: '' }
  enter(req, res, seen)
  if (await applyFault(faults.take('before', seen), req, res)) return
  const ts = await deployment.queryTs()
  const caller = await authenticate(req, url)
  const out = []
  for (const q of body.queries) {
    needFields(q, ['path', 'args'])
    const format = formatOf(q.format) ?? defaultFormat(req)
    deployment.parsePath(q.path)
    out.push(udfResponseText(await runOne({ kind: 'query', body: q, caller, component: '', ts, transport: 'public' }), format, requestId))
  }
  const text = `{"results":[${out.join(',')}]}`
  if (await applyFault(faults.take('after', seen), req, res, text)) return
  seen.ok = true
  send(req, res, 200, text)
}

// ---- test back door ----------------------------------------------------

async function handleTest(path, req, res, url) {
  const j = (v, status = 200) => send(req, res, status, JSON.stringify(v))
  const body = async () => { const t = (await readBody(req)).toString(); return t ? JSON.parse(t) : {} }
  switch (`${req.method} ${path}`) {
    case 'GET /health': return j({ ok: true, version: VERSION, profile: opt.profile, name: opt.name, tables: Object.keys(profile.root.schema.tables), functions: Object.fromEntries(Object.entries(profile.root.modules).map(([m, x]) => [m, Object.fromEntries(Object.entries(x).filter(([, f]) => f?.isQuery || f?.isMutation || f?.isAction).map(([n, f]) => [n, `${f.isInternal ? 'internal ' : ''}${f.isQuery ? 'query' : f.isMutation ? 'mutation' : 'action'}`]))])) })
    case 'POST /reset': deployment.reset(); faults.set([]); resetStats(); return j({ ok: true })
    case 'GET /faults': return j(faults.list())
    case 'PUT /faults': case 'POST /faults': faults.set(await body()); return j(faults.list())
    case 'DELETE /faults': faults.set([]); return j([])
    case 'GET /stats': return j({ ...stats, uptimeMs: Date.now() - stats.since })
    case 'GET /journal': return j(journal)
    case 'DELETE /journal': resetStats(); return j({ ok: true })
    case 'GET /dump': return send(req, res, 200, toJsonText(await deployment.dump(url.searchParams.get('component') ?? '', url.searchParams.get('table') ?? undefined)))
    case 'POST /load': { const b = await body(); return j(await deployment.load(b.component ?? '', Object.fromEntries(Object.entries(b.tables ?? {}).map(([t, docs]) => [t, docs.map((d) => fromJson(d))])))) }
    case 'POST /change': { const b = await body(); await deployment.change(b.component ?? '', { patch: (b.patch ?? []).map((d) => fromJson(d)), remove: b.remove ?? [] }); return j({ ok: true }) }
    case 'GET /config': return j({ redact: config.redact, udfErrorStatus: config.udfErrorStatus, authConfig: config.authConfig })
    case 'POST /config': {
      const b = await body()
      if (b.redact !== undefined) config.redact = !!b.redact
      if (b.udfErrorStatus !== undefined) config.udfErrorStatus = Number(b.udfErrorStatus)
      if (b.authConfig !== undefined) config.authConfig = b.authConfig
      if (b.keys !== undefined) for (const [k, ops] of Object.entries(b.keys)) ops === false ? config.adminKeys.delete(k) : config.adminKeys.set(k, { ops: ops ? new Set(ops) : null })
      return j({ redact: config.redact, udfErrorStatus: config.udfErrorStatus, authConfig: config.authConfig })
    }
  }
  return j({ error: `no test endpoint ${req.method} ${path}` }, 404)
}

// ---- routing -----------------------------------------------------------

async function route(req, res) {
  const url = new URL(req.url, 'http://x')
  const requestId = req.headers['convex-request-id'] ?? randomBytes(8).toString('hex')
  const p = url.pathname
  if (p.startsWith('/__test/') && !opt['no-test-api']) return handleTest(p.slice('/__test'.length), req, res, url)
  if (req.method === 'OPTIONS') return send(req, res, 200, '', { 'access-control-allow-methods': 'GET,POST,OPTIONS,PATCH,DELETE,PUT', 'access-control-allow-headers': req.headers['access-control-request-headers'] ?? '', 'access-control-max-age': '86400' })
  const cc = req.headers['convex-client']
  if (cc !== undefined && cc.split('-').length < 2) { req.resume(); throw bad('InvalidClientVersion', `Failed to parse client version string: '${cc}'. Expected format is {client_name}-{semver}, e.g. my-esolang-client-0.0.1`) }
  if (p.startsWith('/api/')) {
    const ep = p.slice(5)
    if (ep === 'query' && (req.method === 'POST' || req.method === 'GET')) return handleFunction('query', req, res, url, requestId)
    if (['mutation', 'action', 'query_at_ts', 'function'].includes(ep) && req.method === 'POST') return handleFunction(ep, req, res, url, requestId)
    if (ep.startsWith('run/') && req.method === 'POST') return handleFunction('run', req, res, url, requestId)
    if (ep === 'query_ts' && req.method === 'POST') {
      req.resume()
      if (await applyFault(faults.take('before', { endpoint: 'query_ts' }), req, res)) return
      return send(req, res, 200, JSON.stringify({ ts: encodeTs(await deployment.queryTs()) }))
    }
    if (ep === 'query_batch' && req.method === 'POST') return handleBatch(req, res, url, requestId)
    if (['query', 'mutation', 'action', 'query_at_ts', 'function', 'query_ts', 'query_batch'].includes(ep)) { req.resume(); return send(req, res, 405, '', { allow: 'POST' }) }
  }
  if (req.method === 'GET') {
    if (p === '/') return send(req, res, 200, 'This Convex deployment is running. See https://docs.convex.dev/.')
    if (p === '/version' || p === '/instance_version') return send(req, res, 200, VERSION)
    if (p === '/instance_name') return send(req, res, 200, opt.name)
  }
  if (p === '/echo' && req.method === 'POST') { const b = await readBody(req); res.writeHead(200, { 'content-length': b.length }); return res.end(b) }
  req.resume()
  send(req, res, 404, '')
}

const server = createServer((req, res) => {
  res.on('close', () => finish(res))
  route(req, res).catch((e) => {
    if (e instanceof SystemError) return send(req, res, e.status, JSON.stringify({ code: e.code, message: e.message }))
    console.error('testbed bug:', e)
    send(req, res, 500, JSON.stringify({ code: 'InternalServerError', message: "Your request couldn't be completed. Try again later." }))
  })
})
server.keepAliveTimeout = 65000
server.headersTimeout = 66000
server.on('error', (e) => { console.error(e.message); process.exit(1) })
server.listen(Number(opt.port), opt.host, () => {
  const a = server.address()
  if (!opt.quiet) console.log(`convex-testbed: profile ${opt.profile}, http://${a.address}:${a.port}, admin key ${opt['admin-key']}`)
  else console.log(`http://${a.address}:${a.port}`)
})
const stop = () => { server.close(() => process.exit(0)); server.closeAllConnections() }
for (const sig of ['SIGINT', 'SIGTERM']) process.on(sig, stop)
// A parent that dies, however suddenly, closes the pipe: no process is left behind.
if (opt['exit-with-stdin']) process.stdin.on('end', stop).resume()
