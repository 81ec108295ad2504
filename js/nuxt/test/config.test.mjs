import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settingsFrom } from '../dist/runtime/server/config.js'

test('settings of the environment', () => {
  const settings = settingsFrom({ url: 'https://auth.internal:8443/', proxySecret: 'x'.repeat(32), timeout: '250' })
  assert.equal(settings.origin.origin, 'https://auth.internal:8443')
  assert.equal(settings.timeout, 250)
  assert.equal(settingsFrom({ url: 'http://127.0.0.1:3001' }).timeout, 5000)
})

const wrong = [
  ['no address', {}, /NUXT_LOCKSTEP_URL is not the address/],
  ['an address without a scheme', { url: '127.0.0.1:3001' }, /NUXT_LOCKSTEP_URL is not the address/],
  ['another scheme', { url: 'ftp://a' }, /NUXT_LOCKSTEP_URL is not the address/],
  ['a path', { url: 'http://a/api/auth' }, /more than scheme, host and port/],
  ['a user', { url: 'http://canary@a' }, /more than scheme, host and port/],
  ['a short secret', { url: 'http://a', proxySecret: 'canary' }, /NUXT_LOCKSTEP_PROXY_SECRET has 6 characters/],
  ['a timeout with a unit', { url: 'http://a', timeout: '5s' }, /NUXT_LOCKSTEP_TIMEOUT/],
  ['no time at all', { url: 'http://a', timeout: 0 }, /NUXT_LOCKSTEP_TIMEOUT/],
]

test('the address of the app', () => {
  assert.equal(settingsFrom({ url: 'http://a' }, 'https://site.example/x').site, 'https://site.example')
  assert.equal(settingsFrom({ url: 'http://a' }).site, '')
  assert.throws(() => settingsFrom({ url: 'http://a' }, 'site.example'), /NUXT_PUBLIC_SITE_URL/)
})

for (const [name, options, want] of wrong) {
  test(`${name} is refused, and not shown`, () => {
    assert.throws(() => settingsFrom(options), (err) => want.test(err.message) && !err.message.includes('canary'))
  })
}
