import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { prove } from '../dist/runtime/server/proof.js'

const examples = JSON.parse(readFileSync(new URL('../../../internal/clientip/testdata/proof.json', import.meta.url)))

for (const { name, secret, address, seconds, proof } of examples) {
  test(`the proof is the one that Lockstep expects: ${name}`, () => {
    assert.equal(prove(secret, address, seconds * 1000), proof)
    assert.equal(prove(secret, address, seconds * 1000 + 999), proof)
  })
}
