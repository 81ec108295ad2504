// The cases are those of Lockstep's package internal/clientip.
import assert from 'node:assert/strict'
import http from 'node:http'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { addressOf, clientOf } from '../dist/runtime/server/address.js'

const from = (address, forwarded, more = {}) => ({
  address, encrypted: false, headers: { ...forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }, ...more },
})

const cases = [
  ['direct connection', from('198.51.100.7'), '198.51.100.7'],
  ['direct connection over IPv6', from('2001:db8::7'), '2001:db8::7'],
  ['an untrusted peer does not choose its address', from('198.51.100.7', '1.2.3.4'), '198.51.100.7'],
  ['proxy on this machine', from('127.0.0.1', '1.2.3.4'), '1.2.3.4'],
  ['proxy on this machine over IPv6', from('::1', '1.2.3.4'), '1.2.3.4'],
  ['proxy on the network', from('10.1.2.3', '1.2.3.4'), '1.2.3.4'],
  ['proxy with a unique local address', from('fd00::1', '1.2.3.4'), '1.2.3.4'],
  ['proxy with a link-local address', from('fe80::1%eth0', '1.2.3.4'), '1.2.3.4'],
  ['proxy with a mapped address', from('::ffff:10.0.0.1', '1.2.3.4'), '1.2.3.4'],
  ['proxy behind a Unix socket', from(undefined, '1.2.3.4'), '1.2.3.4'],
  ['the rightmost address that is not near', from('10.0.0.1', '6.6.6.6, 1.2.3.4, 10.0.0.2'), '1.2.3.4'],
  ['empty elements', from('10.0.0.1', ',, 1.2.3.4 ,\t,'), '1.2.3.4'],
  ['an invalid element ends the search', from('10.0.0.1', '1.2.3.4, unknown, 10.0.0.2'), '10.0.0.1'],
  ['elements behind an invalid one do not matter', from('10.0.0.1', 'unknown, 1.2.3.4'), '1.2.3.4'],
  ['all near: the leftmost', from('10.0.0.1', '192.168.0.9, 10.0.0.2'), '192.168.0.9'],
  ['no header: the peer', from('10.0.0.1'), '10.0.0.1'],
  ['with a port', from('10.0.0.1', '1.2.3.4:555'), '1.2.3.4'],
  ['with brackets and a port', from('10.0.0.1', '[2001:db8::1]:443'), '2001:db8::1'],
  ['mapped', from('10.0.0.1', '::ffff:1.2.3.4'), '1.2.3.4'],
  ['a number is no address', from('10.0.0.1', '16909060'), '10.0.0.1'],
  ['nothing is known', from(undefined), ''],
]

for (const [name, peer, want] of cases) {
  test(`address: ${name}`, () => assert.equal(clientOf(peer).address, want))
}

test('the header of the platform counts, from whatever address', () => {
  const headers = { 'cf-connecting-ip': '1.2.3.4' }
  assert.equal(clientOf(from('198.51.100.7', '6.6.6.6', headers), 'CF-Connecting-IP').address, '1.2.3.4')
  assert.equal(clientOf(from('10.0.0.1', '6.6.6.6'), 'CF-Connecting-IP').address, '10.0.0.1', 'and no other header does')
})

test('scheme and host are those of the connection', () => {
  const more = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.example', host: 'site.example' }
  const { proto, host } = clientOf({ ...from('198.51.100.7', undefined, more) })
  assert.deepEqual({ proto, host }, { proto: 'http', host: 'site.example' })
  assert.equal(clientOf({ ...from('198.51.100.7'), encrypted: true }).proto, 'https')
})

test('or those that a proxy nearby names', () => {
  const more = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'site.example', host: '127.0.0.1:3000' }
  const { proto, host } = clientOf(from('127.0.0.1', undefined, more))
  assert.deepEqual({ proto, host }, { proto: 'https', host: 'site.example' })
})

/** Sends a request to a server that listens there, and returns what look finds out about its connection. */
async function seen(where, look, send = (socket) => socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')) {
  let done
  const found = new Promise((resolve) => { done = resolve })
  const server = http.createServer(async (req, res) => {
    done(await look(req.socket))
    res.end()
  })
  await new Promise((listening) => server.listen(where, listening))
  const socket = net.connect(server.address().port ? { port: server.address().port } : where)
  socket.on('error', () => {}).on('connect', () => send(socket))
  const result = await found
  socket.destroy()
  server.closeAllConnections()
  await new Promise((closed) => server.close(closed))
  return result
}

test('the address of a connection', async () => {
  assert.equal(await seen({ host: '127.0.0.1', port: 0 }, addressOf), '127.0.0.1')
  assert.equal(addressOf(undefined), '0.0.0.0')
})

test('a Unix socket has no address', async () => {
  const path = join(tmpdir(), `lockstep-${process.pid}.sock`)
  assert.equal(await seen({ path }, addressOf), undefined)
})

test('a client that resets the connection does not choose its address', async () => {
  const client = await seen({ host: '127.0.0.1', port: 0 }, async (socket) => {
    await new Promise((gone) => socket.once('close', gone))
    return clientOf(from(addressOf(socket), '6.6.6.6', { 'x-forwarded-host': 'evil.example', host: 'site.example' }))
  }, (socket) => socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n', () => socket.resetAndDestroy()))
  assert.deepEqual(client, { address: '0.0.0.0', proto: 'http', host: 'site.example' })
})
