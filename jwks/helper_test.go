package jwks_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep/internal/secure"
	"github.com/lockstep-auth/lockstep/jwks"
	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/memory"
)

const (
	issuer = "https://example.com"
	secret = "better-auth-test-secret-0123456789abcdefghij"
)

var (
	start  = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	expect = jwks.Expect{Issuer: issuer, Audience: []string{issuer}}
)

// A world is a table and a clock that several keyrings share.
type world struct {
	mu    sync.Mutex
	now   time.Time
	store *countingStore
}

func newWorld(t testing.TB) *world {
	t.Helper()
	db := memory.New()
	if err := db.Bind([]schema.Table{jwks.Table()}); err != nil {
		t.Fatal(err)
	}
	return &world{now: start, store: &countingStore{Store: db}}
}

func (w *world) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// keyring returns a keyring of the world, as one more server would have.
func (w *world) keyring(t testing.TB, c jwks.Config) *jwks.Keyring {
	t.Helper()
	c.Store, c.Now = w.store, w.Now
	if c.Seal == nil {
		c.Seal = secure.NewSecrets(secret)
	}
	r, err := jwks.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (w *world) rows(t testing.TB) []store.Record {
	t.Helper()
	results, err := w.store.Store.Read(t.Context(), store.Query{Table: jwks.TableName, SortBy: "createdAt"})
	if err != nil {
		t.Fatal(err)
	}
	return results[0].Rows
}

func (w *world) insert(t testing.TB, row store.Record) {
	t.Helper()
	_, err := w.store.Apply(t.Context(), store.Batch{Ops: []store.Op{{Verb: store.Create, Table: jwks.TableName, Set: row}}})
	if err != nil {
		t.Fatal(err)
	}
}

// A countingStore counts trips, and can be away.
type countingStore struct {
	store.Store
	reads, writes atomic.Int64
	away          atomic.Bool
}

func (s *countingStore) Read(ctx context.Context, q ...store.Query) ([]store.Result, error) {
	s.reads.Add(1)
	if s.away.Load() {
		return nil, store.ErrUnavailable
	}
	return s.Store.Read(ctx, q...)
}

func (s *countingStore) Apply(ctx context.Context, b store.Batch) ([]store.Record, error) {
	s.writes.Add(1)
	if s.away.Load() {
		return nil, store.ErrUnavailable
	}
	return s.Store.Apply(ctx, b)
}

// claims are those of a token that is good for ten minutes.
func (w *world) claims(t testing.TB) jwks.Claims {
	t.Helper()
	now := w.Now().Unix()
	return claimsOf(t, map[string]any{"sub": "user-1", "iss": issuer, "aud": issuer, "iat": now, "exp": now + 600})
}

func claimsOf(t testing.TB, v any) jwks.Claims {
	t.Helper()
	c, err := jwks.NewClaims(v)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (w *world) sign(t testing.TB, r *jwks.Keyring) string {
	t.Helper()
	token, err := r.Sign(t.Context(), w.claims(t))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func document(t testing.TB, r *jwks.Keyring) []byte {
	t.Helper()
	set, err := r.Document(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// A recorded is what one side wrote, for the other side to read.
type recorded struct {
	Secret  string        `json:"secret"`
	Payload string        `json:"payload"`
	Keys    []recordedKey `json:"keys"`
}

type recordedKey struct {
	Name     string      `json:"name"`
	Row      recordedRow `json:"row"`
	Token    string      `json:"token"`
	Document string      `json:"document"`
}

type recordedRow struct {
	ID         string   `json:"id"`
	PublicKey  string   `json:"publicKey"`
	PrivateKey string   `json:"privateKey"`
	CreatedAt  float64  `json:"createdAt"` // milliseconds since 1970
	ExpiresAt  *float64 `json:"expiresAt"`
	Alg        *string  `json:"alg"`
	Crv        *string  `json:"crv"`
}

func (r recordedRow) record() store.Record {
	row := store.Record{
		"id": r.ID, "publicKey": r.PublicKey, "privateKey": r.PrivateKey, "expiresAt": nil, "alg": nil, "crv": nil,
		"createdAt": time.UnixMilli(int64(r.CreatedAt)).UTC(),
	}
	if r.Alg != nil {
		row["alg"] = *r.Alg
	}
	if r.Crv != nil {
		row["crv"] = *r.Crv
	}
	return row
}

func load(t testing.TB, file string) recorded {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r recorded
	dec := json.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&r); err != nil {
		t.Fatal(err)
	}
	return r
}
