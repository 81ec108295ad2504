// The three ways to put the app in front of Lockstep.
import { fileURLToPath } from 'node:url'

export const out = fileURLToPath(new URL('../out', import.meta.url))

/** What a build is made with; it is not the secret that the servers run with. */
export const buildSecret = 'only-for-the-build-0123456789abcdef'

export const modes = {
  // Pages are made on the server, which can read Lockstep's cookies itself.
  full: {},
  // Pages are made on the server, which asks Lockstep.
  proxy: { auth: { clientOnly: true } },
  // Pages are made in the browser, which talks to Lockstep at another address.
  client: { auth: { clientOnly: true }, ssr: false },
}
