package jwks_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/internal/secure"
	"github.com/lockstep-auth/lockstep/jwks"
	"github.com/lockstep-auth/lockstep/store"
)

func algorithms() []jwks.Algorithm {
	return []jwks.Algorithm{jwks.EdDSA, jwks.ES256, jwks.ES512, jwks.RS256, jwks.PS256}
}

func TestSignAndVerify(t *testing.T) {
	t.Parallel()
	for _, alg := range algorithms() {
		t.Run(string(alg), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := w.keyring(t, jwks.Config{Algorithm: alg})
			token := w.sign(t, r)
			claims, err := w.keyring(t, jwks.Config{}).Verify(t.Context(), token, expect)
			if err != nil || claims.Subject() != "user-1" || !claims.ExpiresAt().Equal(start.Add(10*time.Minute)) {
				t.Errorf("another server: %s, %v", claims, err)
			}
			want := `{"alg":"` + string(alg) + `","kid":"` + w.rows(t)[0]["id"].(string) + `"}`
			if got := header(t, token); got != want {
				t.Errorf("header: got %s, want %s", got, want)
			}
		})
	}
}

// What the database keeps does not sign, and what is published does not either.
func TestPrivateKeysStayPrivate(t *testing.T) {
	t.Parallel()
	for _, alg := range algorithms() {
		w := newWorld(t)
		r := w.keyring(t, jwks.Config{Algorithm: alg})
		set := document(t, r)
		row := w.rows(t)[0]
		private := opened(t, row["privateKey"].(string))
		var jwk map[string]string
		if err := json.Unmarshal([]byte(private), &jwk); err != nil || jwk["d"] == "" {
			t.Fatalf("%s: private key: %v", alg, err)
		}
		for _, secret := range []string{jwk["d"], `"d"`, `"p"`, `"qi"`} {
			if strings.Contains(string(set), secret) || strings.Contains(row["publicKey"].(string), secret) {
				t.Errorf("%s: the public side has %s", alg, secret[:3])
			}
		}
		if strings.Contains(row["privateKey"].(string), jwk["d"]) {
			t.Errorf("%s: stored in clear", alg)
		}
		if got := fmt.Sprintf("%v %+v %#v", r, r, r); got != "[redacted] [redacted] [redacted]" {
			t.Errorf("prints %s", got)
		}
	}
}

// Many first requests of two servers at once end with one key that both use.
func TestFirstRequestsMakeOneKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	servers := []*jwks.Keyring{w.keyring(t, jwks.Config{}), w.keyring(t, jwks.Config{})}
	claims := w.claims(t)
	tokens := make([]string, 32)
	var wg sync.WaitGroup
	for i := range tokens {
		wg.Go(func() {
			var err error
			if tokens[i], err = servers[i%2].Sign(t.Context(), claims); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := len(w.rows(t)); n != 1 {
		t.Errorf("%d keys were made, want 1", n)
	}
	for i, token := range tokens {
		if _, err := servers[(i+1)%2].Verify(t.Context(), token, expect); err != nil {
			t.Errorf("token %d at the other server: %v", i, err)
		}
	}
}

// A store that cannot hold a guard lets both servers make a key; both are
// accepted, and in the end both servers sign with the newer one.
func TestTwoKeysAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.keyring(t, jwks.Config{})
	tokenA := w.sign(t, a)
	other := newWorld(t)
	other.advance(time.Millisecond)
	b := other.keyring(t, jwks.Config{})
	other.sign(t, b)
	w.insert(t, other.rows(t)[0]) // as if it had not seen the first
	w.advance(2 * time.Minute)
	second := w.keyring(t, jwks.Config{})
	newest := other.rows(t)[0]["id"].(string)
	for name, r := range map[string]*jwks.Keyring{"first server": a, "second server": second} {
		token := w.sign(t, r)
		if !strings.Contains(header(t, token), newest) {
			t.Errorf("%s signs with an older key: %s", name, header(t, token))
		}
		for _, tok := range []string{tokenA, token} {
			if _, err := r.Verify(t.Context(), tok, expect); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestTrips(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.keyring(t, jwks.Config{})
	token := w.sign(t, r)
	w.store.reads.Store(0)
	w.store.writes.Store(0)
	for range 100 {
		w.sign(t, r)
		document(t, r)
		if _, err := r.Verify(t.Context(), token, expect); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.store.reads.Load() + w.store.writes.Load(); n != 0 {
		t.Errorf("%d trips within a minute, want 0", n)
	}
	w.advance(time.Minute)
	w.sign(t, r)
	w.sign(t, r)
	if n := w.store.reads.Load(); n != 1 {
		t.Errorf("%d trips after a minute, want 1", n)
	}
}

// A key that another server made a moment ago is found, and made-up kids do not
// reach the database more than once in ten seconds.
func TestUnknownKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.keyring(t, jwks.Config{}), w.keyring(t, jwks.Config{})
	document(t, b)
	w.advance(20 * time.Second)
	if err := a.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	token := w.sign(t, a)
	if _, err := b.Verify(t.Context(), token, expect); err != nil {
		t.Errorf("new key of the other server: %v", err)
	}
	foreign := newWorld(t)
	madeUp := foreign.sign(t, foreign.keyring(t, jwks.Config{}))
	w.store.reads.Store(0)
	for range 50 {
		if _, err := b.Verify(t.Context(), madeUp, expect); !errors.Is(err, jwks.ErrInvalid) {
			t.Fatalf("made-up key: %v", err)
		}
	}
	w.advance(11 * time.Second)
	for range 50 {
		if _, err := b.Verify(t.Context(), madeUp, expect); !errors.Is(err, jwks.ErrInvalid) {
			t.Fatalf("made-up key: %v", err)
		}
	}
	if n := w.store.reads.Load(); n != 1 {
		t.Errorf("%d reads for made-up keys in 11 s, want 1", n)
	}
}

func kids(t *testing.T, set []byte) []string {
	t.Helper()
	var doc struct {
		Keys []struct {
			Kid string `json:"kid"`
		} `json:"keys"`
	}
	if err := json.Unmarshal(set, &doc); err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, k := range doc.Keys {
		list = append(list, k.Kid)
	}
	return list
}

func TestRotationInterval(t *testing.T) {
	t.Parallel()
	const hour = time.Hour
	w := newWorld(t)
	r := w.keyring(t, jwks.Config{RotationInterval: hour, GracePeriod: 2 * hour})
	first := w.sign(t, r)
	old := kids(t, document(t, r))
	w.advance(hour - time.Millisecond)
	if got := kids(t, document(t, r)); !cmp.Equal(got, old) {
		t.Errorf("before the interval ends: %v, want %v", got, old)
	}
	w.advance(time.Millisecond)
	second := w.sign(t, r)
	got := kids(t, document(t, r))
	if len(got) != 2 || got[1] != old[0] || !strings.Contains(header(t, second), got[0]) {
		t.Errorf("after the interval: %v, old key %v, signed with %s", got, old, header(t, second))
	}
	if _, err := r.Verify(t.Context(), second, expect); err != nil {
		t.Error(err)
	}
	w.advance(2 * hour)
	if got := kids(t, document(t, r)); len(got) == 0 || got[len(got)-1] == old[0] {
		t.Errorf("after the grace period: %v still has %s", got, old[0])
	}
	if _, err := r.Verify(t.Context(), first, expect); !errors.Is(err, jwks.ErrInvalid) {
		t.Errorf("token of a key past its grace period: %v", err)
	}
}

// With PublishAhead a successor is published while the old key still signs, so
// that a verifier that looks rarely never meets a key it does not know.
func TestPublishAhead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.keyring(t, jwks.Config{RotationInterval: 24 * time.Hour, PublishAhead: time.Hour})
	v := map[string]time.Time{} // when a kid was first published
	signedWith := map[string]bool{}
	for range 24 * 5 {
		for _, kid := range kids(t, document(t, r)) {
			if _, seen := v[kid]; !seen {
				v[kid] = w.Now()
			}
		}
		head := header(t, w.sign(t, r))
		var h struct {
			Kid string `json:"kid"`
		}
		if err := json.Unmarshal([]byte(head), &h); err != nil {
			t.Fatal(err)
		}
		age := w.Now().Sub(v[h.Kid])
		if len(v) > 1 && !v[h.Kid].Equal(start) && age < time.Hour {
			t.Fatalf("a key signs %v after it was published", age)
		}
		signedWith[h.Kid] = true
		w.advance(time.Hour)
	}
	if len(signedWith) < 5 {
		t.Errorf("%d keys signed in five days, want one a day", len(signedWith))
	}
}

// A successor that cannot be made does not hold up the key that still signs.
func TestSuccessorDuringOutage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.keyring(t, jwks.Config{RotationInterval: 2 * time.Hour, PublishAhead: time.Hour})
	w.sign(t, r)
	w.advance(90 * time.Minute)
	w.store.away.Store(true)
	w.store.reads.Store(0)
	for range 20 {
		w.sign(t, r)
	}
	if n := w.store.reads.Load(); n != 2 {
		t.Errorf("the database was tried %d times at once, want 2: to look, and to add", n)
	}
	w.store.away.Store(false)
	w.advance(5 * time.Second)
	w.sign(t, r)
	if n := len(w.rows(t)); n != 2 {
		t.Errorf("after the outage: %d keys, want 2", n)
	}
}

func TestRotate(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{0, time.Hour} {
		w := newWorld(t)
		r := w.keyring(t, jwks.Config{PublishAhead: ahead})
		first := w.sign(t, r)
		w.advance(2 * time.Hour)
		if err := r.Rotate(t.Context()); err != nil {
			t.Fatal(err)
		}
		published := kids(t, document(t, r))
		if len(published) != 2 {
			t.Fatalf("ahead %v: %v is published", ahead, published)
		}
		now := header(t, w.sign(t, r))
		if signsNew := strings.Contains(now, published[0]); signsNew != (ahead == 0) {
			t.Errorf("ahead %v: right after the rotation signs %s", ahead, now)
		}
		w.advance(ahead)
		if later := header(t, w.sign(t, r)); !strings.Contains(later, published[0]) {
			t.Errorf("ahead %v: then signs %s", ahead, later)
		}
		if claims, err := r.Verify(t.Context(), first, jwks.Expect{Issuer: issuer, Audience: expect.Audience, Leeway: 4 * time.Hour}); err != nil {
			t.Errorf("ahead %v: token of the old key: %v, %v", ahead, claims, err)
		}
		if n := len(w.rows(t)); n != 2 {
			t.Errorf("ahead %v: %d rows, want 2", ahead, n)
		}
	}
}

// Another algorithm in the configuration, or another plugin on the same table,
// makes a key of its own; the others stay published.
func TestAlgorithmChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.sign(t, w.keyring(t, jwks.Config{}))
	r := w.keyring(t, jwks.Config{Algorithm: jwks.RS256})
	token := w.sign(t, r)
	if got := header(t, token); !strings.Contains(got, `"alg":"RS256"`) {
		t.Errorf("header %s", got)
	}
	if got := kids(t, document(t, r)); len(got) != 2 {
		t.Errorf("published: %v", got)
	}
	if _, err := r.Verify(t.Context(), old, expect); err != nil {
		t.Errorf("token of before: %v", err)
	}
}

// Keys that are remembered go on through an outage of the database.
func TestOutage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.keyring(t, jwks.Config{})
	token := w.sign(t, r)
	w.store.away.Store(true)
	w.store.reads.Store(0)
	w.advance(5 * time.Minute)
	for range 20 {
		w.sign(t, r)
		if _, err := r.Verify(t.Context(), token, expect); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.store.reads.Load(); n != 1 {
		t.Errorf("the database was tried %d times at once, want 1", n)
	}
	w.advance(5 * time.Second)
	w.store.away.Store(false)
	w.sign(t, r)
	if n := w.store.reads.Load(); n != 2 {
		t.Errorf("after the outage: %d reads, want 2", n)
	}
	fresh := newWorld(t)
	fresh.store.away.Store(true)
	empty := fresh.keyring(t, jwks.Config{})
	if _, err := empty.Sign(t.Context(), w.claims(t)); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("without a key: %v", err)
	}
	if _, err := empty.Verify(t.Context(), token, expect); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("verify without a key: %v", err)
	}
}

// Rows that are no keys are skipped and told to the log, without their secrets,
// and a new key takes their place.
func TestDamagedRows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := newWorld(t)
	document(t, good.keyring(t, jwks.Config{}))
	row := good.rows(t)[0]
	for name, public := range map[string]string{
		"no JSON": `x`, "no object": `[]`, "other type": `{"kty":"oct","k":"AAAA"}`, "no key": `{"kty":"OKP","crv":"Ed25519","x":""}`,
		"off the curve": `{"kty":"EC","crv":"P-256","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`,
		"short RSA":     `{"kty":"RSA","n":"` + strings.Repeat("_", 171) + `","e":"AQAB"}`,
		"twice":         `{"kty":"OKP","kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`,
	} {
		w.insert(t, store.Record{
			"id": name, "publicKey": public, "privateKey": row["privateKey"], "createdAt": start.Add(time.Hour), "alg": "EdDSA",
		})
	}
	var log bytes.Buffer
	r := w.keyring(t, jwks.Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
	token := w.sign(t, r)
	if _, err := r.Verify(t.Context(), token, expect); err != nil {
		t.Error(err)
	}
	if got := kids(t, document(t, r)); len(got) != 1 {
		t.Errorf("published: %v", got)
	}
	if n := strings.Count(log.String(), "signing key is not usable"); n < 7 {
		t.Errorf("%d rows told to the log:\n%s", n, log.String())
	}
	if strings.Contains(log.String(), row["privateKey"].(string)[1:20]) {
		t.Error("a private key is in the log")
	}
}

func TestPrivateKeyCannotBeOpened(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sign(t, w.keyring(t, jwks.Config{}))
	clear := newWorld(t)
	plain, err := jwks.New(jwks.Config{Store: clear.store, Now: clear.Now})
	if err != nil {
		t.Fatal(err)
	}
	clear.sign(t, plain)
	mixed := newWorld(t)
	a, b := w.rows(t)[0], clear.rows(t)[0]
	mixed.insert(t, store.Record{"id": a["id"], "publicKey": a["publicKey"], "privateKey": sealed(t, opened(t, secondKey(t))), "createdAt": start, "alg": "EdDSA"})
	for _, tc := range []struct {
		name string
		w    *world
		seal jwks.Sealer
		want string
	}{
		{"another secret", w, secure.NewSecrets("another secret, which did not encrypt it, 012"), "another secret"},
		{"in clear, must be encrypted", clear, secure.NewSecrets(secret), "not encrypted"},
		{"of another public key", mixed, secure.NewSecrets(secret), "another public key"},
	} {
		r := tc.w.keyring(t, jwks.Config{Seal: tc.seal})
		_, err := r.Sign(t.Context(), tc.w.claims(t))
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", tc.name, err)
		}
		for _, k := range []string{a["privateKey"].(string), b["privateKey"].(string)} {
			if err != nil && strings.Contains(err.Error(), k[:20]) {
				t.Errorf("%s: the error tells the key", tc.name)
			}
		}
		if n := len(tc.w.rows(t)); n != 1 {
			t.Errorf("%s: %d rows, want 1: nothing was changed", tc.name, n)
		}
		if got := kids(t, document(t, r)); len(got) != 1 {
			t.Errorf("%s: published %v; the public half still verifies", tc.name, got)
		}
	}
}

func secondKey(t *testing.T) string {
	t.Helper()
	w := newWorld(t)
	w.sign(t, w.keyring(t, jwks.Config{}))
	return w.rows(t)[0]["privateKey"].(string)
}

func sealed(t *testing.T, text string) string {
	t.Helper()
	data, err := json.Marshal(secure.NewSecrets(secret).Encrypt(text))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ok := jwks.Config{Store: w.store, Now: w.Now}
	for _, tc := range []struct {
		name   string
		change func(*jwks.Config)
		want   string
	}{
		{"no store", func(c *jwks.Config) { c.Store = nil }, "Store and Now"},
		{"no clock", func(c *jwks.Config) { c.Now = nil }, "Store and Now"},
		{"no signature", func(c *jwks.Config) { c.Algorithm = "none" }, `"none"`},
		{"symmetric", func(c *jwks.Config) { c.Algorithm = "HS256" }, `"HS256"`},
		{"weak RSA", func(c *jwks.Config) { c.RSABits = 1024 }, "1024"},
		{"negative interval", func(c *jwks.Config) { c.RotationInterval = -1 }, "negative"},
		{"never signs", func(c *jwks.Config) { c.RotationInterval, c.PublishAhead = time.Hour, time.Hour }, "PublishAhead"},
	} {
		c := ok
		tc.change(&c)
		if _, err := jwks.New(c); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	r := w.keyring(t, jwks.Config{})
	for _, e := range []jwks.Expect{{}, {Issuer: issuer}, {Audience: []string{issuer}}, {Issuer: issuer, Audience: []string{""}}} {
		if _, err := r.Verify(t.Context(), w.sign(t, r), e); err == nil || errors.Is(err, jwks.ErrInvalid) {
			t.Errorf("expecting %v: %v, want a mistake of the program", e, err)
		}
	}
}
