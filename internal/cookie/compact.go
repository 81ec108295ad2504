package cookie

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/lockstep-auth/lockstep/internal/jsjson"
)

// A Compact value is the base64url, without padding, of
//
//	{"session":{"session":{…},"user":{…},"updatedAt":N,"version":"1"},"expiresAt":E,"signature":"S"}
//
// where S is the base64url of an HMAC-SHA-256 over the inner object with
// "expiresAt" as one more member:
//
//	{"session":{…},"user":{…},"updatedAt":N,"version":"1","expiresAt":E}
//
// Upstream signs what JSON.stringify makes of the object, and when reading makes
// it anew from what it parsed. Both are the bytes of the outer text with a brace
// moved, which is all that is looked at here (upstream: cookies/index.ts).
const (
	compactHead    = `{"session":`
	compactExpiry  = `,"expiresAt":`
	compactSign    = `,"signature":"`
	compactTail    = `"}`
	signatureLen   = 43 // base64url of 32 bytes
	compactTailLen = len(compactSign) + signatureLen + len(compactTail)
)

func (c *Cache) encodeCompact(p Payload, now time.Time, maxAge int) string {
	end := now.UnixMilli() + 1000*int64(cmp.Or(maxAge, compactSessionLife))
	out := make([]byte, 0, len(p.Session)+len(p.User)+256)
	out = appendPayload(append(out, compactHead...), p)
	body := len(out)
	out = strconv.AppendInt(append(out, compactExpiry...), end, 10)
	signature := c.signature(append(out, '}')[len(compactHead):])

	// What was signed has its brace at the end, what is written before expiresAt.
	out = append(append(out[:body], '}'), compactExpiry...)
	out = strconv.AppendInt(out, end, 10)
	out = append(append(out, compactSign...), signature[:]...)
	return c.encoding.EncodeToString(append(out, compactTail...))
}

func (c *Cache) decodeCompact(value string) (Payload, time.Time, bool) {
	signed, ok := c.openCompact(value)
	if !ok || !survivesRevival(signed) {
		return Payload{}, time.Time{}, false
	}
	p, end, ok := readPayload(signed, "expiresAt")
	return p, time.UnixMilli(end), ok
}

// openCompact returns the text that value's signature is over, if it is right.
func (c *Cache) openCompact(value string) ([]byte, bool) {
	if strings.ContainsAny(value, "\r\n") { // which package base64 skips
		return nil, false
	}
	text, err := c.encoding.DecodeString(value)
	if err != nil {
		return nil, false
	}
	// The text is head, body, brace, expiry, tail. The first member is part of the
	// head so that no other text signed with the secret can be taken for a session.
	if !bytes.HasPrefix(text, []byte(compactHead+compactHead+"{")) || len(text) < compactTailLen {
		return nil, false
	}
	text, tail := text[:len(text)-compactTailLen], text[len(text)-compactTailLen:]
	got, ok := cutBoth(tail, compactSign, compactTail)
	brace := bytes.LastIndex(text, []byte("}"+compactExpiry))
	if !ok || brace < 0 {
		return nil, false
	}
	copy(text[brace:], text[brace+1:])
	text[len(text)-1] = '}'
	signed := text[len(compactHead):]
	want := c.signature(signed)
	return signed, hmac.Equal(got, want[:])
}

func cutBoth(b []byte, prefix, suffix string) ([]byte, bool) {
	b, hasPrefix := bytes.CutPrefix(b, []byte(prefix))
	b, hasSuffix := bytes.CutSuffix(b, []byte(suffix))
	return b, hasPrefix && hasSuffix
}

func (c *Cache) signature(signed []byte) (text [signatureLen]byte) {
	mac := c.signer.MAC(signed)
	base64.RawURLEncoding.Encode(text[:], mac[:])
	return text
}

// survivesRevival reports whether JavaScript writes the JSON text data again as
// it reads it. Upstream turns each string that looks like a date into a Date,
// which is written with exactly three digits of milliseconds, and on its real
// day (@better-auth/core utils/json.ts). Other dates make upstream refuse a
// signature, and so do we, lest two servers disagree on a session.
func survivesRevival(data []byte) bool {
	var buf [32]byte
	for rest := data; ; {
		end := bytes.Index(rest, []byte(`Z"`))
		if end < 0 {
			return true
		}
		end += len(`Z"`)
		raw := lastString(rest[:end])
		isKey := end < len(rest) && rest[end] == ':'
		rest = rest[end:]
		if t, ok := jsjson.Time(raw); ok && !isKey && !bytes.Equal(jsjson.AppendTime(buf[:0], t), raw) {
			return false
		}
	}
}

// lastString returns the JSON string at whose closing quote data ends, or nil
// when an escape in the string shows that it is not a date.
func lastString(data []byte) []byte {
	start := bytes.LastIndexByte(data[:len(data)-1], '"')
	if start < 0 || start > 0 && data[start-1] == '\\' {
		return nil
	}
	return data[start:]
}
