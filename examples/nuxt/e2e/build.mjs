// Builds the app in its three ways of being put in front of Lockstep, each in a
// process of its own: node build.mjs, or node build.mjs full.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { buildNuxt, loadNuxt } from 'nuxt/kit'
import { buildSecret, modes, out } from './lib/modes.mjs'

const [mode] = process.argv.slice(2)

if (mode) {
  const nuxt = await loadNuxt({
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    dev: false,
    overrides: {
      ...modes[mode],
      buildDir: `${out}/build-${mode}`,
      nitro: { output: { dir: `${out}/app-${mode}` } },
      logLevel: 'silent',
    },
  })
  await buildNuxt(nuxt)
  await nuxt.close()
} else {
  for (const name of Object.keys(modes)) {
    const start = Date.now()
    const { status } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), name], {
      stdio: 'inherit', env: { ...process.env, BETTER_AUTH_SECRET: buildSecret, NODE_ENV: 'production' },
    })
    if (status !== 0) process.exit(1)
    console.log(`built ${name} in ${((Date.now() - start) / 1000).toFixed(1)} s`)
  }
}
