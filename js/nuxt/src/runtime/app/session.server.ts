// Gives a page that is rendered on the server its user, in the place of the
// plugin of @onmax/nuxt-better-auth: that one drops the cookies of the answer
// and takes every failure for a signed-out user.
import { defineNuxtPlugin, useRequestEvent, useState } from 'nuxt/app'

export default defineNuxtPlugin({
  name: 'auth:session-init',
  enforce: 'pre',
  async setup(nuxtApp) {
    const session = useState<object | null>('auth:session', () => null)
    const user = useState<object | null>('auth:user', () => null)
    const ready = useState('auth:ready', () => false)
    const unknown = useState('lockstep:unknown', () => false)
    const event = useRequestEvent()
    const failed = nuxtApp.payload.error?.statusCode === 503 // the page that says so needs no second try
    const read = event && !failed ? await event.context.lockstep?.readPage?.(event) : undefined
    if (read && !read.known) unknown.value = true
    ready.value = !unknown.value && !failed
    if (!read?.known || !read.data) return
    const { token: _, ...safe } = read.data.session
    session.value = safe
    user.value = read.data.user
  },
})
