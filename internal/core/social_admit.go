package core

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/plugin"
	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
)

// A refusal is why a user of a service is not let in, in upstream's words
// (oauth2/link-account.ts).
type refusal string

// The refusals.
const (
	refusedLink       refusal = "account not linked"
	refusedSignUp     refusal = "signup disabled"
	refusedUnverified refusal = "email_not_verified"
	unableToLink      refusal = "unable to link account"
	unableToSignUp    refusal = "unable to create user"
	unableToSignIn    refusal = "unable to create session"
)

func (r refusal) Error() string { return string(r) }

// maxDecisions is how often a decision is made anew because the database has
// changed since it was read. Two are enough for any number of callbacks of one
// new user.
const maxDecisions = 3

// An admission is a visitor who was let in.
type admission struct {
	login      *plugin.Login
	registered bool // a new user
}

// admit signs a user of a service in: the owner of the account, or the user with
// the address if they may be linked, or a new user (upstream:
// handleOAuthUserInfo). Two trips, unless others decide at the same time.
func (c *core) admit(call *plugin.Call, v *visitor) (*admission, error) {
	for range maxDecisions {
		match, err := call.Host.Identity.FindOAuth(call.Context(), v.key(), v.email)
		if err != nil {
			return nil, err
		}
		out, err := c.decide(call, v, match)
		if errors.Is(err, identity.ErrChanged) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return c.welcome(call, v, out, match.Account == nil && match.ByEmail == nil)
	}
	return nil, fmt.Errorf("sign in with %s: %w: %w", v.provider.ID, identity.ErrChanged, store.ErrUnavailable)
}

func (c *core) decide(call *plugin.Call, v *visitor, m *identity.OAuthMatch) (*identity.OAuthLogin, error) {
	switch {
	case m.Account != nil && m.Owner == nil:
		call.Host.Log.ErrorContext(call.Context(), "account without a user: remove it, or restore the user", "account", m.Account.ID)
		return nil, unableToLink
	case m.Account != nil:
		if err := call.CheckUserInfo(v.info(plugin.SignIn, m.Owner.ID)); err != nil {
			return nil, err
		}
		return c.admitOwner(call, v, m)
	case m.ByEmail != nil:
		return c.admitByEmail(call, v, m.ByEmail)
	case v.noSignUp:
		return nil, refusedSignUp
	}
	return c.admitNew(call, v)
}

// welcome sends the cookies of a new session, or the mail without which there is
// none.
func (c *core) welcome(call *plugin.Call, v *visitor, out *identity.OAuthLogin, registered bool) (*admission, error) {
	required := v.provider.RequireEmailVerification
	if !out.User.EmailVerified && deliverable(out.User.Email) {
		onSignUp := required
		if c.Social.MailOnSignUp != nil {
			onSignUp = *c.Social.MailOnSignUp
		}
		if registered && onSignUp || !registered && required && c.Verify.OnSignIn {
			c.mailVerification(call, out.User, &v.callbackURL)
		}
	}
	if required && !out.User.EmailVerified {
		if out.Session != nil { // a database hook took the verification back
			if err := call.Host.Identity.EndSession(call.Context(), out.Session.Token); err != nil {
				return nil, err
			}
		}
		return nil, refusedUnverified
	}
	if out.Session == nil { // a database hook has verified the address
		return nil, unableToSignIn
	}
	login := &plugin.Login{Session: out.Session, User: out.User}
	call.SetAccount(out.Account)
	call.SetSession(login, nil)
	return &admission{login: login, registered: registered}, nil
}

// deliverable reports whether mail to an address can arrive. Nobody can have a
// mailbox below .invalid, where placeholders are (RFC 6761 §6.4).
func deliverable(email string) bool { return !strings.HasSuffix(email, ".invalid") }

// device returns where to start a session, or nil if the provider's users need a
// verified address first.
func device(call *plugin.Call, v *visitor, verified bool) *identity.Device {
	if v.provider.RequireEmailVerification && !verified {
		return nil
	}
	d := call.Device()
	return &d
}

// proves reports whether the service says that the user's address is theirs, and
// nobody has before.
func (v *visitor) proves(u *identity.User) bool {
	return v.profile.EmailVerified && !u.EmailVerified && v.email == u.Email
}

// admitOwner signs in a user who has come from the service before.
func (c *core) admitOwner(call *plugin.Call, v *visitor, m *identity.OAuthMatch) (*identity.OAuthLogin, error) {
	u, update := m.Owner, store.Record{}
	if v.proves(u) {
		update["emailVerified"] = true
	}
	if fields, ok := c.replacing(call, v, u); ok && v.email != "" {
		maps.Copy(update, fields)
		update["email"] = v.email
		update["emailVerified"] = v.profile.EmailVerified || u.EmailVerified && v.email == u.Email
	}
	verified := u.EmailVerified
	if now, changed := update["emailVerified"]; changed {
		verified = now == true
	}
	in := identity.OAuthSignIn{Account: m.Account, Twins: m.Twins, User: u, Update: update, Device: device(call, v, verified)}
	if !c.Account.KeepTokens {
		in.Tokens = v.tokens
	}
	out, err := call.Host.Identity.SignInOAuth(call.Context(), in)
	switch {
	case v.override && (errors.Is(err, identity.ErrEmailTaken) || errors.Is(err, identity.ErrTaken)):
		call.Host.Log.WarnContext(call.Context(), "user not updated: another user has the address or another unique value", "user", u.ID)
		v.override = false
		return c.admitOwner(call, v, m)
	case errors.Is(err, identity.ErrRefused):
		return nil, unableToSignIn
	}
	return out, err
}

// replacing returns the fields of a user that the service's description replaces,
// if it does. A description that does not fit the fields locks nobody out.
func (c *core) replacing(call *plugin.Call, v *visitor, u *identity.User) (store.Record, bool) {
	if !v.override {
		return nil, false
	}
	fields, err := c.describedBy(v)
	if err != nil {
		call.Host.Log.WarnContext(call.Context(), "user not updated: the provider's description does not fit", "user", u.ID, "err", err)
		return nil, false
	}
	return fields, true
}

// admitByEmail links the account to the user with the same address, if it is
// sure that both are one: the service, or the operator who trusts it, vouches for
// the visitor, and a verification for the user. Otherwise somebody could sign up
// with a password and a foreign address, and wait for its owner.
func (c *core) admitByEmail(call *plugin.Call, v *visitor, u *identity.User) (*identity.OAuthLogin, error) {
	if !c.vouched(call, v) || c.Account.NoImplicitLinking || !u.EmailVerified && !c.Account.LinkUnverified {
		return nil, refusedLink
	}
	if err := call.CheckUserInfo(v.info(plugin.LinkAccount, u.ID)); err != nil {
		return nil, err
	}
	l := c.linkOf(v, u)
	if fields, ok := c.replacing(call, v, u); ok {
		maps.Copy(l.Update, fields)
	}
	if v.proves(u) {
		l.Update["emailVerified"] = true
	}
	// Nobody has ever shown that the address is theirs, so whoever made this user
	// may be somebody else: nothing of what they could come back with stays.
	l.Replace = !u.EmailVerified
	l.Device = device(call, v, u.EmailVerified || v.proves(u))
	out, err := c.link(call, l)
	if errors.Is(err, identity.ErrRefused) || errors.Is(err, identity.ErrTaken) {
		return nil, unableToLink
	}
	return out, err
}

// vouched reports whether a visitor's address can be relied on, and accounts can
// be linked at all.
func (c *core) vouched(call *plugin.Call, v *visitor) bool {
	if c.Account.NoLinking {
		return false
	}
	return v.profile.EmailVerified || c.Account.Trusted != nil && slices.Contains(c.Account.Trusted(call.Request), v.provider.ID)
}

// linkOf returns the link of a visitor to a user.
func (c *core) linkOf(v *visitor, u *identity.User) identity.OAuthLink {
	return identity.OAuthLink{User: u, Key: v.key(), Tokens: v.tokens, Scope: v.scope(), Update: c.linkedFields(v)}
}

// linkedFields are the fields of a user that linking updates. It is never the
// address.
func (c *core) linkedFields(v *visitor) store.Record {
	if !c.Account.UpdateUser {
		return store.Record{}
	}
	fields, err := c.describedBy(v)
	if err != nil { // linking does not fail for it, as upstream
		return store.Record{}
	}
	return fields
}

// link carries a link out. If fields of the user cannot be updated because they
// are not unique, it does so without.
func (c *core) link(call *plugin.Call, l identity.OAuthLink) (*identity.OAuthLogin, error) {
	out, err := call.Host.Identity.LinkOAuth(call.Context(), l)
	if !errors.Is(err, identity.ErrTaken) {
		return out, err
	}
	call.Host.Log.WarnContext(call.Context(), "user not updated: another user has a unique value", "user", l.User.ID)
	verified, proven := l.Update["emailVerified"]
	if l.Update = (store.Record{}); proven {
		l.Update["emailVerified"] = verified
	}
	return call.Host.Identity.LinkOAuth(call.Context(), l)
}

// admitNew signs a new user up.
func (c *core) admitNew(call *plugin.Call, v *visitor) (*identity.OAuthLogin, error) {
	fields, err := newFields(c.UserFields, v.inputs(c.UserFields))
	if err != nil {
		call.Host.Log.WarnContext(call.Context(), "no sign-up: the provider's description does not fit", "provider", v.provider.ID, "err", err)
		return nil, err
	}
	info := v.info(plugin.CreateUser, "")
	info.User.Fields = fields
	if err := call.CheckUserInfo(info); err != nil {
		return nil, err
	}
	out, err := call.Host.Identity.SignUpOAuth(call.Context(), identity.OAuthUser{
		Key: v.key(), Name: v.profile.Name, Email: v.email, EmailVerified: v.profile.EmailVerified, Image: v.profile.Image,
		Fields: fields, Tokens: v.tokens, Scope: v.scope(), Device: device(call, v, v.profile.EmailVerified),
	})
	if errors.Is(err, identity.ErrRefused) || errors.Is(err, identity.ErrTaken) {
		return nil, unableToSignUp
	}
	return out, err
}

// info says what the service tells of a visitor, who is the user with the id.
func (v *visitor) info(action plugin.Action, userID string) plugin.UserInfo {
	p := &v.profile
	in := plugin.UserInfo{
		Action: action, Method: "oauth", ProviderID: v.provider.ID, Profile: p.Data,
		User: identity.User{ID: userID, Name: p.Name, Email: v.email, EmailVerified: p.EmailVerified, Fields: p.Fields},
	}
	if p.Image != "" {
		in.User.Image = &p.Image
	}
	return in
}

// inputs are the additional fields that a provider may set: those that clients
// may.
func (v *visitor) inputs(fields []schema.Field) map[string]any {
	in := make(map[string]any)
	for i := range fields {
		if value, ok := v.profile.Fields[fields[i].Name]; ok && !fields[i].NoInput {
			in[fields[i].Name] = decoded(value)
		}
	}
	return in
}

// decoded returns a value as JSON is decoded, since a program's function gives
// ints, times and slices.
func decoded(value any) any {
	text, err := json.Marshal(value)
	if err != nil {
		return value // which is refused with its type
	}
	var out any
	_ = json.Unmarshal(text, &out) // it was just marshalled
	return out
}

// describedBy returns the fields of a user that the service describes. What it
// does not tell stays as it is.
func (c *core) describedBy(v *visitor) (store.Record, error) {
	fields, err := changedFields(c.UserFields, v.inputs(c.UserFields))
	if err != nil {
		return nil, err
	}
	update := store.Record(fields)
	if v.profile.Name != "" {
		update["name"] = v.profile.Name
	}
	if v.profile.Image != "" {
		update["image"] = v.profile.Image
	}
	return update, nil
}
