package jwks

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/lockstep-auth/lockstep/store"
)

const (
	// cacheLife is for how long keys are remembered. A row that an operator
	// removes, or that another server adds, counts after this at the latest.
	cacheLife = time.Minute

	// missInterval is how often an unknown kid may make the table be read
	// again: tokens of a key that another server made a moment ago are known,
	// and made-up ones cost next to nothing.
	missInterval = 10 * time.Second

	// outageInterval is how long after a failed read, or a key that could not be
	// made, the next attempt follows, as long as there are keys to go on with.
	outageInterval = 5 * time.Second
)

// A Config says where keys are and how they are made. Store and Now are
// required.
type Config struct {
	Store store.Store
	Now   func() time.Time

	// Seal encrypts private keys. Nil stores them as they are (Better Auth:
	// disablePrivateKeyEncryption).
	Seal Sealer

	// Algorithm is of new keys; only its keys sign. Defaults to EdDSA.
	Algorithm Algorithm

	// RSABits is the size of new RSA keys. Defaults to 2048.
	RSABits int

	// RotationInterval is for how long a key signs before the next one is
	// made. Defaults to for ever.
	RotationInterval time.Duration

	// GracePeriod is for how long a key that signs no more is published.
	// Defaults to 30 days.
	GracePeriod time.Duration

	// PublishOne leaves keys of other algorithms out of the Document, for
	// verifiers that refuse a set with a key that they do not know.
	PublishOne bool

	// PublishAhead is for how long a new key is published before it signs, so
	// that verifiers that look rarely know it by then. The first key signs at
	// once. Defaults to not at all.
	PublishAhead time.Duration

	// Log hears of rows that cannot be used. Nil is silent.
	Log *slog.Logger
}

// A Keyring keeps signing keys in a table that servers share. It reads the table
// once a minute at most while all goes well. It is safe for concurrent use.
type Keyring struct {
	c     Config
	known atomic.Pointer[snapshot]
	turn  chan struct{} // whoever puts a value in may read or write the table
	retry atomic.Int64  // when the next key may be tried again, in milliseconds since 1970
}

// A snapshot is what the table held. It is immutable.
type snapshot struct {
	keys []*key // newest first
	at   time.Time

	// seen is when the newest row of the keyring's algorithm was made, also if
	// it cannot be used.
	seen time.Time
}

// New checks c and returns a keyring. It does not use the store yet.
func New(c Config) (*Keyring, error) {
	c.Algorithm = cmp.Or(c.Algorithm, EdDSA)
	c.RSABits = cmp.Or(c.RSABits, minRSABits)
	c.GracePeriod = cmp.Or(c.GracePeriod, 30*24*time.Hour)
	var errs []error
	if c.Store == nil || c.Now == nil {
		errs = append(errs, errors.New("jwks: Store and Now are required"))
	}
	if !c.Algorithm.Known() {
		errs = append(errs, fmt.Errorf("jwks: algorithm %q is not EdDSA, ES256, ES512, RS256 or PS256", string(c.Algorithm)))
	}
	if c.RSABits < minRSABits || c.RSABits > maxRSABits {
		errs = append(errs, fmt.Errorf("jwks: RSA keys have %d to %d bits, not %d", minRSABits, maxRSABits, c.RSABits))
	}
	if c.RotationInterval < 0 || c.GracePeriod < 0 || c.PublishAhead < 0 {
		errs = append(errs, errors.New("jwks: an interval is negative"))
	}
	if c.RotationInterval > 0 && c.RotationInterval <= c.PublishAhead {
		errs = append(errs, errors.New("jwks: PublishAhead must be shorter than RotationInterval, or no key ever signs"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Keyring{c: c, turn: make(chan struct{}, 1)}, nil
}

// String returns "[redacted]".
func (*Keyring) String() string { return "[redacted]" }

// GoString returns "[redacted]".
func (*Keyring) GoString() string { return "[redacted]" }

// Algorithm returns the algorithm of new tokens.
func (r *Keyring) Algorithm() Algorithm { return r.c.Algorithm }

// Sign returns a token with the claims, signed with the current key. It makes a
// key if there is none or the last one has signed for long enough.
func (r *Keyring) Sign(ctx context.Context, claims Claims) (string, error) {
	k, _, err := r.current(ctx)
	if err != nil {
		return "", err
	}
	signer, err := k.signer()
	if err != nil {
		return "", fmt.Errorf("key %s: %w", k.id, err)
	}
	return signJWS(k.alg, k.id, signer, claims)
}

// Verify returns the claims of a token that a key of the table signed, or an
// error that is ErrInvalid. Any other error means that the table could not be
// read.
func (r *Keyring) Verify(ctx context.Context, token string, e Expect) (Claims, error) {
	if err := e.ready(); err != nil {
		return nil, err
	}
	t, err := parseJWS(token)
	if err != nil {
		return nil, err
	}
	s, err := r.keys(ctx, cacheLife)
	if err != nil {
		return nil, err
	}
	if s.find(t.kid) == nil {
		if s, err = r.keys(ctx, missInterval); err != nil {
			return nil, err
		}
	}
	now := r.c.Now()
	k := s.find(t.kid)
	if k == nil || !k.trusted(now, r.c.GracePeriod) {
		return nil, invalid("unknown key")
	}
	return t.claims(k, e, now)
}

// Document returns the published key set: {"keys":[…]}, newest first. It makes
// a key if there is none.
func (r *Keyring) Document(ctx context.Context) (json.RawMessage, error) {
	_, s, err := r.current(ctx)
	if err != nil {
		return nil, err
	}
	now := r.c.Now()
	set := struct {
		Keys []Claims `json:"keys"`
	}{Keys: []Claims{}}
	for _, k := range s.keys {
		if k.trusted(now, r.c.GracePeriod) && (k.alg == r.c.Algorithm || !r.c.PublishOne) {
			set.Keys = append(set.Keys, published(k.alg, k.public, k.id))
		}
	}
	return encode(set)
}

// Rotate makes a new key. It signs after PublishAhead; then the keys before it
// sign no more, and are published until their grace period ends. Unlike upstream,
// which deletes them, tokens that they signed stay valid.
func (r *Keyring) Rotate(ctx context.Context) error {
	if err := r.take(ctx); err != nil {
		return err
	}
	defer r.leave()
	s, err := r.read(ctx)
	if err != nil {
		return err
	}
	now := store.Millis(r.c.Now())
	ends := now.Add(r.c.PublishAhead)
	create, err := r.newKey(now)
	if err != nil {
		return err
	}
	ops := []store.Op{create}
	for _, k := range s.keys {
		if k.alg != r.c.Algorithm || !k.live(ends) {
			continue
		}
		ops = append(ops, store.Op{
			Verb: store.Update, Table: TableName, Where: store.Is("id", k.id), Set: store.Record{"expiresAt": ends},
		})
	}
	if _, err := r.c.Store.Apply(ctx, store.Batch{ID: rand.Text(), Ops: ops}); err != nil {
		return fmt.Errorf("rotate signing keys: %w", err)
	}
	_, err = r.read(ctx)
	return err
}

// newKey returns the operation that stores a new key.
func (r *Keyring) newKey(now time.Time) (store.Op, error) {
	row, err := newRow(r.c.Algorithm, r.c.RSABits, r.c.Seal)
	if err != nil {
		return store.Op{}, err
	}
	row["createdAt"] = now
	if r.c.RotationInterval > 0 {
		row["expiresAt"] = now.Add(r.c.RotationInterval)
	}
	return store.Op{Verb: store.Create, Table: TableName, Set: row}, nil
}

// current returns the key that signs now, and the snapshot it is from.
func (r *Keyring) current(ctx context.Context) (*key, *snapshot, error) {
	s, err := r.keys(ctx, cacheLife)
	if err != nil {
		return nil, nil, err
	}
	now := r.c.Now()
	k := r.signing(s, now)
	if k != nil && r.due(s, now) {
		return k, cmp.Or(r.prepare(ctx, now), s), nil
	}
	if k != nil {
		return k, s, nil
	}
	if err := r.take(ctx); err != nil {
		return nil, nil, err
	}
	defer r.leave()
	if s, err = r.create(ctx); err != nil {
		return nil, nil, err
	}
	if k = r.signing(s, r.c.Now()); k == nil {
		return nil, nil, errors.New("jwks: no usable signing key, although one was made")
	}
	return k, s, nil
}

// prepare makes the successor of a key that still signs and returns the new
// snapshot, or nil if somebody is at it or has just failed.
func (r *Keyring) prepare(ctx context.Context, now time.Time) *snapshot {
	if now.UnixMilli() < r.retry.Load() {
		return nil
	}
	select {
	case r.turn <- struct{}{}:
	default:
		return nil
	}
	defer r.leave()
	s, err := r.create(ctx)
	if err != nil {
		r.retry.Store(now.Add(outageInterval).UnixMilli())
		r.c.Log.ErrorContext(ctx, "next signing key could not be made, the current one goes on", "err", err)
		return nil
	}
	return s
}

// signing returns the key of the snapshot that signs: the newest live one that
// was published for long enough, or else the newest live one.
func (r *Keyring) signing(s *snapshot, now time.Time) *key {
	var newest *key
	for _, k := range s.keys {
		if k.alg != r.c.Algorithm || !k.live(now) {
			continue
		}
		if !k.created.Add(r.c.PublishAhead).After(now) {
			return k
		}
		if newest == nil {
			newest = k
		}
	}
	return newest
}

// due reports whether the newest key ends so soon that its successor must be
// published by now.
func (r *Keyring) due(s *snapshot, now time.Time) bool {
	newest := s.newest(r.c.Algorithm)
	return newest == nil || !newest.live(now.Add(r.c.PublishAhead))
}

// create makes a key, unless somebody else has made one since the keys were
// last read: of servers that find the table empty at the same time, only one
// adds a key, if the store can tell them apart. If it cannot, there are two keys
// and all servers accept both. The caller has the turn.
func (r *Keyring) create(ctx context.Context) (*snapshot, error) {
	s, err := r.read(ctx)
	if err != nil {
		return nil, err
	}
	now := store.Millis(r.c.Now())
	if r.signing(s, now) != nil && !r.due(s, now) {
		return s, nil
	}
	create, err := r.newKey(now)
	if err != nil {
		return nil, err
	}
	unseen := store.Is("alg", string(r.c.Algorithm)).And("createdAt", store.Gt, s.seen)
	_, err = r.c.Store.Apply(ctx, store.Batch{ID: rand.Text(), Ops: []store.Op{
		{Verb: store.Check, Table: TableName, Where: unseen, Expect: store.None}, create,
	}})
	if err != nil && !store.IsGuard(err) {
		return nil, fmt.Errorf("store a signing key: %w", err)
	}
	return r.read(ctx)
}

// keys returns a snapshot that is younger than life, or, if the table cannot be
// read, the one that is remembered.
func (r *Keyring) keys(ctx context.Context, life time.Duration) (*snapshot, error) {
	if s := r.known.Load(); s.fresh(r.c.Now(), life) {
		return s, nil
	}
	if err := r.take(ctx); err != nil {
		return nil, err
	}
	defer r.leave()
	old := r.known.Load()
	if old.fresh(r.c.Now(), life) {
		return old, nil
	}
	s, err := r.read(ctx)
	if err != nil && old != nil {
		r.c.Log.WarnContext(ctx, "signing keys could not be read, the remembered ones go on", "err", err)
		s = &snapshot{keys: old.keys, seen: old.seen, at: r.c.Now().Add(outageInterval - life)}
		r.known.Store(s)
		return s, nil
	}
	return s, err
}

// fresh reports whether s is younger than life, by a clock that may have been
// put back.
func (s *snapshot) fresh(now time.Time, life time.Duration) bool {
	if s == nil {
		return false
	}
	age := now.Sub(s.at)
	return age < life && age > -life
}

func (s *snapshot) find(kid string) *key {
	i := slices.IndexFunc(s.keys, func(k *key) bool { return k.id == kid })
	if i < 0 {
		return nil
	}
	return s.keys[i]
}

// newest returns the newest key of the algorithm, or nil.
func (s *snapshot) newest(alg Algorithm) *key {
	i := slices.IndexFunc(s.keys, func(k *key) bool { return k.alg == alg })
	if i < 0 {
		return nil
	}
	return s.keys[i]
}

// take waits for the turn.
func (r *Keyring) take(ctx context.Context) error {
	select {
	case r.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: waiting for signing keys: %w", store.ErrUnavailable, context.Cause(ctx))
	}
}

func (r *Keyring) leave() { <-r.turn }

// read reads the table and remembers it. The caller has the turn. Keys that have
// not changed stay as they are, so that their private halves are opened once.
func (r *Keyring) read(ctx context.Context) (*snapshot, error) {
	results, err := r.c.Store.Read(ctx, store.Query{Table: TableName, SortBy: "createdAt", Descending: true})
	if err != nil {
		return nil, fmt.Errorf("read signing keys: %w", err)
	}
	old := r.known.Load()
	s := &snapshot{at: r.c.Now(), seen: time.UnixMilli(0).UTC()}
	for _, row := range results[0].Rows {
		if made, ok := row["createdAt"].(time.Time); ok && made.After(s.seen) && row["alg"] == string(r.c.Algorithm) {
			s.seen = made
		}
		k, err := parseRow(row, r.c.Algorithm, r.c.Seal)
		if err != nil {
			r.c.Log.WarnContext(ctx, "signing key is not usable, skipped", "id", row["id"], "err", err)
			continue
		}
		if old != nil {
			if same := old.find(k.id); same != nil && same.alg == k.alg && same.stored == k.stored && equalPublic(same.public, k.public) {
				k.signer = same.signer
			}
		}
		s.keys = append(s.keys, k)
	}
	slices.SortStableFunc(s.keys, func(a, b *key) int {
		return cmp.Or(b.created.Compare(a.created), cmp.Compare(b.id, a.id))
	})
	r.known.Store(s)
	return s, nil
}
