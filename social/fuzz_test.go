package social_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/lockstep-auth/lockstep/oauth"
	"github.com/lockstep-auth/lockstep/social"
)

// FuzzProfiles: whatever a service answers, no reader panics, an address is only
// verified if the answer says true, 1 or lists it, and a reader that succeeds has
// handed on JSON.
func FuzzProfiles(f *testing.F) {
	for _, seed := range []string{
		`{"id":1,"email":"a@b.test","email_verified":true,"verified":1,"sub":"s","oid":"o"}`,
		`{"data":{"user":{"open_id":"x"},"viewer":{"id":"y"},"id":"z"},"success":true,"result":{"id":"r"}}`,
		`{"data":[{"user_id":7}],"images":[{"url":"u"}],"avatar":null,"discriminator":"1","state":"active"}`,
		`{"user":{"user_id":"1","sex":2},"resultcode":"00","response":{"id":"n"},"picture":{"data":{"url":"u"}}}`,
		`{"bot":{"owner":{"user":{"id":"n","person":{"email":"e"}}}},"kakao_account":{"is_email_valid":true}}`,
		`{"email":"a@b.test","verified_primary_email":["a@b.test"]}`,
		`{}`, `[]`, `null`,
	} {
		f.Add([]byte(seed))
	}
	providers := byID(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		claims, err := oauth.ParseClaims(data)
		if err != nil {
			return
		}
		for _, e := range social.Catalog() {
			p, err := providers[e.ID].Profile(claims)
			if err != nil {
				continue
			}
			says := bytes.Contains(data, []byte("true")) || bytes.Contains(data, []byte("1")) || bytes.Contains(data, []byte(`\u`)) ||
				bytes.Contains(data, []byte("verified_primary_email")) || bytes.Contains(data, []byte("verified_secondary_email"))
			if p.EmailVerified && !says {
				t.Errorf("%s: verified by %s", e.ID, data)
			}
			if p.EmailVerified && strings.HasSuffix(p.Email, ".placeholder.invalid") && !bytes.Contains(data, []byte("placeholder")) {
				t.Errorf("%s: a placeholder is verified by %s", e.ID, data)
			}
			if p.Data != nil {
				if _, err := oauth.ParseClaims(p.Data); err != nil {
					t.Errorf("%s: hands on %q: %v", e.ID, p.Data, err)
				}
			}
		}
	})
}
