export default defineNuxtConfig({
  modules: ['@onmax/nuxt-better-auth', 'lockstep-nuxt'],
  compatibilityDate: '2026-01-01',

  auth: {
    redirects: { login: '/login', guest: '/', authenticated: '/app', logout: '/' },
  },

  // What pages and endpoints need of the visitor. The rules of /api/** are
  // enforced by the server; those of pages decide what is shown.
  routeRules: {
    '/login': { auth: 'guest' },
    '/signup': { auth: 'guest' },
    '/app/**': { auth: 'user' },
    '/account': { auth: 'user' },
    '/api/notes/**': { auth: 'user' },
    '/about': { swr: 60 },
  },

  app: { head: { title: 'Lockstep and Nuxt', htmlAttrs: { lang: 'en' } } },
  css: ['~/style.css'],
  telemetry: false,
})
