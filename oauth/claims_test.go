package oauth_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/lockstep-auth/lockstep/oauth"
)

func parse(t *testing.T, text string) oauth.Claims {
	t.Helper()
	c, err := oauth.ParseClaims([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestIdentifier(t *testing.T) {
	for value, want := range map[string]string{
		`"abc"`: "abc", `583231`: "583231", `0`: "0", `-1`: "-1", `1e3`: "1000", `12.0`: "12", `9007199254740991`: "9007199254740991",
		`"9007199254740993"`: "9007199254740993",
		`9007199254740992`:   "", `1.5`: "", `1e400`: "", `true`: "", `null`: "", `{}`: "", `[]`: "", `""`: "",
	} {
		if got := parse(t, `{"id":`+value+`}`).Identifier("id"); got != want {
			t.Errorf("%s: got %q, want %q", value, got, want)
		}
	}
}

// TestNamesAreExact: encoding/json would take "EMAIL" for "email".
func TestNamesAreExact(t *testing.T) {
	c := parse(t, `{"EMAIL":"evil@b.test","Email":"evil@b.test"}`)
	if got := c.Text("email"); got != "" {
		t.Errorf("got %q, want nothing", got)
	}
}

func TestOtherTypesAreAbsent(t *testing.T) {
	c := parse(t, `{"n":1,"s":"x","o":{"a":1},"l":[{"a":1},2,"x"],"t":["a","b"],"mixed":["a",1],"nul":null,"lnul":["a",null]}`)
	if c.Text("n") != "" || c.Text("nul") != "" || c.Text("none") != "" || c.Object("s").Has("a") || c.Objects("o") != nil || c.Texts("mixed") != nil || c.Texts("s") != nil || c.Texts("lnul") != nil {
		t.Error("a member of another type is read")
	}
	if _, ok := c.Number("s"); ok {
		t.Error("text is read as a number")
	}
	if len(c.Objects("l")) != 1 || len(c.Texts("t")) != 2 || !c.Object("o").Has("a") || c.Has("nul") || c.Has("none") {
		t.Error("a member is not read")
	}
}

func TestClaimsKeepTheirOrder(t *testing.T) {
	c := parse(t, ` { "z" : 1, "a" : { "x" : [ 1, 2 ] } , "é\"" : "<&>" } `)
	c2 := c.With("a", "new").With("end", true).With("sub", oauth.Claims{}.With("raw", json.RawMessage(`null`)))
	if got, want := string(c.JSON()), `{"z":1,"a":{"x":[1,2]},"é\"":"<&>"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := string(c2.JSON()), `{"z":1,"a":"new","é\"":"<&>","end":true,"sub":{"raw":null}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := string(oauth.Claims{}.JSON()); got != "{}" {
		t.Errorf("empty: got %s", got)
	}
}

// TestSecretsAreNotPrinted: no value that holds secrets shows them.
func TestSecretsAreNotPrinted(t *testing.T) {
	response := oauth.Claims{}.With("access_token", theSecret)
	p := minimal()
	p.ClientSecret = theSecret
	tokens := oauth.Tokens{AccessToken: theSecret, Response: response}
	for _, v := range []any{
		p, &p, tokens, &tokens, response,
		oauth.Params{{Name: "client_secret", Value: theSecret}},
		oauth.Request{URL: theSecret},
		oauth.TokenRequest{Params: oauth.Params{{Name: "x", Value: theSecret}}},
		oauth.AuthorizationRequest{Verifier: theSecret},
		oauth.ExchangeRequest{Code: theSecret},
		oauth.StateData{Verifier: theSecret},
		oauth.IDToken{Token: theSecret},
		oauth.IDTokenRequest{Token: theSecret},
		oauth.PrivateKey{PEM: theSecret},
		oauth.Lookup{Tokens: tokens, Provider: p},
		struct{ T oauth.Tokens }{tokens},
		[]oauth.Provider{p},
	} {
		for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
			if got := fmt.Sprintf(format, v); strings.Contains(got, theSecret) {
				t.Errorf("%T prints %s", v, got)
			}
		}
	}
}

// TestErrorsHaveNoURL: WeChat's URLs have the secret in them.
func TestErrorsHaveNoURL(t *testing.T) {
	c := newClient(t, nil)
	for _, endpoint := range []string{"http://127.0.0.1:1/x?secret=" + theSecret, "https://h/%zz?" + theSecret, "nonsense " + theSecret} {
		_, err := c.Do(t.Context(), oauth.Request{URL: endpoint})
		if err == nil || strings.Contains(err.Error(), theSecret) {
			t.Errorf("got %v, want an error without the secret", err)
		}
	}
}

// FuzzTokens: a token response never panics, and what is read was in it.
func FuzzTokens(f *testing.F) {
	f.Add([]byte(`{"access_token":"a","refresh_token":"r","expires_in":"3600","scope":["x"],"id_token":"i"}`))
	f.Add([]byte(`{"error":{"type":"x"}}`))
	f.Add([]byte(`{"expires_in":-1e308,"refresh_token_expires_in":1e308,"scope":"a b"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		tokens, err := oauth.ParseTokens(data, start)
		if err != nil {
			return
		}
		if !json.Valid(data) {
			t.Fatalf("accepts what is not JSON: %q", data)
		}
		for _, at := range []interface{ Year() int }{tokens.AccessTokenExpiresAt, tokens.RefreshTokenExpiresAt} {
			if at.Year() > 2126 {
				t.Errorf("expires in %d", at.Year())
			}
		}
		for _, s := range tokens.Scopes {
			if s == "" || strings.TrimSpace(s) != s {
				t.Errorf("scope %q", s)
			}
		}
		again, err := oauth.ParseTokens(tokens.Response.JSON(), start)
		if err != nil || again.AccessToken != tokens.AccessToken || again.IDToken != tokens.IDToken {
			t.Errorf("reads differently a second time: %v", err)
		}
	})
}

// FuzzClaims: what is read is JSON, and writes and reads the same.
func FuzzClaims(f *testing.F) {
	f.Add([]byte(`{"a":1,"b":{"c":[null,true,"x"]},"d":1e5}`))
	f.Add([]byte(`{"a":1,"a":2}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := oauth.ParseClaims(data)
		if err != nil {
			return
		}
		if !json.Valid(data) {
			t.Fatalf("accepts what is not JSON: %q", data)
		}
		once := c.JSON()
		again, err := oauth.ParseClaims(once)
		if err != nil || !bytes.Equal(again.JSON(), once) {
			t.Errorf("%q: then %q, %v", once, again.JSON(), err)
		}
	})
}

// FuzzIDToken: no token but the signed one is accepted.
func FuzzIDToken(f *testing.F) {
	p := minimal()
	p.ClientIDs = []string{"client-1"}
	p.IDToken = oauth.IDTokenRules{Issuers: []string{"https://idp.test"}, JWKSURL: "https://idp.test/keys"}
	good := (&idp{
		header: claims{"alg": "RS256", "kid": "k1"},
		claims: claims{"iss": "https://idp.test", "sub": "s", "aud": "client-1", "exp": start.Unix() + 60, "iat": start.Unix()},
		sign:   func(input string) []byte { return signRS256(keys().rsa, input) },
	}).idToken()
	set := jsonOf(keySetOf(jwk(&keys().rsa.PublicKey, nil)))
	f.Add(good)
	f.Add(strings.Replace(good, ".", "..", 1))
	f.Add("e30.e30.")
	f.Add(`eyJhbGciOiJub25lIn0.e30.`)
	f.Fuzz(func(t *testing.T, token string) {
		c, err := oauth.New(fixedAnswer(set))
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.VerifyIDToken(t.Context(), p, oauth.IDToken{Token: token})
		// The last character of a signature has bits that decoders ignore.
		same := len(token) == len(good) && token[:len(token)-1] == good[:len(good)-1]
		if err == nil && !same {
			t.Errorf("%q is accepted", token)
		}
		if err != nil && token == good {
			t.Errorf("the signed token is refused: %v", err)
		}
		_, _ = oauth.PeekClaims(token) // must not panic
	})
}

// FuzzKeySet: a key set never panics.
func FuzzKeySet(f *testing.F) {
	f.Add(jsonOf(keySetOf(jwk(&keys().rsa.PublicKey, nil), ecJWK(&keys().ec.PublicKey))))
	f.Add([]byte(`{"keys":[{"kty":"oct","k":"AA"},{"kty":"RSA","n":"AA","e":"AA"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if n, err := oauth.ParseKeys(data); (err == nil) != (n > 0) || n > 100 {
			t.Errorf("got %d keys, %v", n, err)
		}
	})
}
