package jwks_test

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep/internal/secure"
	"github.com/lockstep-auth/lockstep/jwks"
)

var update = flag.Bool("update", false, "rewrite testdata/go.json; then run testdata/check.mjs on it")

func sealer(t *testing.T, name string, r recorded) jwks.Sealer {
	t.Helper()
	if name != "rotated secret" {
		return secure.NewSecrets(r.Secret)
	}
	s, err := secure.NewRotation([]secure.Secret{{Version: 7, Value: "a newer secret that Node.js did not know, 0123"}, {Version: 2, Value: r.Secret}}, "")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A row that Better Auth wrote signs here, its tokens verify here, and its key
// set is the same text.
func TestNodeKeysWorkHere(t *testing.T) {
	t.Parallel()
	node := load(t, "testdata/node.json")
	for _, k := range node.Keys {
		t.Run(k.Name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.insert(t, k.Row.record())
			c := jwks.Config{Store: w.store, Now: w.Now}
			if k.Row.Alg != nil {
				c.Algorithm = jwks.Algorithm(*k.Row.Alg)
			}
			if k.Name != "stored in clear" {
				c.Seal = sealer(t, k.Name, node)
			}
			r, err := jwks.New(c)
			if err != nil {
				t.Fatal(err)
			}
			claims, err := r.Verify(t.Context(), k.Token, expect)
			if err != nil {
				t.Fatalf("token: %v", err)
			}
			if got, _ := claims.MarshalJSON(); string(got) != node.Payload {
				t.Errorf("claims\ngot  %s\nwant %s", got, node.Payload)
			}
			if got := string(document(t, r)); got != k.Document {
				t.Errorf("document\ngot  %s\nwant %s", got, k.Document)
			}
			token, err := r.Sign(t.Context(), claims)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := header(t, token), header(t, k.Token); got != want {
				t.Errorf("header: got %s, want %s", got, want)
			}
			if got, want := strings.Split(token, ".")[1], strings.Split(k.Token, ".")[1]; got != want {
				t.Errorf("payload: got %s, want %s", got, want)
			}
			if _, err := r.Verify(t.Context(), token, expect); err != nil {
				t.Errorf("own token: %v", err)
			}
			if n := len(w.rows(t)); n != 1 {
				t.Errorf("%d rows, want Better Auth's alone", n)
			}
		})
	}
}

func header(t *testing.T, token string) string {
	t.Helper()
	data, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[0])
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// The rows and tokens of testdata/go.json were written here, and Better Auth
// signed with the rows and verified the tokens (testdata/check.mjs). What it
// accepted must not change its form.
func TestRowsThatNodeAccepted(t *testing.T) {
	t.Parallel()
	if *update {
		writeGoRows(t)
	}
	ours := load(t, "testdata/go.json")
	for _, k := range ours.Keys {
		w := newWorld(t)
		r := w.keyring(t, jwks.Config{Algorithm: jwks.Algorithm(k.Name)})
		w.sign(t, r)
		made := w.rows(t)[0]
		for _, field := range []string{"publicKey", "privateKey", "crv"} {
			old, fresh := k.Row.record()[field], made[field]
			if field == "privateKey" {
				old, fresh = opened(t, old.(string)), opened(t, fresh.(string))
			}
			if got, want := shapeOf(fresh), shapeOf(old); got != want {
				t.Errorf("%s: %s has the form %s, Better Auth accepted %s", k.Name, field, got, want)
			}
		}
	}
}

// opened unseals a stored private key.
func opened(t *testing.T, stored string) string {
	t.Helper()
	var sealed string
	if err := json.Unmarshal([]byte(stored), &sealed); err != nil {
		t.Fatalf("private key is no JSON text: %v", err)
	}
	text, err := secure.NewSecrets(secret).Decrypt(sealed)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// shapeOf is the text of a JWK without its numbers, or the value itself.
func shapeOf(v any) string {
	text, _ := v.(string)
	var jwk map[string]string
	if json.Unmarshal([]byte(text), &jwk) != nil {
		return text
	}
	for name, value := range jwk {
		if name != "kty" && name != "crv" {
			text = strings.Replace(text, value, "…", 1)
		}
	}
	return text
}

func writeGoRows(t *testing.T) {
	t.Helper()
	out := recorded{Secret: secret}
	for _, alg := range []jwks.Algorithm{jwks.EdDSA, jwks.ES256, jwks.ES512, jwks.RS256, jwks.PS256} {
		w := newWorld(t)
		r := w.keyring(t, jwks.Config{Algorithm: alg})
		claims := claimsOf(t, map[string]any{"sub": "user-1", "name": "Zoë <b>", "iss": issuer, "aud": issuer, "exp": 4102444800})
		token, err := r.Sign(t.Context(), claims)
		if err != nil {
			t.Fatal(err)
		}
		row := w.rows(t)[0]
		text := func(name string) string { s, _ := row[name].(string); return s }
		e := recordedKey{Name: string(alg), Token: token, Document: string(document(t, r)), Row: recordedRow{
			ID: text("id"), PublicKey: text("publicKey"), PrivateKey: text("privateKey"),
			CreatedAt: float64(row["createdAt"].(time.Time).UnixMilli()), Alg: new(text("alg")),
		}}
		if crv := text("crv"); crv != "" {
			e.Row.Crv = &crv
		}
		out.Keys = append(out.Keys, e)
	}
	data, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("testdata/go.json", append(data, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}
