// Whose users ctx.auth.getUserIdentity() knows: those of the Lockstep server.
import type { AuthConfig } from 'convex/server'

export default {
  providers: [
    {
      type: 'customJwt',
      applicationID: 'convex',
      algorithm: 'RS256',
      issuer: 'http://localhost:3000',
      jwks: 'http://localhost:3000/api/auth/convex/jwks',
    },
  ],
} satisfies AuthConfig
