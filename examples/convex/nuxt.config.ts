// The app of examples/nuxt, with a page that shows what Convex has for the user.
export default defineNuxtConfig({
  extends: ['../nuxt'],
  compatibilityDate: '2026-01-01',
  routeRules: { '/tasks': { auth: 'user' } },
  runtimeConfig: { public: { convexUrl: '' } }, // NUXT_PUBLIC_CONVEX_URL
  telemetry: false,
})
