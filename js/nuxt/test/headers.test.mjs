import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requestHeaders, responseHeaders } from '../dist/runtime/server/headers.js'
import { prove } from '../dist/runtime/server/proof.js'

const secret = '0123456789abcdef0123456789abcdef'
const client = { address: '203.0.113.7', proto: 'https', host: 'site.example' }
const now = 1_700_000_000_000
const own = { 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'site.example' }

test('what the endpoints need goes on as it is', () => {
  const headers = {
    origin: 'https://site.example', referer: 'https://site.example/login', cookie: 'a=b; c=d', 'user-agent': 'test',
    'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', 'content-type': 'application/json', 'content-length': '2', authorization: 'Bearer x',
  }
  assert.deepEqual(requestHeaders(headers, client, '', now), { ...headers, ...own })
})

test('headers of the connection end here, and those that it names', () => {
  const headers = {
    connection: 'Keep-Alive, X-Secret', 'x-secret': '1', 'keep-alive': 'timeout=5', te: 'trailers', trailer: 'x', upgrade: 'h2c',
    'transfer-encoding': 'chunked', 'proxy-authorization': 'Basic x', 'proxy-connection': 'close', 'http2-settings': 'x', expect: '100-continue', host: 'site.example',
  }
  assert.deepEqual(requestHeaders(headers, client, '', now), own)
  assert.deepEqual(responseHeaders({ ...headers, host: undefined, expect: undefined, 'set-cookie': ['a=1', 'b=2'] }),
    { host: undefined, expect: undefined, 'set-cookie': ['a=1', 'b=2'] })
})

test('what a browser says about its address does not count', () => {
  const lies = Object.fromEntries([
    'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'forwarded', 'x-real-ip', 'cf-connecting-ip', 'true-client-ip', 'lockstep-client', 'lockstep-proof',
  ].map((name) => [name, '6.6.6.6']))
  assert.deepEqual(requestHeaders(lies, client, '', now), own)
})

test('the address is proven with the secret, which does not travel', () => {
  const headers = requestHeaders({ connection: 'lockstep-proof, x-forwarded-for' }, client, secret, now)
  assert.deepEqual(headers, { ...own, 'lockstep-client': client.address, 'lockstep-proof': prove(secret, client.address, now) })
  assert.ok(!JSON.stringify(headers).includes(secret))
})

test('an address that is not known is not named', () => {
  assert.deepEqual(requestHeaders({}, { address: '', proto: 'http', host: '' }, secret, now), { 'x-forwarded-proto': 'http' })
})
