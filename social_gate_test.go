package lockstep_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/locksteptest"
	"github.com/lockstep-auth/lockstep/oauth"
	"github.com/lockstep-auth/lockstep/social"
)

// A sample is what a service has said to the real library, and the user that came
// of it (social/testdata/record.mjs).
type sample struct {
	Token   json.RawMessage            `json:"token"`
	Claims  map[string]any             `json:"claims"` // of the id token
	APIs    map[string]json.RawMessage `json:"apis"`
	Subject *string                    `json:"subject"`
	User    struct {
		Email         string `json:"email"`
		EmailVerified bool   `json:"emailVerified"`
	} `json:"user"`
}

// readSamples returns by provider the options that the samples are for, and those
// samples that let somebody in.
func readSamples(t *testing.T) (options map[string]map[string]any, samples map[string][]sample) {
	t.Helper()
	data, err := os.ReadFile("social/testdata/recorded.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Providers map[string]struct {
			Setups []struct {
				Options map[string]any `json:"options"`
			} `json:"setups"`
			Samples []sample `json:"samples"`
		} `json:"providers"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	options, samples = make(map[string]map[string]any), make(map[string][]sample)
	for id, p := range file.Providers {
		options[id] = p.Setups[0].Options
		for _, s := range p.Samples {
			if s.Subject != nil && s.User.Email != "" {
				samples[id] = append(samples[id], s)
			}
		}
	}
	return options, samples
}

// A replay answers in place of every service with what one said.
type replay struct {
	sample
	provider oauth.Provider
	idp      *idp
}

func (r *replay) RoundTrip(req *http.Request) (*http.Response, error) {
	answer, ok := r.APIs[req.URL.String()]
	if !ok {
		base, _, _ := strings.Cut(req.URL.String(), "?")
		answer, ok = r.APIs[base]
		switch base {
		case r.provider.TokenURL:
			answer, ok = bytes.ReplaceAll(r.Token, []byte("<id token>"), []byte(r.idToken())), true
		case r.provider.IDToken.JWKSURL:
			answer, ok = r.idp.keySet(), true
		}
	}
	status := http.StatusOK
	switch text := string(answer); {
	case !ok:
		status = http.StatusNotFound
	case text != "" && strings.Trim(text, "0123456789") == "":
		status, answer = http.StatusForbidden, nil
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(bytes.NewReader(answer)), Request: req,
	}, nil
}

// idToken signs the claims, as of now.
func (r *replay) idToken() string {
	if r.Claims == nil {
		return ""
	}
	return r.idp.sign(r.Claims)
}

// catalogProvider makes a provider from options by name.
func catalogProvider(t *testing.T, e social.Entry, options map[string]any) oauth.Provider {
	t.Helper()
	given := e.Options()
	fillOptions(t, reflect.ValueOf(given).Elem(), options)
	p, on, err := e.Provider(given)
	if err != nil || !on {
		t.Fatalf("%s: on %v, error %v", e.ID, on, err)
	}
	return p
}

func fillOptions(t *testing.T, v reflect.Value, options map[string]any) {
	t.Helper()
	for _, f := range reflect.VisibleFields(v.Type()) {
		value, ok := options[f.Tag.Get("option")]
		if !ok || f.Tag.Get("option") == "" {
			continue
		}
		to := v.FieldByIndex(f.Index)
		if list, ok := value.([]any); ok && f.Type.Kind() == reflect.String {
			value = list[0] // the first client id is the one that signs in
		}
		raw, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, to.Addr().Interface()); err != nil {
			t.Fatalf("option %s: %v", f.Tag.Get("option"), err)
		}
	}
}

// TestLinkingGateOfEveryProvider goes to every service of the catalog by every way
// it has, with every answer that the real library was recorded with, and meets a
// user with that address who is verified here or not (LK-01 to LK-04). Only if
// both sides are sure of the address is the account linked.
func TestLinkingGateOfEveryProvider(t *testing.T) {
	t.Parallel()
	options, samples := readSamples(t)
	cells, tokens := 0, 0
	for _, e := range social.Catalog() {
		if len(samples[e.ID]) == 0 {
			t.Errorf("%s: no samples", e.ID)
		}
		p := catalogProvider(t, e, options[e.ID])
		for n, s := range samples[e.ID] {
			for _, w := range ways() {
				if w.idToken && !hasIDTokenSignIn(p, s) {
					continue
				}
				cells++
				if w.idToken {
					tokens++
				}
				w.name = fmt.Sprintf("%s, answer %d: %+v", e.ID, n, w)
				checkGate(t, w, p, s)
			}
		}
	}
	t.Logf("%d cells, %d of them with id tokens", cells, tokens)
	if cells < 400 || tokens < 30 {
		t.Errorf("got %d cells, %d with id tokens: samples are missing", cells, tokens)
	}
}

// hasIDTokenSignIn reports whether a client can sign in with the id token of a
// sample. Services that are asked about tokens, such as LINE, have no answer for it
// in the samples.
func hasIDTokenSignIn(p oauth.Provider, s sample) bool {
	return s.Claims != nil && p.IDToken.JWKSURL != "" && p.Source != oauth.FromUserInfo
}

// A way is one into the account of somebody who has signed up with a password.
type way struct {
	name    string
	trusted bool // trustedProviders
	lax     bool // requireLocalEmailVerified is off
	local   bool // the user has verified the address
	idToken bool // without a redirect
}

// ways are all of them.
func ways() []way {
	var all []way
	for bits := range 1 << 4 {
		all = append(all, way{trusted: bits&1 != 0, lax: bits&2 != 0, local: bits&4 != 0, idToken: bits&8 != 0})
	}
	return all
}

func checkGate(t *testing.T, w way, p oauth.Provider, s sample) {
	t.Helper()
	r := &replay{sample: s, provider: p}
	server := newSocialServer(t, func(c *lockstep.Config) {
		c.Social, c.OAuth = []oauth.Provider{p}, lockstep.OAuthOptions{Transport: r}
		c.Plugins = nil
		c.Account.AccountLinking.RequireLocalEmailVerified = new(!w.lax)
		if w.trusted {
			c.Account.AccountLinking.TrustedProviders = []string{p.ID}
		}
	})
	r.idp = server.idp
	email := strings.ToLower(s.User.Email)
	owner := server.NewBrowser(t)
	want(t, owner.Post("/sign-up/email", m{"name": "Owner", "email": email, "password": "correct horse"}), 200, "")
	if w.local {
		server.verifyLocally(t, email)
	}
	b := server.NewBrowser(t)
	got := arriveByReplay(t, server, b, r, w.idToken)
	allowed := (s.User.EmailVerified || w.trusted) && (w.local || w.lax)
	if (got == "") != allowed || !allowed && got != "account_not_linked" {
		t.Errorf("%s: %q, allowed %v", w.name, got, allowed)
	}
	u := server.rows(t, identity.UserTable, "email", email)[0]
	linked := len(server.rows(t, identity.AccountTable, "userId", u["id"], "providerId", p.ID))
	if linked == 1 != allowed {
		t.Errorf("%s: %d accounts, allowed %v", w.name, linked, allowed)
	}
	if users := server.rows(t, identity.UserTable); len(users) != 1 {
		t.Errorf("%s: %d users", w.name, len(users))
	}
	if !allowed {
		wantNobody(t, b)
	}
}

// arriveByReplay signs in, and returns "" or why not.
func arriveByReplay(t *testing.T, s *socialServer, b *locksteptest.Browser, r *replay, idToken bool) string {
	t.Helper()
	if idToken {
		got := b.Post("/sign-in/social", m{"provider": r.provider.ID, "idToken": m{"token": r.idToken()}})
		var e struct{ Message string }
		got.JSON(t, &e)
		return strings.ReplaceAll(e.Message, " ", "_")
	}
	at, err := url.Parse(s.start(t, b, "/sign-in/social", m{"provider": r.provider.ID, "callbackURL": "/in", "errorCallbackURL": "/err"}))
	if err != nil {
		t.Fatal(err)
	}
	q := url.Values{"code": {"c"}, "state": {at.Query().Get("state")}}
	location := b.Get("/callback/" + r.provider.ID + "?" + q.Encode()).Header.Get("Location")
	return strings.TrimPrefix(strings.TrimPrefix(location, "/err?error="), "/in")
}
