// Document ids in the real Convex format (id v6): base32(vint table number,
// 16 byte internal id, fletcher16). convex-test makes ids of its own shape, so
// the HTTP boundary translates between the two.
import { createHash } from 'node:crypto'

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const REAL_ID = /[0-9a-hjkmnp-tv-z]{31,37}/g
const TEST_ID_LEN = 32 // convex-test pads "<digits><table>" to this

function base32(buf) {
  let bits = 0, acc = 0, out = ''
  for (const byte of buf) {
    acc = (acc << 8) | byte
    bits += 8
    while (bits >= 5) { bits -= 5; out += ALPHABET[(acc >> bits) & 31]; acc &= (1 << bits) - 1 }
  }
  if (bits) out += ALPHABET[(acc << (5 - bits)) & 31]
  return out
}
function unbase32(s) {
  let bits = 0, acc = 0
  const out = []
  for (const ch of s) {
    const v = ALPHABET.indexOf(ch)
    if (v < 0) return null
    acc = (acc << 5) | v
    bits += 5
    if (bits >= 8) { bits -= 8; out.push((acc >> bits) & 255); acc &= (1 << bits) - 1 }
  }
  return Buffer.from(out)
}
function fletcher16(buf) {
  let c0 = 0, c1 = 0
  for (const b of buf) { c0 = (c0 + b) & 255; c1 = (c1 + c0) & 255 }
  return (c1 << 8) | c0
}
function vint(n) {
  const out = []
  while (n >= 128) { out.push((n & 127) | 128); n >>>= 7 }
  out.push(n)
  return Buffer.from(out)
}

export function encodeId(tableNumber, internal16) {
  const head = Buffer.concat([vint(tableNumber), internal16])
  const foot = Buffer.alloc(2)
  foot.writeUInt16LE(fletcher16(head))
  return base32(Buffer.concat([head, foot]))
}
/** -> {tableNumber, internalId} or {error} with the backend's wording. */
export function decodeId(s) {
  if (s.length < 31 || s.length > 37) return { error: `Unable to decode ID: Invalid ID length ${s.length}` }
  const buf = unbase32(s)
  if (!buf) return { error: "Unable to decode ID: ID wasn't valid base32" }
  let n = 0, pos = 0
  for (let i = 0; ; i++) {
    if (i >= 5 || pos >= buf.length) return { error: 'Unable to decode ID: Invalid table number' }
    const b = buf[pos++]
    n |= (b & 127) << (i * 7)
    if (b < 128) break
  }
  if (n === 0) return { error: 'Unable to decode ID: Invalid table number' }
  if (buf.length !== pos + 18) return { error: `Unable to decode ID: Invalid ID length ${s.length}` }
  const want = fletcher16(buf.subarray(0, pos + 16)), got = buf.readUInt16LE(pos + 16)
  if (want !== got) return { error: `Unable to decode ID: Invalid ID version ${got} (expected ${want})` }
  if (encodeId(n, buf.subarray(pos, pos + 16)) !== s) return { error: `Unable to decode ID: Invalid ID length ${s.length}` }
  return { tableNumber: n, internalId: buf.subarray(pos, pos + 16) }
}

export class IdMap {
  constructor(tables, { seed = 'convex-testbed', enabled = true, firstTableNumber = 10001 } = {}) {
    this.enabled = enabled
    this.seed = seed
    this.toReal = new Map()
    this.toTest = new Map()
    this.tableNumbers = new Map(tables.map((t, i) => [t, firstTableNumber + i]))
    this.tableNames = new Map([...this.tableNumbers].map(([t, n]) => [n, t]))
    const alts = tables.map((t) => `[0-9]{${TEST_ID_LEN - t.length}}${t}(?![0-9A-Za-z_])`)
    this.testRe = alts.length ? new RegExp(`(?<![0-9A-Za-z_])(?:${alts.join('|')})`, 'g') : null
  }
  real(testId) {
    let r = this.toReal.get(testId)
    if (r === undefined) {
      const table = testId.replace(/^[0-9]+/, '')
      const internal = createHash('sha256').update(`${this.seed}|${testId}`).digest().subarray(0, 16)
      r = encodeId(this.tableNumbers.get(table), internal)
      this.toReal.set(testId, r)
      this.toTest.set(r, testId)
    }
    return r
  }
  /** A real id not known here: valid ones become an id that convex-test will not find. */
  test(realId) {
    const t = this.toTest.get(realId)
    if (t !== undefined) return t
    const d = decodeId(realId)
    const table = d.error ? undefined : this.tableNames.get(d.tableNumber)
    if (table === undefined) return undefined
    const digits = BigInt('0x' + Buffer.from(d.internalId).toString('hex')).toString().padStart(40, '0')
    const width = TEST_ID_LEN - table.length
    const testId = '9' + digits.slice(-(width - 1)) + table
    this.toTest.set(realId, testId)
    this.toReal.set(testId, realId)
    return testId
  }
  #map(v, fn) {
    if (typeof v === 'string') return fn(v)
    if (Array.isArray(v)) return v.map((x) => this.#map(x, fn))
    if (typeof v === 'object' && v !== null && !(v instanceof ArrayBuffer)) {
      const out = {}
      for (const k of Object.keys(v)) out[k] = this.#map(v[k], fn)
      return out
    }
    return v
  }
  inbound(v) {
    if (!this.enabled) return v
    return this.#map(v, (s) => (s.length < 31 ? s : s.replace(REAL_ID, (m) => this.test(m) ?? m)))
  }
  outbound(v) {
    if (!this.enabled || !this.testRe) return v
    return this.#map(v, (s) => (s.length < TEST_ID_LEN ? s : s.replace(this.testRe, (m) => this.real(m))))
  }
}
