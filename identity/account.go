package identity

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lockstep-auth/lockstep/internal/secure"
	"github.com/lockstep-auth/lockstep/store"
)

// A NewUser is a user who signs up with a password.
type NewUser struct {
	Name  string
	Email string // any case; it is stored in lower case
	Image *string

	// Fields are additional fields, by logical name.
	Fields map[string]any

	// PasswordHash is what the password hashes to.
	PasswordHash string

	// Device, if not nil, signs the user in at once.
	Device *Device
}

// SignUp makes a user with a password and, if n.Device is set, a first session,
// all or nothing. It returns ErrEmailTaken or ErrTaken if a unique value is
// already used. One trip.
func (s *Service) SignUp(ctx context.Context, n NewUser) (*User, *Session, error) {
	now := s.Now()
	user := store.Record{"name": n.Name, "email": strings.ToLower(n.Email), "emailVerified": false, "image": nil}
	if n.Image != nil {
		user["image"] = *n.Image
	}
	maps.Copy(user, n.Fields)
	ops := []store.Op{
		{Verb: store.Create, Table: UserTable, Set: s.row(UserTable, now, user)},
		{Verb: store.Create, Table: AccountTable, Set: s.row(AccountTable, now, store.Record{
			"providerId": CredentialProvider, "accountId": store.IDOf(0), "userId": store.IDOf(0), "password": n.PasswordHash,
		})},
	}
	if n.Device != nil {
		ops = append(ops, s.startSession(store.IDOf(0), *n.Device, now))
	}
	rows, err := s.apply(ctx, ops...)
	if err != nil {
		return nil, nil, fmt.Errorf("sign up: %w", taken(err))
	}
	if n.Device == nil {
		return s.user(rows[0]), nil, nil
	}
	return s.user(rows[0]), s.session(rows[2]), nil
}

// PretendSignUp costs what SignUp costs and changes nothing, so that the time a
// sign-up takes does not tell which addresses have an account. One trip.
func (s *Service) PretendSignUp(ctx context.Context) error {
	_, err := s.store.Apply(ctx, store.Batch{ID: secure.Token(24), Ops: []store.Op{{
		Verb: store.Delete, Table: SessionTable, Where: store.Is("token", secure.Token(tokenLen)),
	}}})
	if err != nil {
		return fmt.Errorf("sign up: %w", err)
	}
	return nil
}

// FindCredentials returns the user with the address and the account that holds
// the password; the account is nil if the user has none. It returns ErrNotFound
// if there is no such user. One trip, whatever the answer.
func (s *Service) FindCredentials(ctx context.Context, email string) (*User, *Account, error) {
	res, err := s.read(ctx, store.Query{
		Table: UserTable, Where: store.Is("email", strings.ToLower(email)), Limit: 1,
		With: &store.Join{
			Table: AccountTable, Local: "id", Foreign: "userId",
			Where: store.Is("providerId", CredentialProvider), Limit: 10,
		},
	})
	if err != nil {
		return nil, nil, fmt.Errorf("find credentials: %w", err)
	}
	row := res.One()
	if row == nil {
		return nil, nil, ErrNotFound
	}
	return s.user(row), s.credential(res.Related[0], str(row["id"])), nil
}

// credential picks the account that belongs to the user by both ids. Better
// Auth looks at both: an account row of another user never counts.
func (s *Service) credential(rows []store.Record, userID string) *Account {
	i := slices.IndexFunc(rows, func(r store.Record) bool { return str(r["accountId"]) == userID })
	if i < 0 {
		return nil
	}
	return s.account(rows[i])
}

// FindCredential returns the account that holds the user's password, or
// ErrNotFound. One trip.
func (s *Service) FindCredential(ctx context.Context, userID string) (*Account, error) {
	res, err := s.read(ctx, store.Query{
		Table: AccountTable, Where: store.Is("userId", userID, "providerId", CredentialProvider), Limit: 10,
	})
	if err != nil {
		return nil, fmt.Errorf("find credential: %w", err)
	}
	account := s.credential(res.Rows, userID)
	if account == nil {
		return nil, ErrNotFound
	}
	return account, nil
}

// ListAccounts returns the accounts of the user. One trip.
func (s *Service) ListAccounts(ctx context.Context, userID string) ([]*Account, error) {
	res, err := s.read(ctx, store.Query{Table: AccountTable, Where: store.Is("userId", userID)})
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	list := make([]*Account, len(res.Rows))
	for i, row := range res.Rows {
		list[i] = s.account(row)
	}
	return list, nil
}

// A PasswordChange replaces the password of an account.
type PasswordChange struct {
	Account *Account
	Hash    string

	// Device, if not nil, ends every session of the user and starts a new one.
	Device *Device
}

// ChangePassword carries out the change. It returns ErrNotFound if the account
// is gone or its password was changed in the meantime: then the password that
// was checked is no longer the one that is stored. The new session is nil
// without a device. One trip.
func (s *Service) ChangePassword(ctx context.Context, ch PasswordChange) (*Session, error) {
	now := s.Now()
	var stored any
	if ch.Account.Password != "" {
		stored = string(ch.Account.Password)
	}
	ops := []store.Op{{
		Verb: store.Update, Table: AccountTable, Expect: store.One,
		Where: store.Is("id", ch.Account.ID, "password", stored),
		Set:   store.Record{"password": ch.Hash, "updatedAt": now},
	}}
	if ch.Device != nil {
		ops = append(ops,
			store.Op{Verb: store.Delete, Table: SessionTable, Where: store.Is("userId", ch.Account.UserID)},
			s.startSession(ch.Account.UserID, *ch.Device, now))
	}
	rows, err := s.apply(ctx, ops...)
	switch {
	case store.IsGuard(err):
		return nil, ErrNotFound
	case err != nil:
		return nil, fmt.Errorf("change password: %w", err)
	case ch.Device == nil:
		return nil, nil
	}
	return s.session(rows[2]), nil
}

// AddPassword gives a user without a password one. It returns ErrTaken if the
// user got a credential account in the meantime. One trip.
func (s *Service) AddPassword(ctx context.Context, userID, hash string) error {
	now := s.Now()
	_, err := s.apply(ctx,
		store.Op{
			Verb: store.Check, Table: AccountTable, Expect: store.None,
			Where: store.Is("userId", userID, "providerId", CredentialProvider),
		},
		store.Op{Verb: store.Create, Table: AccountTable, Set: s.row(AccountTable, now, store.Record{
			"providerId": CredentialProvider, "accountId": userID, "userId": userID, "password": hash,
		})})
	switch {
	case store.IsGuard(err):
		return ErrTaken
	case err != nil:
		return fmt.Errorf("add password: %w", err)
	}
	return nil
}

// Scopes returns the OAuth scopes of the account. The list is never nil.
func (a *Account) Scopes() []string {
	scopes := []string{}
	for scope := range strings.SplitSeq(a.Scope, ",") {
		if scope = strings.TrimSpace(scope); scope != "" {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}
