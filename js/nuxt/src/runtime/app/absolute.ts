// When browsers talk to Lockstep at another address than the page's, a path to
// come back to would be one of Lockstep's. It is meant to be one of the page's.

const targets = ['callbackURL', 'errorCallbackURL', 'newUserCallbackURL', 'redirectTo']

// The calls that name such a path, besides all of signIn and signUp: a service or
// the link of a mail leads back.
const calls = ['linkSocial', 'requestPasswordReset', 'sendVerificationEmail', 'changeEmail', 'deleteUser']

type Method = (data?: unknown, ...more: unknown[]) => unknown

/** Returns what a call sends, with paths to come back to at an origin. */
export function absolute(data: unknown, origin: string): unknown {
  if (!data || typeof data !== 'object') return data
  return Object.fromEntries(Object.entries(data).map(([name, value]) =>
    [name, targets.includes(name) && typeof value === 'string' && value.startsWith('/') ? origin + value : value]))
}

/** Returns the client, whose calls come back to an origin. */
export function comeBackTo<C extends object>(client: C, origin: string): C {
  const call = (of: object, name: string | symbol) => new Proxy(Reflect.get(of, name) as Method, {
    apply: (method, _self, [data, ...more]) => method(absolute(data, origin), ...more),
  })
  const group = (of: object) => new Proxy(of, {
    get: (target, name) => (typeof Reflect.get(target, name) === 'function' ? call(target, name) : Reflect.get(target, name)),
  })
  return new Proxy(client, {
    get(target, name) {
      const value = Reflect.get(target, name)
      if (name === 'signIn' || name === 'signUp') return group(value as object)
      return calls.includes(name as string) && value ? call(target, name) : value
    },
  })
}
