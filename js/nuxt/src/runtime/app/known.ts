// Keeps the last known user when Lockstep gives no answer. Only a session that
// is null, and a 401, mean that nobody is signed in.

/** The result of a call of the client of Better Auth. */
export interface Result { data: unknown, error: { status?: number, message?: string } | null }

/** What the client of Better Auth shows of the session. */
interface Shown { data: unknown, error: { status?: number } | null, isPending: boolean, isRefetching?: boolean }

/** The part of the client that is changed. */
export interface Client {
  getSession: (...args: unknown[]) => Promise<Result>
  signOut: (...args: unknown[]) => Promise<Result>
  useSession: (...args: unknown[]) => unknown
  hydrateSession: (data: unknown) => void
}

/** What the app knows. */
export interface App {
  known: () => object | null // the session and the user on the page
  setUnknown: (unknown: boolean) => void // whether the last read failed with nobody known
  map: (shown: unknown, change: (value: Shown) => Shown) => unknown // a reactive value made from another
}

/** Reports whether an error says nothing about who is signed in. */
export function isNoAnswer(error: { status?: number } | null | undefined): boolean {
  return Boolean(error) && error?.status !== 401
}

/** Returns the client with the last known user kept. */
export function keepKnown<C extends object>(client: C, app: App): C {
  const inner = client as unknown as Client
  const changed: Partial<Client> = {
    async getSession(...args) {
      const result = await inner.getSession(...args).catch((err: Error) => ({ data: null, error: err as Result['error'] }))
      if (!isNoAnswer(result.error)) {
        app.setUnknown(false)
        // What shows the session has not heard of a sign-in yet, and would make
        // the next page begin without a user.
        if (result.data) inner.hydrateSession(result.data)
        return result
      }
      app.setUnknown(!app.known())
      return { ...result, data: app.known() }
    },

    // The page goes on to what its users see when they are signed out, so that
    // it has to be true.
    async signOut(...args) {
      const result = await inner.signOut(...args)
      if (isNoAnswer(result.error)) throw Object.assign(new Error('You are still signed in: the server did not answer. Please try again.'), { status: result.error?.status })
      return result
    },

    useSession: (...args) => app.map(inner.useSession(...args), (shown) => {
      if (shown.data || !isNoAnswer(shown.error)) return shown
      const data = app.known()
      return { ...shown, data, isPending: !data }
    }),
  }
  return new Proxy(client, {
    get: (target, name, receiver) => changed[name as keyof Client] ?? Reflect.get(target, name, receiver),
  })
}
