// Package jsjson reads and writes JSON exactly as JavaScript does. Session caches
// are signed over text that JSON.stringify made and JSON.parse read back, so every
// byte and every verdict counts, and encoding/json differs in both.
//
// Writers append to a byte slice. Readers work on raw text: Members splits one
// level, String, Number, Bool and Time read a single value, and Decode reads
// everything. They are strict as JSON.parse is, with one limit of their own: nesting
// deeper than 512 is refused.
package jsjson

// maxDepth bounds nesting, and with it the stack.
const maxDepth = 512
