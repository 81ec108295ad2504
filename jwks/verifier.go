package jwks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

const (
	// fetchTimeout bounds one request for a key set.
	fetchTimeout = 10 * time.Second

	// fetchInterval is how long after a request for the key set the next one may
	// follow, whatever tokens say; emptyInterval the same while no key is known.
	fetchInterval = time.Minute
	emptyInterval = time.Second

	// maxSet is the largest key set that is read, in bytes, and maxKeys how many
	// keys it may have.
	maxSet  = 256 << 10
	maxKeys = 256
)

// A VerifierConfig says whose tokens a Verifier believes. Issuer, Audience and
// one of URL and Keys are required.
type VerifierConfig struct {
	// URL is where the issuer publishes its key set, such as
	// "https://example.com/api/auth/jwks".
	URL string

	// Keys is the key set itself, in place of URL, for programs that cannot
	// reach the issuer.
	Keys []byte

	// Issuer and Audience are what tokens must say; see Expect. The jwt plugin
	// uses the origin of the server for both unless it is told otherwise.
	Issuer   string
	Audience []string

	// Leeway is how far the clocks may be apart. Defaults to nothing.
	Leeway time.Duration

	// Refresh is how old the key set may grow before it is asked for again.
	// Defaults to 10 minutes.
	Refresh time.Duration

	// Client makes the requests. Defaults to one that follows no redirects.
	Client *http.Client

	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
}

// A Verifier believes tokens without asking their issuer about each. It fetches
// the key set when it first needs it, when it has grown old, and, once a minute
// at most, when a token names a key that it does not know. While the issuer
// cannot be reached, the keys it has go on. A Verifier is safe for concurrent
// use.
//
// A session that was ended is believed until its token expires.
type Verifier struct {
	c      VerifierConfig
	expect Expect
	known  atomic.Pointer[keySet]
	tried  atomic.Int64  // when the set was last asked for, in milliseconds since 1970
	turn   chan struct{} // whoever puts a value in may fetch
}

// A keySet holds the keys of a set by kid. It is immutable.
type keySet struct {
	keys map[string]*key
	at   time.Time
}

// NewVerifier checks c and returns a verifier. It makes no request yet.
func NewVerifier(c VerifierConfig) (*Verifier, error) {
	v := &Verifier{c: c, turn: make(chan struct{}, 1)}
	v.expect = Expect{Issuer: c.Issuer, Audience: c.Audience, Leeway: c.Leeway}
	v.c.Refresh = cmp.Or(c.Refresh, 10*time.Minute)
	if v.c.Now == nil {
		v.c.Now = time.Now //nolint:forbidigo // the default clock
	}
	if v.c.Client == nil {
		v.c.Client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	errs := []error{v.expect.ready()}
	switch {
	case (c.URL == "") == (c.Keys == nil):
		errs = append(errs, errors.New("jwks: one of URL and Keys is required"))
	case c.URL != "":
		u, err := url.Parse(c.URL)
		if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
			errs = append(errs, errors.New("jwks: URL is no http or https URL"))
		}
	default:
		keys, err := parseSet(c.Keys)
		errs = append(errs, err)
		v.known.Store(&keySet{keys: keys})
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return v, nil
}

// Verify returns the claims of a token, or an error that is ErrInvalid. Any
// other error means that the keys could not be fetched: answer 503, not 401.
func (v *Verifier) Verify(ctx context.Context, token string) (Claims, error) {
	t, err := parseJWS(token)
	if err != nil {
		return nil, err
	}
	k, err := v.find(ctx, t.kid)
	if err != nil {
		return nil, err
	}
	if k == nil {
		return nil, invalid("unknown key")
	}
	return t.claims(k, v.expect, v.c.Now())
}

// find returns the key, or nil if the issuer has none of that name.
func (v *Verifier) find(ctx context.Context, kid string) (*key, error) {
	set := v.known.Load()
	k := set.find(kid)
	if v.c.URL == "" || k != nil && !v.stale(set) {
		return k, nil
	}
	if k != nil { // an old key is good enough while somebody else fetches
		select {
		case v.turn <- struct{}{}:
		default:
			return k, nil
		}
	} else {
		select {
		case v.turn <- struct{}{}:
		case <-ctx.Done():
			return nil, fmt.Errorf("jwks: waiting for keys: %w", context.Cause(ctx))
		}
	}
	defer func() { <-v.turn }()
	return v.refresh(ctx, kid)
}

// refresh fetches the key set unless somebody did so a moment ago, and returns
// the key, or nil. The caller has the turn.
func (v *Verifier) refresh(ctx context.Context, kid string) (*key, error) {
	set := v.known.Load()
	k := set.find(kid)
	if k != nil && !v.stale(set) {
		return k, nil
	}
	if !v.mayFetch(set) {
		if set == nil {
			return nil, errors.New("jwks: keys could not be fetched a moment ago")
		}
		return k, nil
	}
	v.tried.Store(v.c.Now().UnixMilli())
	fetched, err := v.fetch(ctx)
	if err != nil {
		if k != nil {
			return k, nil // the issuer is away: the keys go on
		}
		return nil, fmt.Errorf("jwks: fetch keys: %w", err)
	}
	v.known.Store(fetched)
	return fetched.find(kid), nil
}

func (s *keySet) find(kid string) *key {
	if s == nil {
		return nil
	}
	return s.keys[kid]
}

func (v *Verifier) stale(set *keySet) bool { return v.c.Now().Sub(set.at) >= v.c.Refresh }

// mayFetch reports whether the last request was long enough ago.
func (v *Verifier) mayFetch(set *keySet) bool {
	interval := fetchInterval
	if set == nil {
		interval = emptyInterval
	}
	tried := v.tried.Load()
	since := v.c.Now().Sub(time.UnixMilli(tried))
	return tried == 0 || since >= interval || since < 0 // the clock was put back
}

// fetch asks for the key set. A client that goes away does not stop it: else it
// could keep the keys of others from being fetched.
func (v *Verifier) fetch(ctx context.Context) (*keySet, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.c.URL, http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json, application/jwk-set+json")
	resp, err := v.c.Client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", resp.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxSet+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxSet {
		return nil, fmt.Errorf("key set is larger than %d bytes", maxSet)
	}
	keys, err := parseSet(data)
	if err != nil {
		return nil, err
	}
	return &keySet{keys: keys, at: v.c.Now()}, nil
}

// parseSet reads a key set (RFC 7517 §5). Keys that are not for signing, or of
// a kind that is not supported, are skipped, as §5 wants it; two keys with one
// kid are an error, since a token cannot say which one it means.
func parseSet(data []byte) (map[string]*key, error) {
	set, err := parseObject(data)
	if err != nil {
		return nil, fmt.Errorf("jwks: key set: %w", err)
	}
	list, err := parseList(set.Get("keys"))
	if err != nil {
		return nil, err
	}
	keys := make(map[string]*key, len(list))
	for _, jwk := range list {
		k := parseSetKey(jwk)
		if k == nil {
			continue
		}
		if keys[k.id] != nil {
			return nil, errors.New("jwks: key set has two keys with one kid")
		}
		keys[k.id] = k
	}
	return keys, nil
}

func parseSetKey(jwk Claims) *key {
	if use := jwk.Get("use"); use != nil && jwk.Text("use") != "sig" {
		return nil
	}
	public, err := parsePublic(jwk)
	if err != nil {
		return nil
	}
	k := &key{id: jwk.Text("kid"), alg: Algorithm(jwk.Text("alg")), public: public}
	if jwk.Get("alg") == nil {
		k.alg = algorithmOf(public, "")
	}
	if k.id == "" || !k.alg.fits(public) {
		return nil
	}
	return k
}
