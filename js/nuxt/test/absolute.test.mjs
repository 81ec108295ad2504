import assert from 'node:assert/strict'
import { test } from 'node:test'
import { comeBackTo } from '../dist/runtime/app/absolute.js'

const origin = 'https://app.example'
const echo = (...args) => args
const client = comeBackTo({ signIn: { social: echo, email: echo, name: 'x' }, linkSocial: echo, listSessions: echo, requestPasswordReset: echo, deleteUser: Object.assign(echo, { callback: echo }) }, origin)

test('paths to come back to are those of the page', () => {
  const data = { provider: 'github', callbackURL: '/app?x=1', errorCallbackURL: '/login', newUserCallbackURL: '/hello' }
  const want = { provider: 'github', callbackURL: `${origin}/app?x=1`, errorCallbackURL: `${origin}/login`, newUserCallbackURL: `${origin}/hello` }
  assert.deepEqual(client.signIn.social(data, 'more'), [want, 'more'])
  assert.deepEqual(client.linkSocial(data), [want])
  assert.equal(data.callbackURL, '/app?x=1', 'and the caller\'s own are left alone')
})

test('the links of mails lead to the page too', () => {
  assert.deepEqual(client.requestPasswordReset({ email: 'a@example.com', redirectTo: '/reset' }), [{ email: 'a@example.com', redirectTo: `${origin}/reset` }])
  assert.deepEqual(client.deleteUser({ callbackURL: '/bye' }), [{ callbackURL: `${origin}/bye` }])
  assert.deepEqual(client.deleteUser.callback({ query: { token: 't' } }), [{ query: { token: 't' } }])
  assert.equal(client.changeEmail, undefined, 'what a client does not have stays away')
})

test('addresses, other members and other calls stay as they are', () => {
  const data = { callbackURL: 'myapp://done', name: '/x', email: 'a@example.com' }
  assert.deepEqual(client.signIn.email(data), [data])
  assert.deepEqual(client.signIn.email(), [undefined])
  assert.deepEqual(client.listSessions({ callbackURL: '/x' }), [{ callbackURL: '/x' }])
  assert.equal(client.signIn.name, 'x')
})
