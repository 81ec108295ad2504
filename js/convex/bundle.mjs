// Bundles src/ as "npx convex deploy" does (convex 1.48.0: src/bundler/index.ts
// and debugBundle.ts), and checks that what comes out is what it would take.
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const SRC = join(dirname(fileURLToPath(import.meta.url)), 'src')

/** The options of the CLI, for one set of entry points. */
const bundle = (entryPoints) =>
  build({
    entryPoints,
    bundle: true,
    platform: 'browser',
    format: 'esm',
    target: 'esnext',
    jsx: 'automatic',
    outdir: 'out',
    outbase: SRC,
    conditions: ['convex', 'module'],
    write: false,
    splitting: true,
    chunkNames: '_deps/[hash]',
    treeShaking: true,
    minifySyntax: true,
    minifyIdentifiers: true,
    keepNames: true,
    define: { 'process.env.NODE_ENV': '"production"' },
    metafile: true,
    logLevel: 'warning',
  })

// The CLI bundles the schema by itself and skips names with several dots.
const files = readdirSync(SRC, { recursive: true }).filter((file) => /^[^.]+\.ts$/.test(file))
const schema = await bundle([join(SRC, 'schema.ts')])
const functions = await bundle(files.filter((file) => file !== 'schema.ts').map((file) => join(SRC, file)))
for (const { warnings } of [schema, functions]) assert.deepEqual(warnings, [])

const exportsOf = Object.fromEntries(
  Object.entries(functions.metafile.outputs).map(([path, output]) => [relative('out', path), output.exports]),
)
assert.deepEqual(exportsOf['lockstep.js']?.toSorted(), ['apply', 'cleanUp', 'describe', 'read'])
assert.deepEqual(exportsOf['crons.js'], ['default'])
console.log(`bundled ${files.length} modules`)
