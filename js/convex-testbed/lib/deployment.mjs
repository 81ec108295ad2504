// One fake deployment: real Convex functions running inside convex-test.
import { AsyncLocalStorage } from 'node:async_hooks'
import { inspect } from 'node:util'
import { convexTest } from 'convex-test'
import { componentsGeneric, makeFunctionReference } from 'convex/server'
import { compareValues, convexToJson } from 'convex/values'
import { IdMap, decodeId } from './ids.mjs'
import { check, ValidationError } from './validate.mjs'
import { sizeOf } from './values.mjs'

const MAX_ARGS = 1 << 24
const requestStore = new AsyncLocalStorage() // { logs, checked, root }

/** A failure of the function itself: HTTP 200, {"status":"error"}. */
export class UdfError extends Error {
  constructor(message, { data, frames } = {}) { super(message); this.data = data; this.hasData = data !== undefined; this.frames = frames }
}
/** A failure of the platform: HTTP status with {"code","message"}. */
export class SystemError extends Error {
  constructor(status, code, message) { super(message); this.status = status; this.code = code }
}

const fmtLog = (x) => (typeof x === 'string' ? `'${x.replace(/\\/g, '\\\\').replace(/'/g, "\\'").replace(/\n/g, '\\n')}'` : inspect(x, { depth: 5, breakLength: Infinity }))
function consoleFor(logs) {
  const put = (level) => (...a) => { if (logs.length < 256) logs.push(`[${level}] ${a.map(fmtLog).join(' ')}`.slice(0, 32768)) }
  return { log: put('LOG'), info: put('INFO'), warn: put('WARN'), error: put('ERROR'), debug: put('DEBUG'), trace: put('LOG'), time() {}, timeEnd() {}, timeLog() {} }
}

// Same function, but its console output goes to the request's log lines.
function wrapFunction(f) {
  const w = (...a) => f(...a)
  Object.assign(w, f)
  w._handler = (ctx, args) => {
    const store = requestStore.getStore()
    if (!store) return f._handler(ctx, args)
    globalThis.console = consoleFor(store.logs) // scoped by convex-test to this call
    const { checked, root } = store
    if (!checked || root !== f) return f._handler(ctx, args)
    store.root = null // only the outermost call
    return Promise.resolve(f._handler(ctx, args)).then(checked)
  }
  return w
}
// convex-test's limit errors, in the backend's words
const HELP = 'Consider using smaller limits in your queries, paginating your queries, or using indexed queries with a selective index range expressions.'
function limitText(m) {
  let x
  if ((x = /^Scanned too many documents .*\(limit: (\d+)\)/.exec(m))) return `Too many documents read in a single function execution (limit: ${x[1]}). ${HELP}`
  if ((x = /^Read too much data .*\(limit: (\d+) bytes\)/.exec(m))) return `Too many bytes read in a single function execution (limit: ${x[1]} bytes). ${HELP}`
  if ((x = /^Too many index ranges read .*\(limit: (\d+)\)/.exec(m))) return `Too many reads in a single function execution (limit: ${x[1]}). ${HELP}`
  if ((x = /^Wrote too many documents .*\(limit: (\d+)\)/.exec(m))) return `Too many writes in a single function execution (limit: ${x[1]})`
  if ((x = /^Wrote too much data .*\(limit: (\d+) bytes\)/.exec(m))) return `Too many bytes written in a single function execution (limit: ${x[1]} bytes)`
  return m
}
const isFn = (f) => typeof f === 'function' && (f.isQuery || f.isMutation || f.isAction)
const wrapModule = (m) => Object.fromEntries(Object.entries(m).map(([k, f]) => [k, isFn(f) ? wrapFunction(f) : f]))

function moduleGlob(modules) {
  const out = { './_generated/api.js': async () => ({}) }
  for (const [name, m] of Object.entries(modules)) {
    const w = wrapModule(m)
    out[`./${name}.js`] = async () => w
  }
  return out
}

export class Deployment {
  /**
   * root: { modules, schema }; components: { [path]: { modules, schema } }
   */
  constructor({ root, components = {}, realIds = true, limits = true, index = true, missing404 = false, seed }) {
    this.apps = { '': root, ...components }
    this.opts = { realIds, limits, index, missing404, seed }
    this.reset()
  }

  reset() {
    const root = this.apps['']
    this.t = convexTest({ schema: root.schema, modules: moduleGlob(root.modules), transactionLimits: this.opts.limits })
    for (const [path, c] of Object.entries(this.apps)) if (path) this.t.registerComponent(path, c.schema, moduleGlob(c.modules))
    this.ids = {}
    let first = 10001
    for (const [path, c] of Object.entries(this.apps)) {
      const tables = Object.keys(c.schema.tables)
      this.ids[path] = new IdMap(tables, { enabled: this.opts.realIds, seed: this.opts.seed, firstTableNumber: first })
      first += 100
    }
    this.queue = Promise.resolve()
    this.dbs = null
    this.lastTs = BigInt(Date.now()) * 1000000n
    this.pinned = new Map() // ts -> { dbs: {path: documents}|null }
    this.exportCache = new Map()
  }

  /** convex-test keeps its store private; its Object.values(components) call shows it once. */
  async #captureStores() {
    if (this.dbs) return
    const orig = Object.values
    let found = null
    Object.values = (o) => {
      if (o && o['']?.db?.startTransaction) found = o
      return orig(o)
    }
    try { await this.t.run(async () => {}) } finally { Object.values = orig }
    if (!found) throw new Error('convex-test internals changed: store not found')
    this.dbs = Object.fromEntries(Object.entries(found).map(([p, c]) => [p, c.db]))
    for (const [path, db] of Object.entries(this.dbs)) this.#patchStore(db, this.ids[path])
  }

  #patchStore(db, ids) {
    const realIds = this.opts.realIds
    const get = db.get
    db.get = function (table, id) {
      // The real db.get rejects strings that are not ids; convex-test answers null.
      if (realIds && typeof id === 'string' && !/^[0-9]+[A-Za-z_]/.test(id)) {
        const d = decodeId(id)
        if (d.error) throw new Error(`Invalid argument \`id\` for \`db.get\`: ${d.error}`)
        return null
      }
      return get.call(this, table, id)
    }
    if (!this.opts.index) return
    // convex-test scans every document of every table for each read. Keep one
    // id set per table and hash indexes for leading equality filters, and let
    // its own code evaluate the narrowed candidates.
    const tables = new Map(), hashes = new Map() // table -> Set(ids); "table.field" -> Map(key -> Set(ids))
    const tableOf = (id) => id.replace(/^[0-9]+/, '')
    const keyOf = (v) => (v === undefined ? 'u' : JSON.stringify(convexToJson(v)))
    const add = (id, doc) => {
      const t = tableOf(id)
      if (!tables.has(t)) tables.set(t, new Set())
      tables.get(t).add(id)
      for (const [hk, m] of hashes) {
        const [ht, f] = hk.split('.')
        if (ht !== t) continue
        const k = keyOf(doc[f])
        if (!m.has(k)) m.set(k, new Set())
        m.get(k).add(id)
      }
    }
    const drop = (id, doc) => {
      const t = tableOf(id)
      tables.get(t)?.delete(id)
      for (const [hk, m] of hashes) {
        const [ht, f] = hk.split('.')
        if (ht === t) m.get(keyOf(doc[f]))?.delete(id)
      }
    }
    const rebuild = () => {
      tables.clear(); hashes.clear()
      for (const [id, doc] of Object.entries(db._documents)) add(id, doc)
    }
    rebuild()
    db.__rebuildIndex = rebuild
    const commit = db.commit
    db.commit = function (...a) {
      const top = this._writes.length === 1 ? this._writes[0] : null
      if (top) for (const id of Object.keys(top)) { const old = this._documents[id]; if (old) drop(id, old) }
      const r = commit.apply(this, a)
      if (top) for (const id of Object.keys(top)) { const doc = this._documents[id]; if (doc) add(id, doc) }
      return r
    }
    let hint = null
    const resolve = db._resolveQuerySource
    db._resolveQuerySource = function (query) {
      const s = query.source
      if (s.type === 'IndexRange' && s.range[0]?.type === 'Eq' && !s.range[0].fieldPath.includes('.')) {
        const v = s.range[0].value
        const isUndef = v && typeof v === 'object' && '$undefined' in v
        hint = { table: s.indexName.split('.')[0], field: s.range[0].fieldPath, key: isUndef ? 'u' : JSON.stringify(v) }
      }
      try { return resolve.call(this, query) } finally { hint = null }
    }
    db._iterateDocs = function (table, cb) {
      let ids = tables.get(table) ?? new Set()
      if (hint && hint.table === table) {
        const hk = `${table}.${hint.field}`
        let m = hashes.get(hk)
        if (!m) {
          m = new Map()
          for (const id of ids) {
            const k = keyOf(this._documents[id]?.[hint.field])
            if (!m.has(k)) m.set(k, new Set())
            m.get(k).add(id)
          }
          hashes.set(hk, m)
        }
        ids = m.get(hint.key) ?? new Set()
      }
      const seen = new Set(ids)
      for (const w of this._writes) for (const id of Object.keys(w)) if (tableOf(id) === table) seen.add(id)
      for (const id of seen) { const doc = this.get(table, id); if (doc !== null) cb(doc) }
    }
  }

  // ---- function lookup -------------------------------------------------

  /** "dir/mod:fn", "mod.js:fn", "mod" -> { module, name, display } or throws 400. */
  parsePath(path) {
    const bad = (why) => { throw new SystemError(400, 'BadConvexFunctionIdentifier', `${path} is not a valid path to a Convex function. ${why}`) }
    if (typeof path !== 'string') bad('')
    const i = path.lastIndexOf(':')
    let module = i < 0 ? path : path.slice(0, i)
    const name = i < 0 ? 'default' : path.slice(i + 1)
    if (!module || module.endsWith('/')) bad(`Module path ${module} doesn't have a filename.`)
    if (module.startsWith('/')) bad(`Module paths must be relative (${module} is absolute).`)
    const ext = module.match(/\.([^./]+)$/)
    if (ext && ext[1] !== 'js' && ext[1] !== 'config') bad(`Module path (${module}) has an extension that isn't 'js'.`)
    module = module.replace(/\.js$/, '')
    if (!/^[A-Za-z0-9_./-]+$/.test(module) || module.split('/').some((c) => c === '..' || c === '.')) bad('Path component can only contain alphanumeric characters, underscores, or periods.')
    if (!/^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name)) bad(`Function name ${name} isn't a valid identifier.`)
    return { module, name, display: name === 'default' ? module : `${module}:${name}` }
  }

  lookup(component, p) {
    const m = this.apps[component]?.modules[p.module]
    const f = m?.[p.name]
    return isFn(f) ? f : null
  }

  // ---- execution -------------------------------------------------------

  /**
   * kind: 'query' | 'mutation' | 'action' | 'any'.
   * caller: { admin: null | { ops: Set|null }, identity: object|null }
   * -> { value, logs }; throws UdfError / SystemError (with .logs)
   */
  async call({ component = '', path, kind, args, caller, ts, transport = 'public' }) {
    const p = this.parsePath(path)
    if (!(component in this.apps)) throw new UdfError(`Component path '${component}' not found`)
    const f = this.lookup(component, p)
    const inComponent = component ? ` in component "${component}"` : ''
    // What is wrong with the path is the function's error, or with the knob UDF_404_ON_BAD_PATH the backend's.
    const badPath = (code, text) => (this.opts.missing404 ? new SystemError(404, code, text) : new UdfError(text))
    const missing = () => badPath('FunctionPathNotFound', transport === 'function'
      ? `Could not find function for '${p.display}'${inComponent}. Did you forget to run \`npx convex dev\`?`
      : `Could not find public function for '${p.display}'${inComponent}.`)
    if (!f) throw missing()
    const type = f.isQuery ? 'query' : f.isMutation ? 'mutation' : 'action'
    const need = (op, action) => {
      if (caller.admin?.ops && !caller.admin.ops.has(op)) throw new SystemError(403, 'OperationNotPermitted', `You do not have permission to perform this operation (${action}).`)
    }
    const Type = type[0].toUpperCase() + type.slice(1)
    if (component) {
      if (!caller.admin) throw missing()
      type === 'query' ? need('ViewData', 'deployment:data:view') : need('WriteData', 'deployment:data:write')
    } else if (f.isInternal) {
      if (!caller.admin || (transport === 'function' && caller.identity)) throw missing()
      need({ query: 'RunInternalQueries', mutation: 'RunInternalMutations', action: 'RunInternalActions' }[type],
        { query: 'deployment:functions:runInternalQueries', mutation: 'deployment:functions:runInternalMutations', action: 'deployment:functions:runInternalActions' }[type])
    }
    if (kind !== 'any' && kind !== type) {
      const Kind = kind[0].toUpperCase() + kind.slice(1)
      throw badPath('FunctionPathWrongType', `Trying to execute ${p.module}.js:${p.name} as ${Kind}, but it is defined as ${Type}.`)
    }
    if (sizeOf(args) > MAX_ARGS) throw new UdfError(`Arguments for ${p.module}.js:${p.name} are too large (actual: ${(sizeOf(args) / (1 << 20)).toFixed(2)} MiB, limit: 16 MiB)`)
    this.#validateArgs(f, args)

    const logs = []
    const run = async () => {
      await this.#captureStores()
      for (const db of Object.values(this.dbs)) db._queryResults = {} // convex-test never frees them
      const inArgs = this.ids[component].inbound(args)
      const t = caller.identity ? this.t.withIdentity(caller.identity) : this.t
      const ref = component ? componentRef(component, p) : makeFunctionReference(`${p.module}:${p.name}`)
      const method = type === 'query' ? 'query' : type === 'mutation' ? 'mutation' : 'action'
      const restore = ts !== undefined && type === 'query' ? this.#timeTravel(ts) : null
      if (type !== 'query') this.#keepPinned()
      try {
        // Checked inside the call, before it commits, as the backend does.
        const checked = (v) => { this.#checkResult(p, v); if (type === 'mutation') this.#bumpTs(); return v }
        const value = await requestStore.run({ logs, checked: type === 'action' ? null : checked, root: f }, () => t[method](ref, inArgs))
        if (type === 'action') this.#checkResult(p, value)
        if (type === 'action') this.#bumpTs()
        return this.ids[component].outbound(value === undefined ? null : value)
      } catch (e) {
        throw this.#toUdfError(e, component)
      } finally { restore?.() }
    }
    const result = this.queue.then(run)
    this.queue = result.catch(() => {})
    try {
      return { value: await result, logs, type }
    } catch (e) {
      e.logs = logs
      throw e
    }
  }

  #checkResult(p, v) {
    const name = `${p.module}:${p.name}`
    const walk = (x, depth) => {
      if (depth > 64) throw new UdfError(`Function ${name} return value invalid: Value is too nested (nested ${depth} levels deep > maximum nesting 64)`)
      if (typeof x !== 'object' || x === null || x instanceof ArrayBuffer) return
      if (Array.isArray(x)) {
        if (x.length > 8192) throw new UdfError(`Function ${name} return value invalid: Array length is too long (${x.length} > maximum length 8192)`)
        for (const y of x) walk(y, depth + 1)
        return
      }
      const ks = Object.keys(x)
      if (ks.length > 1024) throw new UdfError(`Function ${name} return value invalid: Object has too many fields (${ks.length} > maximum number 1024)`)
      for (const k of ks) walk(x[k], depth + 1)
    }
    walk(v, 0)
    const size = sizeOf(v)
    if (size > MAX_ARGS) throw new UdfError(`Function ${name} return value is too large (actual: ${(size / (1 << 20)).toFixed(2)} MiB, limit: 16 MiB)`)
  }

  #validateArgs(f, args) {
    let v = this.exportCache.get(f)
    if (!v) this.exportCache.set(f, (v = JSON.parse(f.exportArgs())))
    if (v.type === 'any') return
    try { check(v, args) } catch (e) {
      if (e instanceof ValidationError) throw new UdfError(`ArgumentValidationError: ${e.text}\n`)
      throw e
    }
  }

  #toUdfError(e, component) {
    if (e instanceof SystemError || e instanceof UdfError) return e
    const isConvexError = typeof e === 'object' && e !== null && Symbol.for('ConvexError') in e
    const name = isConvexError ? 'ConvexError' : (e?.name ?? 'Error')
    let message = String(e?.message ?? e)
    const frames = String(e?.stack ?? '').split('\n').filter((l) => /^\s+at /.test(l) && !l.includes('convex-test') && !l.includes('node:internal') && !l.includes('convex-testbed/lib') && !l.includes('registration_impl'))
      .slice(0, 8).map((l) => '    ' + l.trim().replace(/file:\/\/\S*\/node_modules\//, '../../node_modules/').replace(/file:\/\/\S*\/\.build\/[^/]+\//, '../convex/'))
    message = this.ids[component].outbound(limitText(message))
    const data = isConvexError ? this.ids[component].outbound(e.data) : undefined
    return new UdfError(`Uncaught ${name}: ${message}`, { data, frames })
  }

  // ---- timestamps ------------------------------------------------------

  #bumpTs() {
    const now = BigInt(Date.now()) * 1000000n
    this.lastTs = now > this.lastTs ? now : this.lastTs + 1n
  }
  /** Latest timestamp; the state at it stays readable for a while. */
  async queryTs() {
    await (this.queue = this.queue.then(() => this.#captureStores()))
    if (!this.pinned.has(this.lastTs)) this.pinned.set(this.lastTs, { docs: null, at: Date.now() })
    for (const [k, p] of this.pinned) if (this.pinned.size > 64 || Date.now() - p.at > 30000) this.pinned.delete(k)
    return this.lastTs
  }
  #keepPinned() {
    const p = this.pinned.get(this.lastTs)
    if (p && !p.docs) p.docs = Object.fromEntries(Object.entries(this.dbs).map(([path, db]) => [path, { ...db._documents }]))
  }
  #timeTravel(ts) {
    if (ts >= this.lastTs) return null
    let best = null
    for (const [k, p] of this.pinned) if (k <= ts && p.docs && (best === null || k > best)) best = k
    if (best === null) throw new SystemError(503, 'InternalServerError', "Your request couldn't be completed. Try again later.")
    const saved = {}
    for (const [path, db] of Object.entries(this.dbs)) {
      saved[path] = db._documents
      db._documents = { ...this.pinned.get(best).docs[path] }
      db.__rebuildIndex?.()
    }
    return () => { for (const [path, db] of Object.entries(this.dbs)) { db._documents = saved[path]; db.__rebuildIndex?.() } }
  }

  // ---- test back door --------------------------------------------------

  async dump(component = '', table) {
    await (this.queue = this.queue.then(() => this.#captureStores()))
    const out = {}
    for (const name of Object.keys(this.apps[component].schema.tables)) {
      if (table && table !== name) continue
      out[name] = []
    }
    for (const [id, doc] of Object.entries(this.dbs[component]._documents)) {
      const name = id.replace(/^[0-9]+/, '')
      if (out[name]) out[name].push(this.ids[component].outbound(doc))
    }
    for (const rows of Object.values(out)) rows.sort((a, b) => compareValues(a._creationTime, b._creationTime))
    return out
  }
  async load(component, tables) {
    const ids = {}
    await this.#write(component, async (ctx, inbound) => {
      for (const [table, docs] of Object.entries(tables)) {
        ids[table] = []
        for (const { _id, _creationTime, ...doc } of docs) ids[table].push(await ctx.db.insert(table, inbound(doc)))
      }
    })
    return Object.fromEntries(Object.entries(ids).map(([t, l]) => [t, this.ids[component].outbound(l)]))
  }
  /** Sets fields of documents, each with its _id, and deletes others by id. */
  async change(component, { patch, remove }) {
    await this.#write(component, async (ctx, inbound) => {
      for (const { _id, ...fields } of patch) await ctx.db.patch(inbound(_id), inbound(fields))
      for (const id of remove) await ctx.db.delete(inbound(id))
    })
  }
  async #write(component, work) {
    await (this.queue = this.queue.then(() => this.#captureStores()))
    const inbound = (v) => this.ids[component].inbound(v)
    const r = this.queue.then(async () => {
      this.#keepPinned()
      const run = (ctx) => work(ctx, inbound)
      if (component) await this.t.runInComponent(component, run)
      else await this.t.run(run)
      this.#bumpTs()
    })
    this.queue = r.catch(() => {})
    await r
  }
}

function componentRef(component, p) {
  let ref = componentsGeneric()
  for (const c of component.split('/')) ref = ref[c]
  for (const c of p.module.split('/')) ref = ref[c]
  return ref[p.name]
}
