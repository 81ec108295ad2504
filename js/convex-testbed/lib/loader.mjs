// Loads a Convex functions directory (schema.ts, auth.ts, auth.config.ts, ...)
// the way `convex deploy` bundles it: one ESM entry per file, npm packages
// taken from this testbed' node_modules.
import { build } from 'esbuild'
import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { dirname, extname, join, relative, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const require = createRequire(join(ROOT, 'package.json'))
const EXTS = new Set(['.ts', '.tsx', '.mts', '.js', '.jsx', '.mjs'])

function* walk(dir) {
  for (const e of readdirSync(dir, { withFileTypes: true })) {
    if (e.name === '_generated' || e.name === 'node_modules' || e.name.startsWith('.')) continue
    const p = join(dir, e.name)
    if (e.isDirectory()) yield* walk(p)
    else if (EXTS.has(extname(e.name)) && !e.name.endsWith('.d.ts') && !/\.(test|spec)\./.test(e.name)) yield p
  }
}

/** -> { modules: {"auth": namespace}, schema, authConfig } */
export async function loadFunctions(dir, { needSchema = true } = {}) {
  dir = resolve(dir)
  if (!existsSync(dir) || !statSync(dir).isDirectory()) throw new Error(`no such functions directory: ${dir}`)
  const entries = [...walk(dir)]
  const outdir = join(ROOT, '.build', `${createHash('sha1').update(dir).digest('hex').slice(0, 12)}-${process.pid}-${Date.now()}`)
  mkdirSync(outdir, { recursive: true })
  try {
    await build({
      entryPoints: entries, outdir, outbase: dir, format: 'esm', platform: 'node', target: 'node20',
      bundle: true, splitting: true, outExtension: { '.js': '.mjs' }, logLevel: 'error', absWorkingDir: dir,
      plugins: [{
        name: 'testbed',
        setup(b) {
          // `_generated/server` and `_generated/api` need no codegen here.
          b.onResolve({ filter: /_generated\/(server|api)(\.[jt]s)?$/ }, (a) => ({ path: a.path.replace(/.*_generated\//, '').replace(/\.[jt]s$/, ''), namespace: 'generated' }))
          b.onLoad({ filter: /.*/, namespace: 'generated' }, (a) => ({
            resolveDir: ROOT,
            contents: a.path === 'server'
              ? ['query', 'mutation', 'action', 'internalQuery', 'internalMutation', 'internalAction', 'httpAction']
                  .map((n) => `export { ${n}Generic as ${n} } from 'convex/server'`).join('\n')
              : `import { anyApi, componentsGeneric } from 'convex/server'\nexport const api = anyApi, internal = anyApi, components = componentsGeneric()`,
          }))
          b.onResolve({ filter: /^[^./]/ }, (a) => {
            if (a.namespace === 'file' && a.kind === 'entry-point') return
            return { path: a.path, external: true } // resolved by Node from testbed/.build upwards
          })
        },
      }],
    })
    const modules = {}
    for (const f of entries) {
      const name = relative(dir, f).replace(/\\/g, '/').replace(/\.[^./]+$/, '')
      const file = join(outdir, `${name}.mjs`)
      modules[name] = await import(pathToFileURL(file).href)
    }
    const schema = modules.schema?.default
    if (!schema && needSchema) throw new Error(`${dir}/schema.ts has no default export`)
    return { modules, schema, authConfig: modules['auth.config']?.default ?? null }
  } finally {
    rmSync(outdir, { recursive: true, force: true })
  }
}

/** The component as the npm package ships it (schema is not in its exports map). */
export async function loadBetterAuthComponent() {
  const pkg = dirname(require.resolve('@convex-dev/better-auth/package.json'))
  const schema = (await import(pathToFileURL(join(pkg, 'dist/component/schema.js')).href)).default
  const adapter = await import(pathToFileURL(join(pkg, 'dist/component/adapter.js')).href)
  return { modules: { adapter }, schema }
}
