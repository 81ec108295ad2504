import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { keepKnown } from '../dist/runtime/app/known.js'

const ada = { session: { id: 's' }, user: { id: 'u' } }
const away = { status: 503, message: 'away' }
let answer, known, unknown, shown, hydrated

const client = () => keepKnown({
  getSession: async () => { if (answer instanceof Error) throw answer; return answer },
  signOut: async () => answer,
  useSession: () => ({ value: shown }),
  hydrateSession: (data) => { hydrated = data },
  listSessions: () => 'as it is',
}, { known: () => known, setUnknown: (value) => { unknown = value }, map: (value, change) => change(value.value) })

beforeEach(() => { known = ada; unknown = hydrated = undefined })

for (const [name, error] of [['5xx', away], ['429', { status: 429 }], ['a timeout', { status: 0 }]]) {
  test(`${name} keeps the last known user`, async () => {
    answer = { data: null, error }
    assert.deepEqual(await client().getSession(), { data: ada, error })
    assert.equal(unknown, false)
  })
}

test('no network keeps the last known user', async () => {
  answer = new TypeError('fetch failed')
  assert.deepEqual((await client().getSession()).data, ada)
})

test('without one it is unknown who is there', async () => {
  known = null
  answer = { data: null, error: away }
  assert.equal((await client().getSession()).data, null)
  assert.equal(unknown, true)
  answer = { data: null, error: null }
  await client().getSession()
  assert.equal(unknown, false)
})

test('who has just signed in is shown at once', async () => {
  answer = { data: ada, error: null }
  assert.equal(await client().getSession(), answer)
  assert.equal(hydrated, ada)
})

for (const [name, error] of [['null', null], ['401', { status: 401 }]]) {
  test(`${name} signs out`, async () => {
    answer = { data: null, error }
    assert.equal((await client().getSession()).data, null)
    assert.equal(unknown, false)
  })
}

test('the shown session keeps the last known user too', () => {
  shown = { data: null, error: away, isPending: false }
  assert.deepEqual(client().useSession(), { data: ada, error: away, isPending: false })
  known = null
  assert.deepEqual(client().useSession(), { data: null, error: away, isPending: true }, 'and is pending without one')
  shown = { data: null, error: null, isPending: false }
  assert.equal(client().useSession(), shown)
  shown = { data: null, error: { status: 401 }, isPending: false }
  assert.equal(client().useSession(), shown)
})

test('who could not be signed out hears so', async () => {
  answer = { data: null, error: away }
  await assert.rejects(client().signOut(), /still signed in/)
  answer = { data: { success: true }, error: null }
  assert.equal(await client().signOut(), answer)
})

test('all else is the client', () => assert.equal(client().listSessions(), 'as it is'))
