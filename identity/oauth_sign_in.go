package identity

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/lockstep-auth/lockstep/store"
)

// An OAuthLogin is what signing in, signing up or linking with a service left.
type OAuthLogin struct {
	User    *User
	Account *Account
	Session *Session // nil if none was to be started
}

// An OAuthUser is a user as a service describes them, to be signed up.
type OAuthUser struct {
	Key           AccountKey
	Name          string
	Email         string // as it is to be stored
	EmailVerified bool
	Image         string // URL; empty if there is none
	Fields        map[string]any
	Tokens        OAuthTokens
	Scope         string // joined with commas

	// Device, if not nil, signs the user in at once.
	Device *Device
}

// SignUpOAuth makes a user with an account, and a session if there is a device,
// all or nothing. It returns ErrChanged if the account or the address has an
// owner by now, and ErrTaken if another unique value has. One trip.
func (s *Service) SignUpOAuth(ctx context.Context, u OAuthUser) (*OAuthLogin, error) {
	now := s.Now()
	row := store.Record{"name": u.Name, "email": u.Email, "emailVerified": u.EmailVerified, "image": nil}
	if u.Image != "" {
		row["image"] = u.Image
	}
	maps.Copy(row, u.Fields)
	b := oauthBatch{s: s, session: -1}
	b.add(s.unused(u.Key, true)) // of two first sign-ins at once, the address lets one through
	b.user = b.add(store.Op{Verb: store.Create, Table: UserTable, Set: s.row(UserTable, now, row)})
	b.account = b.add(s.newOAuthAccount(u.Key, store.IDOf(b.user), u.Tokens, u.Scope))
	b.start(store.IDOf(b.user), u.Device)
	out, err := b.apply(ctx, "sign up")
	if errors.Is(err, ErrEmailTaken) {
		return nil, ErrChanged
	}
	return out, err
}

// unused is the guard that nobody has the account. With race it only closes the
// race against what was read before.
func (s *Service) unused(key AccountKey, race bool) store.Op {
	return store.Op{Verb: store.Check, Table: AccountTable, Expect: store.None, Where: key.where(), Race: race}
}

func (s *Service) newOAuthAccount(key AccountKey, userID any, t OAuthTokens, scope string) store.Op {
	set := t.known()
	set["providerId"], set["accountId"], set["userId"] = key.ProviderID, key.AccountID, userID
	if scope != "" {
		set["scope"] = scope
	}
	return store.Op{Verb: store.Create, Table: AccountTable, Set: s.row(AccountTable, s.Now(), set)}
}

// An OAuthSignIn signs the owner of an account in.
type OAuthSignIn struct {
	Account *Account
	User    *User

	// Twins are the ids of accounts to remove: see OAuthMatch.
	Twins []string

	// Tokens replace those of the account that they have. Scope, if not empty,
	// replaces the account's.
	Tokens OAuthTokens
	Scope  string

	// Session, if not empty, is the token of a session of the user that must be
	// alive.
	Session Token

	// Update are fields of the user to set. With a new address among them, what
	// was sent to the old one stops working.
	Update store.Record

	// Device, if not nil, starts a session.
	Device *Device
}

// SignInOAuth carries it out, all or nothing. It returns ErrChanged if the
// account is no longer the user's or the session has ended, or if fields of the
// user are to be set and the address, or whether it is verified, has changed;
// ErrEmailTaken or ErrTaken if another user has a unique value. One trip.
func (s *Service) SignInOAuth(ctx context.Context, in OAuthSignIn) (*OAuthLogin, error) {
	b := oauthBatch{s: s, known: in.User, session: -1}
	own := store.Op{
		Verb: store.Check, Table: AccountTable, Expect: store.One, Where: store.Is("id", in.Account.ID, "userId", in.User.ID),
		Race: true,
	}
	set := in.Tokens.known()
	if in.Scope != "" {
		set["scope"] = in.Scope
	}
	if len(set) > 0 {
		own.Verb, own.Set = store.Update, set
		set["updatedAt"] = s.Now()
	} else {
		b.knownAccount = in.Account
	}
	b.requireSession(in.Session, in.User)
	if len(in.Twins) > 0 {
		twins := store.Is("userId", in.User.ID).And("id", store.In, in.Twins)
		b.add(store.Op{Verb: store.Delete, Table: AccountTable, Where: twins})
	}
	b.account = b.add(own)
	b.update(in.User, in.Update)
	b.start(in.User.ID, in.Device)
	return b.apply(ctx, "sign in")
}

// An OAuthLink gives a user an account at a service.
type OAuthLink struct {
	User   *User
	Key    AccountKey
	Tokens OAuthTokens
	Scope  string

	// Session, if not empty, is the token of a session of the user that must be
	// alive.
	Session Token

	// Update are fields of the user to set.
	Update store.Record

	// Replace ends every session and every other account of the user, and every
	// one-time secret: nobody knows who made them.
	Replace bool

	// Device, if not nil, starts a session.
	Device *Device

	// Asked says that the user has asked for it, with the session. Else somebody
	// may be signing up with the account at the same moment, and be half done in a
	// store whose batches are not atomic, so that such a store looks again.
	Asked bool
}

// LinkOAuth carries it out, all or nothing. It returns ErrChanged if the account
// has an owner by now, the session has ended, or the user's address, or whether
// it is verified, has changed; ErrTaken if another user has a unique value. One
// trip.
func (s *Service) LinkOAuth(ctx context.Context, l OAuthLink) (*OAuthLogin, error) {
	b := oauthBatch{s: s, known: l.User, session: -1}
	b.add(s.unused(l.Key, l.Asked))
	b.requireSession(l.Session, l.User)
	if len(l.Update) > 0 {
		b.update(l.User, l.Update)
	} else {
		b.add(store.Op{Verb: store.Check, Table: UserTable, Expect: store.One, Where: unchanged(l.User), Race: l.Asked})
	}
	if l.Replace {
		b.add(store.Op{Verb: store.Delete, Table: SessionTable, Where: store.Is("userId", l.User.ID)})
		b.add(store.Op{Verb: store.Delete, Table: AccountTable, Where: store.Is("userId", l.User.ID)})
		b.add(store.Op{Verb: store.Delete, Table: VerificationTable, Where: store.Is("value", l.User.ID)})
	}
	b.account = b.add(s.newOAuthAccount(l.Key, l.User.ID, l.Tokens, l.Scope))
	b.start(l.User.ID, l.Device)
	return b.apply(ctx, "link account")
}

// unchanged selects the user if what a decision about linking rests on is as it
// was.
func unchanged(u *User) store.Where {
	return store.Is("id", u.ID, "email", u.Email, "emailVerified", u.EmailVerified)
}

// An oauthBatch collects operations and remembers which of them leave what.
type oauthBatch struct {
	s   *Service
	ops []store.Op

	user, account, session int      // places in ops; session is -1 without one
	known                  *User    // if no operation leaves the user
	knownAccount           *Account // if no operation leaves the account
}

func (b *oauthBatch) add(op store.Op) int {
	b.ops = append(b.ops, op)
	return len(b.ops) - 1
}

// update sets fields of a user, if there are any.
func (b *oauthBatch) update(u *User, fields store.Record) {
	if len(fields) == 0 {
		return
	}
	set := maps.Clone(fields)
	set["updatedAt"] = b.s.Now()
	b.user, b.known = b.add(store.Op{Verb: store.Update, Table: UserTable, Expect: store.One, Where: unchanged(u), Set: set}), nil
	if email, changed := set["email"]; changed && email != u.Email {
		b.add(store.Op{Verb: store.Delete, Table: VerificationTable, Where: b.s.sentTo(u.ID)})
	}
}

// requireSession is the guard that a session of the user is alive, if there is a
// token.
func (b *oauthBatch) requireSession(token Token, u *User) {
	if token != "" {
		b.add(store.Op{
			Verb: store.Check, Table: SessionTable, Expect: store.One, Where: b.s.aliveSession(token, u.ID), Race: true,
		})
	}
}

// start starts a session, if there is a device. Nobody knows its token before all
// is done, and what a service has just said of its user may stand without it.
func (b *oauthBatch) start(userID any, d *Device) {
	if d != nil {
		op := b.s.startSession(userID, *d, b.s.Now())
		op.Beside = true
		b.session = b.add(op)
	}
}

func (b *oauthBatch) apply(ctx context.Context, what string) (*OAuthLogin, error) {
	rows, err := b.s.apply(ctx, b.ops...)
	switch {
	case store.IsGuard(err):
		return nil, ErrChanged
	case err != nil:
		return nil, fmt.Errorf("%s: %w", what, taken(err))
	}
	out := &OAuthLogin{User: b.known, Account: b.knownAccount}
	if out.User == nil {
		out.User = b.s.user(rows[b.user])
	}
	if out.Account == nil {
		out.Account = b.s.account(rows[b.account])
	}
	if b.session >= 0 {
		out.Session = b.s.session(rows[b.session])
	}
	return out, nil
}
