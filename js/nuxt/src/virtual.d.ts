// Modules that only exist in the build of an application.
declare module '#lockstep/copy' {
  /** Returns the session of the cookies, or null if their copy is not good. */
  export function readCopy(event: import('h3').H3Event): Promise<import('./runtime/server/session.js').Session | null>
}

declare module '#lockstep/client' {
  const createClient: (baseURL: string) => object
  export default createClient
}

declare module '#imports' {
  /** Of @onmax/nuxt-better-auth. */
  export function serverAuth(event: import('h3').H3Event): {
    api: { getSession(from: { headers: globalThis.Headers }): Promise<import('./runtime/server/session.js').Session | null> }
  }
}
