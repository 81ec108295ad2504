package core_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep/internal/cookie"
	"github.com/lockstep-auth/lockstep/internal/core"
	"github.com/lockstep-auth/lockstep/internal/secure"
	"github.com/lockstep-auth/lockstep/plugin"
)

func load(t testing.TB, name string, v any) {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatal(err)
	}
}

type tokenVectors struct {
	Secret  string
	At      time.Time
	Seconds int
	Tokens  []struct{ Name, Email, UpdateTo, RequestType, UserID, JTI, Token string }
}

// call returns a call of a server with the secret, at a time.
func call(t testing.TB, secret string, at time.Time) *plugin.Call {
	t.Helper()
	names, err := cookie.NewNames(cookie.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return &plugin.Call{Host: plugin.NewHost(plugin.HostConfig{
		Secrets: secure.NewSecrets(secret), Cookies: names, Now: func() time.Time { return at },
	})}
}

// TestTokensOfNode: a token that Better Auth mints works here, and what is
// minted here is what it would have minted, byte for byte.
func TestTokensOfNode(t *testing.T) {
	t.Parallel()
	var v tokenVectors
	load(t, "email-tokens.json", &v)
	if len(v.Tokens) < 7 {
		t.Fatalf("%d tokens", len(v.Tokens))
	}
	c := call(t, v.Secret, v.At)
	for _, tc := range v.Tokens {
		t.Run(tc.Name, func(t *testing.T) {
			t.Parallel()
			want := core.EmailToken{
				Email: tc.Email, UpdateTo: tc.UpdateTo, RequestType: tc.RequestType, UserID: tc.UserID, ID: tc.JTI,
			}
			claims, err := c.Host.VerifyToken(tc.Token)
			if err != nil {
				t.Fatal(err)
			}
			got, ok := core.ReadEmailToken(claims)
			if wantOK := plugin.IsEmail(tc.Email); got != want && ok || ok != wantOK {
				t.Errorf("read %+v, %v; want %+v, %v", got, ok, want, wantOK)
			}
			if got := core.Sign(c, want, time.Duration(v.Seconds)*time.Second); got != tc.Token {
				t.Errorf("minted\n%s, want\n%s", got, tc.Token)
			}
		})
	}
}

func TestTokenExpires(t *testing.T) {
	t.Parallel()
	var v tokenVectors
	load(t, "email-tokens.json", &v)
	end := v.At.Add(time.Duration(v.Seconds) * time.Second)
	for _, tc := range []struct {
		name, token string
		at          time.Time
		want        error
	}{
		{"works to the last second", v.Tokens[0].Token, end.Add(-time.Second), nil},
		{"does not work at its end", v.Tokens[0].Token, end, plugin.ErrTokenExpired},
		{"another signature", v.Tokens[0].Token[:len(v.Tokens[0].Token)-3] + "AAA", v.At, plugin.ErrTokenInvalid},
		{"another signature after its end", v.Tokens[0].Token[:len(v.Tokens[0].Token)-3] + "AAA", end, plugin.ErrTokenInvalid},
		{"no token", "", v.At, plugin.ErrTokenInvalid},
		{"a megabyte", strings.Repeat("x", 1<<20), v.At, plugin.ErrTokenInvalid},
		{"not UTF-8", "\xff\xfe", v.At, plugin.ErrTokenInvalid},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if _, err := call(t, v.Secret, tc.at).Host.VerifyToken(tc.token); err != tc.want { //nolint:errorlint // sentinels
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
}

func TestReadEmailToken(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, claims string
		want         bool
	}{
		{"an address", `{"email":"a@b.co","iat":1,"exp":2}`, true},
		{"no address, as in tokens for something else", `{"session":{"token":"x"},"user":{"email":"a@b.co"}}`, false},
		{"an address that is none", `{"email":"nope"}`, false},
		{"a new address that is none", `{"email":"a@b.co","updateTo":"x\r\nBcc: y@z.co"}`, false},
		{"a number for a new address", `{"email":"a@b.co","updateTo":5}`, false},
		{"null for a user", `{"email":"a@b.co","userId":null}`, false},
		{"a list", `["a@b.co"]`, false},
		{"no JSON", `{`, false},
		{"other letters", `{"EMAIL":"a@b.co"}`, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if _, got := core.ReadEmailToken([]byte(tc.claims)); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

// FuzzReadEmailToken: what is read has addresses in it, and minting it again
// gives the same token.
func FuzzReadEmailToken(f *testing.F) {
	f.Add([]byte(`{"email":"a@b.co","updateTo":"c@d.co","requestType":"change-email-verification","userId":"u","jti":"j"}`))
	f.Add([]byte(`{"email":"a@b.co","email":"x"}`))
	at := time.Unix(1_700_000_000, 0)
	c := call(f, strings.Repeat("k", 32), at)
	f.Fuzz(func(t *testing.T, claims []byte) {
		token, ok := core.ReadEmailToken(claims)
		if !ok {
			return
		}
		if !plugin.IsEmail(token.Email) || (token.UpdateTo != "" && !plugin.IsEmail(token.UpdateTo)) {
			t.Fatalf("no address in %+v", token)
		}
		signed := core.Sign(c, token, time.Hour)
		if len(signed) > 16<<10 {
			return
		}
		again, err := c.Host.VerifyToken(signed)
		if err != nil {
			t.Fatal(err)
		}
		token.Email, token.UpdateTo = strings.ToLower(token.Email), strings.ToLower(token.UpdateTo)
		if got, ok := core.ReadEmailToken(again); !ok || got != token {
			t.Fatalf("got %+v, want %+v", got, token)
		}
	})
}
