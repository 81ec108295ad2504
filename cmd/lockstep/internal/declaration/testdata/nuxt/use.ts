// What a Nuxt project does with its user and session.
import type { H3Event } from 'h3'
import { useSignIn } from './node_modules/@onmax/nuxt-better-auth/dist/runtime/app/composables/useSignIn'
import { useUserSession } from './node_modules/@onmax/nuxt-better-auth/dist/runtime/app/composables/useUserSession'
import { getUserSession, requireUserSession } from './node_modules/@onmax/nuxt-better-auth/dist/runtime/server/utils/session'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false
const yes = <T extends true>(_?: T) => {}

export async function page() {
  const { user, session, updateUser } = useUserSession()
  const u = user.value!
  yes<Same<typeof u.role, 'user' | 'admin'>>()
  yes<Same<(typeof u)['nick-name'], string | null>>()
  yes<Same<typeof u.born, Date | null>>()
  yes<Same<typeof u.tags, string[] | null>>()
  yes<Same<typeof u.settings, unknown>>()
  yes<Same<NonNullable<typeof session.value>['theme'], string | null>>()
  // @ts-expect-error: it is not sent
  u.note
  await updateUser({ name: 'Ada', tags: ['x'] })
  await useSignIn('social').execute({ provider: 'github', callbackURL: '/' })
  // @ts-expect-error: the server does not have it
  await useSignIn('social').execute({ provider: 'google', callbackURL: '/' })
}

export async function handler(event: H3Event) {
  const found = await getUserSession(event)
  yes<Same<NonNullable<typeof found>['user']['role'], 'user' | 'admin'>>()
  await requireUserSession(event, { user: { role: ['user', 'admin'] }, rule: ({ session }) => session.theme !== 'none' })
  // @ts-expect-error: no user has this role
  await requireUserSession(event, { user: { role: 'owner' } })
}
