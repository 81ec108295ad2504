// The proof that a request comes from this front end, so that Lockstep believes
// the address it names. The secret itself never travels. Package
// internal/clientip of Lockstep reads what is written here; both are tested
// with the same examples (internal/clientip/testdata/proof.json).
import { createHmac } from 'node:crypto'

/** The header with the address of the client. */
export const clientHeader = 'lockstep-client'

/** The header with the proof for it. */
export const proofHeader = 'lockstep-proof'

/** The fewest characters of a proxy secret. */
export const minSecret = 32

/**
 * Returns the proof for an address at a time, in milliseconds since 1970: the
 * seconds, a dot, and the HMAC-SHA256 of what is below in base64url.
 */
export function prove(secret: string, address: string, now: number): string {
  const seconds = Math.floor(now / 1000)
  const mac = createHmac('sha256', secret).update(`lockstep-client\n${seconds}\n${address}`).digest('base64url')
  return `${seconds}.${mac}`
}
