// What @onmax/nuxt-better-auth has for a database: none, since the data is
// Lockstep's.
export const db = undefined
export const createDatabase = () => undefined
