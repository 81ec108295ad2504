// A page that needs to know who is there cannot be shown while nobody can say.
// Without this the visitor would be sent to sign in again.
import { createError, defineNuxtRouteMiddleware, getRouteRules, useError, useState } from 'nuxt/app'
import type { RouteLocationNormalized } from 'vue-router'

export default defineNuxtRouteMiddleware(async (to) => {
  if (import.meta.server && useError().value?.statusCode === 503) {
    to.meta.auth = false // this is the page that says so, which is for everybody
    return
  }
  if (!useState('lockstep:unknown', () => false).value) return
  // On the server the rule has not run yet; in the browser it has asked once
  // more, in vain, and sends the visitor away.
  const page = import.meta.server ? to : to.redirectedFrom
  if (!page || !await isGuarded(page)) return
  throw createError({
    statusCode: 503, statusMessage: 'Service Unavailable', fatal: true,
    message: 'The service is unavailable at the moment. Please try again.',
  })
})

async function isGuarded(page: Pick<RouteLocationNormalized, 'meta' | 'path'>): Promise<boolean> {
  return Boolean(page.meta?.auth ?? (await getRouteRules({ path: page.path }) as { auth?: unknown }).auth)
}
