package wire_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/internal/wire"
	"github.com/lockstep-auth/lockstep/schema"
)

// accountShape is that of accounts with one more field.
func accountShape(t testing.TB) *wire.Shape {
	t.Helper()
	tables, err := schema.Merge(identity.Tables(), []schema.Table{{
		Name: identity.AccountTable, Fields: []schema.Field{{Name: "note"}, {Name: "secret", NoOutput: true}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return wire.NewShape(tables)
}

func TestStoredAccount(t *testing.T) {
	t.Parallel()
	s := accountShape(t)
	at := time.Date(2026, 3, 4, 5, 6, 7, 89e6, time.UTC)
	full := &identity.Account{
		ID: "i", ProviderID: "p", AccountID: "a", UserID: "u", Scope: "x,y", CreatedAt: at, UpdatedAt: at.Add(time.Second),
		OAuthTokens: identity.OAuthTokens{
			AccessToken: `at"`, RefreshToken: "rt", IDToken: "it", AccessTokenExpiresAt: at.Add(time.Hour), RefreshTokenExpiresAt: at.Add(2 * time.Hour),
		},
		Fields: map[string]any{"note": "n"},
	}
	bare := &identity.Account{ID: "i", ProviderID: "p", AccountID: "a", UserID: "u", Fields: map[string]any{"note": nil}}
	for _, want := range []*identity.Account{full, bare} {
		got, ok := s.ParseStoredAccount(append(s.AppendStoredAccount(nil, want), '}'))
		if !ok || !cmp.Equal(got, want) {
			t.Errorf("%v: %s", ok, cmp.Diff(want, got))
		}
	}
	// The order of upstream's account cookie.
	order := regexp.MustCompile(`"(\w+)":`).FindAllStringSubmatch(string(s.AppendStoredAccount(nil, full)), -1)
	var names []string
	for _, m := range order {
		names = append(names, m[1])
	}
	want := "accountId providerId userId accessToken refreshToken idToken accessTokenExpiresAt refreshTokenExpiresAt scope createdAt updatedAt id note"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("members are %s, want %s", got, want)
	}
	withPassword := *full
	withPassword.Password = "hash"
	withPassword.Fields = map[string]any{"note": "n", "secret": "s"}
	if text := s.AppendStoredAccount(nil, &withPassword); bytes.Contains(text, []byte("hash")) || bytes.Contains(text, []byte("secret")) {
		t.Errorf("the cookie tells %s", text)
	}
	for name, text := range map[string]string{
		"no id":           `{"providerId":"p","accountId":"a","userId":"u"}`,
		"an empty user":   `{"id":"i","providerId":"p","accountId":"a","userId":""}`,
		"a numeric id":    `{"id":1,"providerId":"p","accountId":"a","userId":"u"}`,
		"a token of null": `{"id":"i","providerId":"p","accountId":"a","userId":"u","accessToken":5}`,
		"a date of text":  `{"id":"i","providerId":"p","accountId":"a","userId":"u","accessTokenExpiresAt":"soon"}`,
		"a list":          `[]`,
	} {
		if _, ok := s.ParseStoredAccount([]byte(text)); ok {
			t.Errorf("%s is accepted", name)
		}
	}
}

// FuzzParseStoredAccount: what is read is written the same again.
func FuzzParseStoredAccount(f *testing.F) {
	f.Add(`{"accountId":"a","providerId":"p","userId":"u","accessToken":"t","accessTokenExpiresAt":"2026-01-02T03:04:05.678Z","id":"i","note":"n"}`)
	f.Add(`{"accountId":"","providerId":"p","userId":"u","scope":null,"createdAt":null,"id":"i"}`)
	f.Fuzz(func(t *testing.T, text string) {
		s := accountShape(t)
		a, ok := s.ParseStoredAccount([]byte(text))
		if !ok {
			return
		}
		if note, isText := a.Fields["note"].(string); !isText {
			a.Fields["note"] = nil
		} else {
			a.Fields["note"] = note
		}
		if a.AccountID == "" {
			a.AccountID = "a" // an empty one is written as null, which is none
		}
		again, ok := s.ParseStoredAccount(append(s.AppendStoredAccount(nil, a), '}'))
		if !ok || !cmp.Equal(again, a) {
			t.Errorf("%v: %s", ok, cmp.Diff(a, again))
		}
	})
}
