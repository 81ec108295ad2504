package oauth

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// StateLifetime is how long a browser may take to come back.
const StateLifetime = 10 * time.Minute

// providerKey is the member of serverContext that keeps ProviderID. Upstream does
// not remember the provider; what is in serverContext only a server has written.
const providerKey = "lockstepProvider"

// StateData is what a server remembers of a sign-in until the browser comes back
// (upstream: oauth2/state.ts, state.ts). Servers of Better Auth and of Lockstep
// read each other's.
type StateData struct {
	// Additional is what the client wants to have with it: a JSON object, or nil.
	// It cannot have members that are the server's own.
	Additional json.RawMessage

	CallbackURL   string
	Verifier      string // of PKCE
	ErrorURL      string
	NewUserURL    string
	Link          *StateLink // not a sign-in, but a link to an account
	ProviderID    string     // which provider the browser was sent to
	ServerContext Claims     // what plugins of the server remember
	ExpiresAt     time.Time  // to the millisecond
	RequestSignUp *bool
	Nonce         string // of the id token
	State         string // the state parameter this belongs to
}

// A StateLink says which user wants to link an account.
type StateLink struct {
	UserID                string
	Email                 string
	EncryptedSessionToken string
}

// String returns "[redacted]".
func (StateData) String() string { return redacted }

// GoString returns "[redacted]".
func (StateData) GoString() string { return redacted }

// Expired reports whether the browser took too long.
func (d StateData) Expired(now time.Time) bool { return d.ExpiresAt.Before(now) }

// stateKeys are the members that are the server's own.
func stateKeys() []string {
	return []string{
		"callbackURL", "codeVerifier", "errorURL", "newUserURL", "link", "serverContext",
		"expiresAt", "requestSignUp", "idTokenNonce", "oauthState",
	}
}

// CheckAdditional returns an error if additional data is no JSON object, or has
// members that are the server's own or that JavaScript gives a meaning of its own.
// Without the check a client could choose where it is sent or whom it is linked to.
func CheckAdditional(data json.RawMessage) error {
	if len(data) == 0 {
		return nil
	}
	c, err := ParseClaims(data)
	if err != nil {
		return err
	}
	reserved := append(stateKeys(), "__proto__", "constructor", "prototype")
	for _, name := range c.Names() {
		if slices.Contains(reserved, name) {
			return fmt.Errorf("additional data cannot have the member %s", name)
		}
	}
	return nil
}

// Encode returns the JSON of d, with the members in upstream's order.
func (d StateData) Encode() ([]byte, error) {
	if err := CheckAdditional(d.Additional); err != nil {
		return nil, err
	}
	if d.CallbackURL == "" || d.Verifier == "" || d.State == "" || d.ExpiresAt.IsZero() {
		return nil, errors.New("state data needs a callback URL, a verifier, a state and an expiry")
	}
	var c Claims
	if len(d.Additional) > 0 {
		c, _ = ParseClaims(d.Additional) // as CheckAdditional did
	}
	text := func(name, value string) {
		if value != "" {
			c = c.With(name, value)
		}
	}
	text("callbackURL", d.CallbackURL)
	text("codeVerifier", d.Verifier)
	text("errorURL", d.ErrorURL)
	text("newUserURL", d.NewUserURL)
	if d.Link != nil {
		c = c.With("link", d.Link.claims())
	}
	if context := d.serverContext(); len(context.members) > 0 {
		c = c.With("serverContext", context)
	}
	c = c.With("expiresAt", d.ExpiresAt.UnixMilli())
	if d.RequestSignUp != nil {
		c = c.With("requestSignUp", *d.RequestSignUp)
	}
	text("idTokenNonce", d.Nonce)
	text("oauthState", d.State)
	return c.JSON(), nil
}

func (d StateData) serverContext() Claims {
	if d.ProviderID == "" {
		return d.ServerContext
	}
	return d.ServerContext.With(providerKey, d.ProviderID)
}

func (l *StateLink) claims() Claims {
	c := Claims{}.With("userId", l.UserID).With("email", l.Email)
	if l.EncryptedSessionToken != "" {
		c = c.With("encryptedSessionToken", l.EncryptedSessionToken)
	}
	return c
}

// ParseState reads what Encode wrote, or a server of Better Auth.
func ParseState(data []byte) (StateData, error) {
	c, err := ParseClaims(data)
	if err != nil {
		return StateData{}, fmt.Errorf("state data: %w", err)
	}
	r := &stateReader{c: c}
	d := StateData{
		CallbackURL: r.text("callbackURL", true),
		Verifier:    r.text("codeVerifier", true),
		ErrorURL:    r.text("errorURL", false),
		NewUserURL:  r.text("newUserURL", false),
		Link:        r.link(),
		ExpiresAt:   r.time("expiresAt"),
		Nonce:       r.text("idTokenNonce", false),
		State:       r.text("oauthState", false),
	}
	d.ServerContext = r.object("serverContext")
	d.ProviderID = d.ServerContext.Text(providerKey)
	if c.Raw("requestSignUp") != nil {
		d.RequestSignUp = new(r.flag("requestSignUp"))
	}
	if r.bad != "" {
		return StateData{}, fmt.Errorf("state data: member %s", r.bad)
	}
	c.members = slices.DeleteFunc(c.members, func(m member) bool { return slices.Contains(stateKeys(), m.name) })
	if len(c.members) > 0 {
		d.Additional = c.JSON()
	}
	return d, nil
}

// A stateReader remembers the name of a member that is wrong.
type stateReader struct {
	c   Claims
	bad string
}

func (r *stateReader) require(ok bool, name string) {
	if !ok {
		r.bad = name
	}
}

func (r *stateReader) text(name string, required bool) string {
	if !required && r.c.Raw(name) == nil {
		return ""
	}
	s, ok := r.c.text(name)
	r.require(ok, name)
	return s
}

func (r *stateReader) flag(name string) bool {
	raw := string(r.c.Raw(name))
	r.require(raw == "true" || raw == "false", name)
	return raw == "true"
}

func (r *stateReader) time(name string) time.Time {
	const maxMillis = 8_640_000_000_000_000 // of a JavaScript Date
	ms, ok := r.c.Number(name)
	if ok = ok && ms >= 0 && ms <= maxMillis; !ok {
		r.require(false, name)
		return time.Time{}
	}
	return time.UnixMilli(int64(ms))
}

func (r *stateReader) object(name string) Claims {
	if r.c.Raw(name) == nil {
		return Claims{}
	}
	o, err := ParseClaims(r.c.Raw(name))
	r.require(err == nil, name)
	return o
}

func (r *stateReader) link() *StateLink {
	if r.c.Raw("link") == nil {
		return nil
	}
	o := r.object("link")
	l := &StateLink{UserID: o.Identifier("userId"), Email: o.Text("email"), EncryptedSessionToken: o.Text("encryptedSessionToken")}
	r.require(l.UserID != "" && l.Email != "", "link")
	return l
}
