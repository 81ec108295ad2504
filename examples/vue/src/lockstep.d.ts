// Made by "lockstep types", which replaces it.
/* eslint-disable */

/** The user of a session. The official clients make dates of the texts that the server sends. */
export interface LockstepUser {
  id: string
  name: string
  email: string
  emailVerified: boolean
  image: string | null
  createdAt: Date
  updatedAt: Date
  plan: "free" | "pro"
}

/** A session. useUserSession of Nuxt leaves its token out. */
export interface LockstepSession {
  id: string
  expiresAt: Date
  token: string
  createdAt: Date
  updatedAt: Date
  ipAddress: string | null
  userAgent: string | null
  userId: string
}

/** The services that users can sign in with. */
export type LockstepSocialProvider = never

/** For the official clients: createAuthClient({ plugins: [inferAdditionalFields<LockstepAuth>()] }) */
export interface LockstepAuth {
  options: {
    user: {
      additionalFields: {
        plan: { type: ["free", "pro"], required: true, input: false, defaultValue: string }
      }
    }
    session: {
      additionalFields: {
      }
    }
  }
}

// For Nuxt. What a project names in its own server/auth.config.ts counts more.
interface LockstepSocialProviderIds { ids: LockstepSocialProvider }
// @ts-ignore: only a project with @onmax/nuxt-better-auth has this module.
declare module '#nuxt-better-auth' {
  interface AuthUser {
    plan: "free" | "pro"
  }
  interface AuthSession {
  }
  interface AuthSocialProviderRegistry extends LockstepSocialProviderIds {}
}
