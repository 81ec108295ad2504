// A Nuxt module beside @onmax/nuxt-better-auth: the server is Lockstep.
import { addServerHandler, addServerPlugin, createResolver, defineNuxtModule } from 'nuxt/kit'

/** Options of the module, as `lockstep` in nuxt.config. */
export interface ModuleOptions {
  /** Where Lockstep listens, without a path: http://127.0.0.1:3001. At run time: NUXT_LOCKSTEP_URL. */
  url: string

  /**
   * How long a read of the session waits for Lockstep, in milliseconds; all
   * else waits 30 seconds or more. At run time: NUXT_LOCKSTEP_TIMEOUT.
   */
  timeout: number

  /**
   * The header in which the platform in front of Nuxt always sets the address
   * of the client, such as "cf-connecting-ip". Without it the connection counts,
   * and X-Forwarded-For from proxies on the same machine or private network. At
   * run time: NUXT_LOCKSTEP_CLIENT_ADDRESS_HEADER.
   */
  clientAddressHeader: string

  /**
   * Forward /api/auth/** to Lockstep. The default is yes, unless browsers talk
   * to Lockstep themselves: clientOnly with ssr: false.
   */
  forward?: boolean
}

// Files of @onmax/nuxt-better-auth that this module takes the place of.
const sessionPlugin = /nuxt-better-auth\/dist\/runtime\/app\/plugins\/session\.server(?:\.js)?$/

export default defineNuxtModule<ModuleOptions>({
  meta: { name: 'lockstep-nuxt', configKey: 'lockstep', compatibility: { nuxt: '>=4.0.0' } },
  defaults: { url: '', timeout: 5000, clientAddressHeader: '' },
  setup(options, nuxt) {
    const { resolve } = createResolver(import.meta.url)
    const auth = (nuxt.options as { auth?: { clientOnly?: boolean } }).auth ?? {}
    const full = !auth.clientOnly

    nuxt.hook('modules:done', () => {
      const { alias } = nuxt.options
      if (!alias['#auth/client']) {
        throw new Error('[lockstep-nuxt] needs @onmax/nuxt-better-auth: add it to modules in nuxt.config')
      }
      alias['#lockstep/client'] = alias['#auth/client']
      alias['#auth/client'] = resolve('./runtime/app/client')
      // The data is Lockstep's, whatever database the other modules know of.
      if (full) alias['#auth/database'] = resolve('./runtime/server/database')
    })
    nuxt.options.build.transpile.push(resolve('./runtime'))
    const config = nuxt.options.runtimeConfig
    config.public.siteUrl ??= '' // so that NUXT_PUBLIC_SITE_URL counts at run time too
    if (!(options.forward ?? (nuxt.options.ssr || full))) return

    config.lockstep = {
      url: options.url, timeout: options.timeout, clientAddressHeader: options.clientAddressHeader, proxySecret: '',
      ...config.lockstep as object, full,
    }
    nuxt.options.alias['#lockstep/copy'] = resolve(full ? './runtime/server/copy' : './runtime/server/nocopy')
    addServerPlugin(resolve('./runtime/server/plugin'))
    for (const handler of ['context', 'guard', 'forward']) {
      addServerHandler({ middleware: true, handler: resolve('./runtime/server', handler) })
    }
    if (!nuxt.options.ssr) return
    nuxt.hook('app:resolve', (app) => {
      app.plugins = app.plugins.filter((plugin) => !sessionPlugin.test(plugin.src))
      app.plugins.unshift({ src: resolve('./runtime/app/session.server'), mode: 'server' })
      app.middleware.unshift({ name: 'lockstep-unknown', path: resolve('./runtime/app/unknown'), global: true })
    })
  },
})
