// Whose request this is, by the rules of Lockstep's package internal/clientip:
// forwarded headers count only when they come from a peer on this machine or
// network, and then they are read from the right.
import { BlockList, type Socket, isIP, isIPv6 } from 'node:net'

/** What is known about a connection and the headers that came over it. */
export interface Peer {
  address: string | undefined
  encrypted: boolean
  headers: Record<string, string | string[] | undefined>
}

/** What the client used, as seen by the outermost proxy that can be believed. */
export interface Client {
  address: string
  proto: string
  host: string
}

// Loopback, private and link-local addresses: RFC 1122, 1918, 3927, 4193, 4291.
const near = new BlockList()
near.addSubnet('127.0.0.0', 8)
near.addSubnet('10.0.0.0', 8)
near.addSubnet('172.16.0.0', 12)
near.addSubnet('192.168.0.0', 16)
near.addSubnet('169.254.0.0', 16)
near.addAddress('::1', 'ipv6')
near.addSubnet('fc00::', 7, 'ipv6')
near.addSubnet('fe80::', 10, 'ipv6')

/**
 * Returns the address of the other end of a connection, or undefined for a Unix
 * socket, which has none. Neither has a connection that is gone already, such as
 * one that was reset after the request: its client must not pass for the proxy
 * behind a Unix socket, and is nobody (0.0.0.0).
 */
export function addressOf(socket: Socket | undefined): string | undefined {
  const { server } = (socket ?? {}) as { server?: { address?: () => unknown } }
  return socket?.remoteAddress ?? (typeof server?.address?.() === 'string' ? undefined : '0.0.0.0')
}

/**
 * Returns the client of a connection. With header, the name of a header that
 * the platform in front always sets, that header has its address.
 */
export function clientOf(peer: Peer, header?: string): Client {
  const own = plain(peer.address ?? '')
  const trusted = own === '' || isNear(own) // no address: a Unix socket, or a call inside the server
  const say = (name: string) => (trusted ? last(peer.headers[name]) : undefined)
  return {
    address: (header ? forwarded(peer.headers[header.toLowerCase()]) : trusted ? forwarded(peer.headers['x-forwarded-for']) : '') || own,
    proto: say('x-forwarded-proto') || (peer.encrypted ? 'https' : 'http'),
    host: say('x-forwarded-host') || last(peer.headers.host) || '',
  }
}

/**
 * Returns the rightmost address that is not of this network, or else the
 * leftmost; '' if there is none. What is no address ends the search: all to the
 * left of it came from whoever wrote it.
 */
function forwarded(value: string | string[] | undefined): string {
  let found = ''
  for (const part of elements(value).reverse()) {
    const address = plain(part)
    if (!address) return ''
    found = address
    if (!isNear(address)) return found
  }
  return found
}

function elements(value: string | string[] | undefined): string[] {
  return [value ?? []].flat().join(',').split(',').map((part) => part.trim()).filter(Boolean)
}

function last(value: string | string[] | undefined): string | undefined {
  return elements(value).at(-1)
}

/** Takes brackets, port, zone and the IPv6 form of IPv4 off; '' for what is no address. */
function plain(text: string): string {
  const [, inBrackets] = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text) ?? []
  const [, beforePort] = /^([^:]*):\d{1,5}$/.exec(text) ?? []
  const address = (inBrackets ?? beforePort ?? text).replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '')
  return isIP(address) ? address : ''
}

function isNear(address: string): boolean {
  return near.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}
