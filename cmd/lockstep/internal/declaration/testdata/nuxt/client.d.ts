// What the module writes into .nuxt/types, here of a project whose
// server/auth.config.ts names two of the fields as well.
import type { InferFieldsOutput } from 'better-auth/db'
import type createAppAuthClient from './auth.config'

type Named = InferFieldsOutput<{ role: { type: ['user', 'admin'] }, tags: { type: 'string[]', required: false } }>

declare module '#nuxt-better-auth' {
  interface AuthUser extends Named {}
  export type AppAuthClient = ReturnType<typeof createAppAuthClient>
}
