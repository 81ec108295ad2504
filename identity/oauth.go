package identity

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockstep-auth/lockstep/store"
)

// ErrChanged means that what was read before has changed: nothing was written.
// Read again and decide anew.
var ErrChanged = errors.New("identity: changed in the meantime")

// ErrTwoAccounts means that one user of a service has accounts of two users here,
// so that nobody can say whose user it is. Servers do not make such accounts.
var ErrTwoAccounts = errors.New("identity: two accounts with one id")

// maxTwins bounds the accounts that are looked at to find that out.
const maxTwins = 20

// OAuthTokens are what a service has handed out for an account, as they are
// stored: the first two may be encrypted.
type OAuthTokens struct {
	AccessToken  Token // empty if there is none, as the others
	RefreshToken Token
	IDToken      Token

	// When the tokens expire; zero is unknown.
	AccessTokenExpiresAt  time.Time
	RefreshTokenExpiresAt time.Time
}

func oauthTokens(r store.Record) OAuthTokens {
	return OAuthTokens{
		AccessToken:           Token(str(r["accessToken"])),
		RefreshToken:          Token(str(r["refreshToken"])),
		IDToken:               Token(str(r["idToken"])),
		AccessTokenExpiresAt:  date(r["accessTokenExpiresAt"]),
		RefreshTokenExpiresAt: date(r["refreshTokenExpiresAt"]),
	}
}

// known returns the fields of the tokens that are known: what a service does not
// send again stays as it was.
func (t OAuthTokens) known() store.Record {
	set := store.Record{}
	for name, token := range map[string]Token{
		"accessToken": t.AccessToken, "refreshToken": t.RefreshToken, "idToken": t.IDToken,
	} {
		if token != "" {
			set[name] = string(token)
		}
	}
	for name, at := range map[string]time.Time{
		"accessTokenExpiresAt": t.AccessTokenExpiresAt, "refreshTokenExpiresAt": t.RefreshTokenExpiresAt,
	} {
		if !at.IsZero() {
			set[name] = store.Millis(at)
		}
	}
	return set
}

// An AccountKey is a user of a service. Two services may use the same ids.
type AccountKey struct {
	ProviderID string
	AccountID  string // the user's id at the service
}

func (k AccountKey) where() store.Where {
	return store.Is("providerId", k.ProviderID, "accountId", k.AccountID)
}

// An OAuthMatch is what the database knows of a user of a service.
type OAuthMatch struct {
	Account *Account // nil if nobody has signed in with it
	Owner   *User    // of the account; nil if the user is gone
	ByEmail *User    // the user with the address, or nil

	// Twins are the ids of more accounts with the same key and owner.
	Twins []string
}

// FindOAuth looks a user of a service up, by the key and by the address. Accounts
// with one key and several owners are an error: nobody can say whose they are.
// One trip.
func (s *Service) FindOAuth(ctx context.Context, key AccountKey, email string) (*OAuthMatch, error) {
	queries := []store.Query{{
		Table: AccountTable, Where: key.where(), Limit: maxTwins,
		With: &store.Join{Table: UserTable, Local: "userId", Foreign: "id"},
	}}
	if email != "" {
		queries = append(queries, store.Query{Table: UserTable, Where: store.Is("email", email), Limit: 1})
	}
	res, err := s.store.Read(ctx, queries...)
	if err != nil {
		return nil, fmt.Errorf("find account: %w", err)
	}
	m := &OAuthMatch{}
	if m.Account, m.Twins, err = s.first(key, res[0].Rows); err != nil {
		return nil, fmt.Errorf("find account: %w", err)
	}
	if m.Account != nil {
		if owner := res[0].RelatedOne(0); owner != nil {
			m.Owner = s.user(owner)
		}
	}
	if email != "" && res[1].One() != nil {
		m.ByEmail = s.user(res[1].One())
	}
	return m, nil
}

// first returns the account with a key, or nil, and the ids of its twins. Two
// servers that make the account of one user at the same moment, in a store whose
// batches are not atomic, can both succeed. All take the one with the smallest id
// for the account then, so that whoever removes the others leaves one.
func (s *Service) first(key AccountKey, rows []store.Record) (*Account, []string, error) {
	var a *Account
	var twins []string
	for _, row := range rows {
		next := s.account(row)
		switch {
		case a == nil:
			a = next
		case next.UserID != a.UserID:
			return nil, nil, fmt.Errorf("account at %s: %w", key.ProviderID, ErrTwoAccounts)
		case next.ID < a.ID:
			a, next = next, a
			fallthrough
		default:
			twins = append(twins, next.ID)
		}
	}
	return a, twins, nil
}

// A LinkMatch is what the database knows of a user who wants an account linked.
type LinkMatch struct {
	User    *User    // nil if the user is gone
	Account *Account // with the key; nil if nobody has it
	Alive   bool     // whether the session is the user's and alive
}

// FindLink looks up what a link rests on: the user, who has the account, and, if
// the token is not empty, the session. One trip.
func (s *Service) FindLink(ctx context.Context, key AccountKey, userID string, token Token) (*LinkMatch, error) {
	res, err := s.store.Read(ctx,
		store.Query{Table: UserTable, Where: store.Is("id", userID), Limit: 1},
		store.Query{Table: AccountTable, Where: key.where(), Limit: maxTwins},
		store.Query{Table: SessionTable, Where: s.aliveSession(token, userID), Limit: 1})
	if err != nil {
		return nil, fmt.Errorf("find link: %w", err)
	}
	m := &LinkMatch{Alive: token != "" && res[2].One() != nil}
	if m.Account, _, err = s.first(key, res[1].Rows); err != nil {
		return nil, fmt.Errorf("find link: %w", err)
	}
	if row := res[0].One(); row != nil {
		m.User = s.user(row)
	}
	return m, nil
}

// aliveSession selects a live session of a user.
func (s *Service) aliveSession(token Token, userID string) store.Where {
	return store.Is("token", string(token), "userId", userID).And("expiresAt", store.Gt, s.Now())
}

// FindAccount returns an account of the user by its own id, or ErrNotFound. One
// trip.
func (s *Service) FindAccount(ctx context.Context, userID, id string) (*Account, error) {
	res, err := s.read(ctx, store.Query{Table: AccountTable, Where: store.Is("id", id, "userId", userID), Limit: 1})
	if err != nil {
		return nil, fmt.Errorf("find account: %w", err)
	}
	if res.One() == nil {
		return nil, ErrNotFound
	}
	return s.account(res.One()), nil
}

// FindSessionAccounts returns the accounts of the user whose session has the
// token. There are none if the session is unknown. One trip.
func (s *Service) FindSessionAccounts(ctx context.Context, token Token) ([]*Account, error) {
	res, err := s.read(ctx, store.Query{
		Table: SessionTable, Where: store.Is("token", string(token)), Limit: 1,
		With: &store.Join{Table: AccountTable, Local: "userId", Foreign: "userId", Limit: maxListed},
	})
	if err != nil {
		return nil, fmt.Errorf("find accounts of a session: %w", err)
	}
	var accounts []*Account
	if len(res.Related) > 0 {
		for _, row := range res.Related[0] {
			accounts = append(accounts, s.account(row))
		}
	}
	return accounts, nil
}

// maxListed bounds the accounts that come along with a session.
const maxListed = 100

// UpdateTokens replaces those tokens of an account that t has, as long as its
// refresh token is still the one that a says, and returns the account; else it
// returns ErrChanged. One trip.
func (s *Service) UpdateTokens(ctx context.Context, a *Account, t OAuthTokens) (*Account, error) {
	set := t.known()
	set["updatedAt"] = s.Now()
	rows, err := s.apply(ctx, store.Op{
		Verb: store.Update, Table: AccountTable, Expect: store.One, Set: set,
		Where: store.Is("id", a.ID, "userId", a.UserID, "refreshToken", string(a.RefreshToken)),
	})
	switch {
	case store.IsGuard(err):
		return nil, ErrChanged
	case err != nil:
		return nil, fmt.Errorf("update tokens: %w", err)
	}
	return s.account(rows[0]), nil
}

// Renewed returns a copy of a with those tokens that t has.
func (a *Account) Renewed(t OAuthTokens) *Account {
	next := *a
	next.AccessToken = cmp.Or(t.AccessToken, a.AccessToken)
	next.RefreshToken = cmp.Or(t.RefreshToken, a.RefreshToken)
	next.IDToken = cmp.Or(t.IDToken, a.IDToken)
	next.AccessTokenExpiresAt = cmp.Or(t.AccessTokenExpiresAt, a.AccessTokenExpiresAt)
	next.RefreshTokenExpiresAt = cmp.Or(t.RefreshTokenExpiresAt, a.RefreshTokenExpiresAt)
	return &next
}

// Unlink removes an account of the user. With keepOne it does so only if another
// account is left, however many are removed at the same time; else it returns
// ErrLastAccount, and ErrNotFound if the user has no such account. One trip.
func (s *Service) Unlink(ctx context.Context, userID, id string, keepOne bool) error {
	ops := []store.Op{{
		Verb: store.Delete, Table: AccountTable, Expect: store.One, Where: store.Is("id", id, "userId", userID),
	}}
	if keepOne {
		ops = append(ops, store.Op{
			Verb: store.Check, Table: AccountTable, Expect: store.AtLeast, Where: store.Is("userId", userID), Race: true,
		})
	}
	_, err := s.apply(ctx, ops...)
	if guard, ok := errors.AsType[*store.GuardError](err); ok {
		if guard.Op == 0 {
			return ErrNotFound
		}
		return ErrLastAccount
	}
	if err != nil {
		return fmt.Errorf("unlink account: %w", err)
	}
	return nil
}

// ErrLastAccount means that the user would be left without a way to sign in.
var ErrLastAccount = errors.New("identity: the user's last account")
