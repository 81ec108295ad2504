import { defineServerAuth } from '@onmax/nuxt-better-auth/config'

// No database: the data is Lockstep's. This says how to read the copy of the
// session in the cookie, and has to say the same as lockstep.yaml.
export default defineServerAuth({
  session: { cookieCache: { enabled: true, strategy: 'jwe', maxAge: 300 } },
})
