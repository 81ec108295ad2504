package jwks_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep/jwks"
)

func b64(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// A forge makes tokens out of a good one.
type forge struct {
	w     *world
	r     *jwks.Keyring
	good  string
	parts []string
	kid   string
}

func newForge(t *testing.T, alg jwks.Algorithm) *forge {
	t.Helper()
	w := newWorld(t)
	r := w.keyring(t, jwks.Config{Algorithm: alg})
	good := w.sign(t, r)
	return &forge{w, r, good, strings.Split(good, "."), w.rows(t)[0]["id"].(string)}
}

func (f *forge) with(header string) string {
	return b64(header) + "." + f.parts[1] + "." + f.parts[2]
}

func (f *forge) refuse(t *testing.T, name, token string) {
	t.Helper()
	claims, err := f.r.Verify(t.Context(), token, expect)
	if !errors.Is(err, jwks.ErrInvalid) || claims != nil {
		t.Errorf("%s: %s, %v, want ErrInvalid", name, claims, err)
	}
	if err != nil && len(token) > 40 && strings.Contains(err.Error(), token[:40]) {
		t.Errorf("%s: the error tells the token", name)
	}
}

func TestForgedHeaders(t *testing.T) {
	t.Parallel()
	f := newForge(t, jwks.RS256)
	kid := `"kid":"` + f.kid + `"`
	for name, header := range map[string]string{
		"none": `{"alg":"none",` + kid + `}`, "None": `{"alg":"None",` + kid + `}`, "nOnE": `{"alg":"nOnE",` + kid + `}`,
		"another algorithm of the key": `{"alg":"PS256",` + kid + `}`, "HS256": `{"alg":"HS256",` + kid + `}`,
		"another kind of key": `{"alg":"EdDSA",` + kid + `}`, "no algorithm": `{` + kid + `}`, "algorithm is a list": `{"alg":["RS256"],` + kid + `}`,
		"lower case": `{"alg":"rs256",` + kid + `}`, "no kid": `{"alg":"RS256"}`, "kid is a number": `{"alg":"RS256","kid":1}`,
		"kid is a path": `{"alg":"RS256","kid":"../../dev/null"}`, "kid is SQL": `{"alg":"RS256","kid":"' or 1=1 --"}`,
		"kid twice": `{"alg":"RS256",` + kid + `,` + kid + `}`, "algorithm twice": `{"alg":"RS256","alg":"none",` + kid + `}`,
		"crit": `{"alg":"RS256",` + kid + `,"crit":["b64"],"b64":false}`, "session cookie": `{"alg":"RS256",` + kid + `,"typ":"better-auth.session-cache+jwt"}`,
		"typ is a number": `{"alg":"RS256",` + kid + `,"typ":1}`, "no object": `["RS256"]`, "no JSON": `{`, "empty": ``,
		"key in the header": `{"alg":"EdDSA","kid":"x","jwk":{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}}`,
	} {
		f.refuse(t, name, f.with(header))
	}
	public := f.w.rows(t)[0]["publicKey"].(string)
	for name, key := range map[string]string{"public key as secret": public, "kid as secret": f.kid, "empty secret": ""} {
		input := b64(`{"alg":"HS256",`+kid+`}`) + "." + f.parts[1]
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte(input))
		f.refuse(t, name, input+"."+base64.RawURLEncoding.EncodeToString(mac.Sum(nil)))
	}
}

func TestForgedTokens(t *testing.T) {
	t.Parallel()
	for _, alg := range algorithms() {
		f := newForge(t, alg)
		h, p, s := f.parts[0], f.parts[1], f.parts[2]
		for name, token := range map[string]string{
			"empty": "", "dots": "..", "no signature": h + "." + p + ".", "two parts": h + "." + p, "four parts": f.good + ".x",
			"five parts": f.good + ".x.y", "space before": " " + f.good, "space behind": f.good + " ", "line break": f.good + "\n",
			"line break inside": h + "." + p[:4] + "\n" + p[4:] + "." + s, "padded": h + "." + p + "." + s + "=",
			"other payload":     h + "." + b64(`{"sub":"admin","iss":"`+issuer+`","aud":"`+issuer+`","exp":4102444800}`) + "." + s,
			"payload no object": h + "." + b64(`[]`) + "." + s, "zero signature": h + "." + p + "." + b64(strings.Repeat("\x00", 64)),
			"too long": h + "." + strings.Repeat("A", 17<<10) + "." + s, "swapped": p + "." + h + "." + s,
		} {
			f.refuse(t, string(alg)+" "+name, token)
		}
		raw, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		for i := range raw {
			raw[i] ^= 1
			f.refuse(t, string(alg)+" flipped bit", h+"."+p+"."+base64.RawURLEncoding.EncodeToString(raw))
			raw[i] ^= 1
		}
		if _, err := f.r.Verify(t.Context(), f.good, expect); err != nil {
			t.Errorf("%s good: %v", alg, err)
		}
	}
}

// ECDSA signatures are R and S side by side, never ASN.1, never 0.
func TestForgedECDSA(t *testing.T) {
	t.Parallel()
	f := newForge(t, jwks.ES256)
	raw, err := base64.RawURLEncoding.DecodeString(f.parts[2])
	if err != nil {
		t.Fatal(err)
	}
	r, s := new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:])
	der := func(parts ...*big.Int) string {
		var body []byte
		for _, p := range parts {
			n := append([]byte{0}, p.Bytes()...)
			body = append(append(body, 2, byte(len(n))), n...)
		}
		return string(append([]byte{0x30, byte(len(body))}, body...))
	}
	order, _ := new(big.Int).SetString("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16)
	for name, signature := range map[string]string{
		"ASN.1": der(r, s), "R is 0": strings.Repeat("\x00", 32) + string(raw[32:]), "S is 0": string(raw[:32]) + strings.Repeat("\x00", 32),
		"R is the order": string(order.Bytes()) + string(raw[32:]), "too short": string(raw[:63]), "too long": string(raw) + "\x00",
	} {
		f.refuse(t, name, f.parts[0]+"."+f.parts[1]+"."+b64(signature))
	}
}

func TestClaimsAreChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.keyring(t, jwks.Config{})
	now := start.Unix()
	good := map[string]any{"sub": "u", "iss": issuer, "aud": issuer, "exp": now + 1}
	for _, tc := range []struct {
		name, claim string
		value       any // nil removes the claim
		ok          bool
	}{
		{"nothing changed", "x", 1, true},
		{"audience in a list", "aud", []string{"https://other.example", issuer}, true},
		{"not before now", "nbf", now, true},
		{"made in the future", "iat", now + 9999, true},
		{"half a second left", "exp", float64(now) + 0.5, true},
		{"another issuer", "iss", "https://evil.example", false},
		{"issuer with a slash", "iss", issuer + "/", false},
		{"no issuer", "iss", nil, false},
		{"another audience", "aud", "convex", false},
		{"other audiences", "aud", []string{"convex", "x"}, false},
		{"empty audience", "aud", []string{}, false},
		{"audience is a number", "aud", 1, false},
		{"no audience", "aud", nil, false},
		{"no subject", "sub", nil, false},
		{"empty subject", "sub", "", false},
		{"subject is a number", "sub", 1, false},
		{"expired this second", "exp", now, false},
		{"no expiry", "exp", nil, false},
		{"expiry is a text", "exp", "4102444800", false},
		{"expiry is null", "exp", json.RawMessage("null"), false},
		{"not valid yet", "nbf", now + 1, false},
		{"not before is a text", "nbf", "1", false},
		{"made at a text", "iat", "1", false},
	} {
		claims := claimsOf(t, good)
		if tc.value == nil {
			claims.Delete(tc.claim)
		} else if err := claims.Set(tc.claim, tc.value); err != nil {
			t.Fatal(err)
		}
		token, err := r.Sign(t.Context(), claims)
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.Verify(t.Context(), token, expect)
		if tc.ok && err != nil || !tc.ok && !errors.Is(err, jwks.ErrInvalid) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	late := expect
	late.Leeway = 5 * time.Second
	token := w.sign(t, r)
	w.advance(10*time.Minute + 4*time.Second)
	if _, err := r.Verify(t.Context(), token, late); err != nil {
		t.Errorf("within the leeway: %v", err)
	}
	w.advance(time.Second)
	if _, err := r.Verify(t.Context(), token, late); !errors.Is(err, jwks.ErrInvalid) {
		t.Errorf("after the leeway: %v", err)
	}
}

func TestClaims(t *testing.T) {
	t.Parallel()
	c := claimsOf(t, json.RawMessage(`{"b":1,"a":"<x>","c":{"z":1,"y":2}}`))
	for name, value := range map[string]any{"a": "new", "d": true} {
		if err := c.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	c.Delete("b")
	got, err := c.MarshalJSON()
	if want := `{"a":"new","c":{"z":1,"y":2},"d":true}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	var v struct{ C struct{ Y int } }
	if err := c.Decode(&v); err != nil || v.C.Y != 2 {
		t.Errorf("decoded %+v, %v", v, err)
	}
	for _, bad := range []any{[]int{1}, "text", nil, 1, func() {}, json.RawMessage(`{"a":1,"a":2}`), json.RawMessage(`{"a":1,"\u0061":2}`)} {
		if c, err := jwks.NewClaims(bad); err == nil {
			t.Errorf("%v became the claims %s", bad, c)
		}
	}
}

// FuzzVerify: a token is accepted only if it is byte for byte one that was
// signed; in particular no other spelling of it is.
func FuzzVerify(f *testing.F) {
	w := newWorld(f)
	r := w.keyring(f, jwks.Config{Algorithm: jwks.ES256})
	signed := []string{w.sign(f, r), w.sign(f, r)}
	for _, token := range signed {
		f.Add(token)
		f.Add(token + "=")
		f.Add(strings.Replace(token, ".", "..", 1))
	}
	f.Add("")
	f.Add("e30.e30.e30")
	f.Add(b64(`{"alg":"none","kid":"k"}`) + "." + b64(`{"exp":9999999999}`) + ".")
	f.Fuzz(func(t *testing.T, token string) {
		claims, err := r.Verify(context.Background(), token, expect)
		if slices.Contains(signed, token) != (err == nil) || (err != nil && (!errors.Is(err, jwks.ErrInvalid) || claims != nil)) {
			t.Errorf("%q: %s, %v", token, claims, err)
		}
	})
}

// FuzzClaims: what reads as claims writes back to JSON that reads the same.
func FuzzClaims(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":1}`, `{"a":{"a":[1,"\u2028<"]},"b":null}`, `{"\u0061":1,"a":2}`, `[]`, `{"a":1}x`, "{\"a\":\"\xff\"}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := jwks.NewClaims(json.RawMessage(data))
		if err != nil {
			return
		}
		out, err := c.MarshalJSON()
		if err != nil || !json.Valid(out) {
			t.Fatalf("%q wrote %q, %v", data, out, err)
		}
		again, err := jwks.NewClaims(json.RawMessage(out))
		if err != nil {
			t.Fatalf("%q: %v", out, err)
		}
		if twice, _ := again.MarshalJSON(); string(twice) != string(out) || len(again) != len(c) {
			t.Errorf("%q read again is %q", out, twice)
		}
		seen := map[string]bool{}
		for _, m := range c {
			if seen[m.Name] {
				t.Errorf("%q has %q twice", data, m.Name)
			}
			seen[m.Name] = true
		}
	})
}
