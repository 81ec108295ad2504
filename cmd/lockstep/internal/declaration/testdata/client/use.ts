// What a project without Nuxt does with the official client.
import { inferAdditionalFields } from 'better-auth/client/plugins'
import { createAuthClient } from 'better-auth/vue'
import type { LockstepAuth, LockstepUser } from './lockstep'

const client = createAuthClient({ plugins: [inferAdditionalFields<LockstepAuth>()] })

export async function use() {
  const { data } = await client.getSession()
  const role: 'user' | 'admin' = data!.user.role
  const theme: string | null | undefined = data!.session.theme
  const born: Date | null | undefined = client.useSession().value.data?.user.born
  const user = data!.user as LockstepUser
  // @ts-expect-error: it is not sent
  user.note
  // @ts-expect-error: nor by the client
  data!.user.note
  await client.signUp.email({ name: '', email: '', password: '', note: 'x', tags: ['a'] })
  // @ts-expect-error: clients do not set it
  await client.signUp.email({ name: '', email: '', password: '', role: 'admin' })
  return { role, theme, born }
}
