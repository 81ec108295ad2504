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
  role: "user" | "admin"
  "nick-name": string | null
  settings: unknown
  tags: string[] | null
  marks: number[] | null
  born: Date | null
  score: number | null
  vip: boolean
  odd: "\"; \\" | "`${x}`" | "\u2028*/" | null
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
  theme: string | null
}

/** The services that users can sign in with. */
export type LockstepSocialProvider = "github" | "own\"id"

/** For the official clients: createAuthClient({ plugins: [inferAdditionalFields<LockstepAuth>()] }) */
export interface LockstepAuth {
  options: {
    user: {
      additionalFields: {
        role: { type: ["user", "admin"], required: true, input: false, defaultValue: string }
        "nick-name": { type: "string", required: false }
        note: { type: "string", required: false, returned: false }
        settings: { type: "json", required: false }
        tags: { type: "string[]", required: false }
        marks: { type: "number[]", required: false }
        born: { type: "date", required: false }
        score: { type: "number", required: false }
        vip: { type: "boolean", required: true, defaultValue: string }
        odd: { type: ["\"; \\", "`${x}`", "\u2028*/"], required: false }
      }
    }
    session: {
      additionalFields: {
        theme: { type: "string", required: false }
      }
    }
  }
}

// For Nuxt. What a project names in its own server/auth.config.ts counts more.
interface LockstepSocialProviderIds { ids: LockstepSocialProvider }
// @ts-ignore: only a project with @onmax/nuxt-better-auth has this module.
declare module '#nuxt-better-auth' {
  interface AuthUser {
    role: "user" | "admin"
    "nick-name": string | null
    settings: unknown
    tags: string[] | null
    marks: number[] | null
    born: Date | null
    score: number | null
    vip: boolean
    odd: "\"; \\" | "`${x}`" | "\u2028*/" | null
  }
  interface AuthSession {
    theme: string | null
  }
  interface AuthSocialProviderRegistry extends LockstepSocialProviderIds {}
}
