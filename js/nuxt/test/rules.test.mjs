import assert from 'node:assert/strict'
import { test } from 'node:test'
import { otherReading, refusal } from '../dist/runtime/server/rules.js'

const ada = { session: {}, user: { role: 'admin', age: 36, banned: false, team: null } }

const rules = [
  ['no rule', false, null, undefined],
  ['user, signed out', 'user', null, 401],
  ['user, signed in', 'user', ada, undefined],
  ['guest, signed out', 'guest', null, undefined],
  ['guest, signed in', 'guest', ada, 403],
  ['an object means user', {}, null, 401],
  ['only guest', { only: 'guest' }, ada, 403],
  ['only user', { only: 'user' }, ada, undefined],
  ['a field that is the wanted value', { user: { role: 'admin' } }, ada, undefined],
  ['a field that is another', { user: { role: 'owner' } }, ada, 403],
  ['a field that is one of several', { user: { role: ['owner', 'admin'] } }, ada, undefined],
  ['a field that is none of several', { user: { role: ['owner'] } }, ada, 403],
  ['all fields have to match', { user: { role: 'admin', age: 37 } }, ada, 403],
  ['a missing field fails', { user: { plan: undefined } }, ada, 403],
  ['an inherited field is missing', { user: { constructor: Object } }, ada, 403],
  ['numbers, booleans and null are compared as they are', { user: { age: 36, banned: false, team: null } }, ada, undefined],
  ['a number is not its text', { user: { age: '36' } }, ada, 403],
  ['a match needs a session', { user: { role: 'admin' } }, null, 401],
]

for (const [name, rule, session, want] of rules) {
  test(`rule: ${name}`, () => assert.equal(refusal(rule, session)?.statusCode, want))
}

const paths = [
  ['/api/me', undefined],
  ['/api/me/', undefined],
  ['/api/files/100%25', undefined],
  ['/api/files/a%20b', undefined],
  ['/api/files/%E2%82%AC', undefined],
  ['/api/v1.2/..hidden', undefined],
  ['//api/me', '/api/me'],
  ['/api//me', '/api/me'],
  ['/api%2Fme', '/api/me'],
  ['/api/admin%2fusers', '/api/admin/users'],
  ['/api/admin%252fusers', '/api/admin/users'],
  ['/api\\admin', '/api/admin'],
  ['/api/x%5C..%5cadmin', '/api/admin'],
  ['/x/../api/admin', '/api/admin'],
  ['/api/./admin', '/api/admin'],
  ['/api/%2e%2e/api/admin', '/api/admin'],
  ['/api/admin/..', '/api'],
  ['/api/admin%00', '/api/admin'],
]

for (const [path, want] of paths) {
  test(`${path} ${want === undefined ? 'has one reading' : `can be read as ${want}`}`, () => assert.equal(otherReading(path), want))
}
