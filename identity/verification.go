package identity

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-auth/lockstep/internal/secure"
	"github.com/lockstep-auth/lockstep/store"
)

// The purposes of one-time secrets. A purpose is the start of a secret's
// identifier, so that what was made for one thing never works for another.
const (
	resetPasswordPurpose = "reset-password:"
	deleteAccountPurpose = "delete-account-"

	// changeEmailPurpose is Lockstep's own: the rows make the links that change
	// an address work once. The identifier is no secret, the link is signed.
	changeEmailPurpose = "change-email:"
)

const (
	// resetTokenLen is the length of a token that resets a password, in
	// characters of [a-zA-Z0-9], about 143 bits.
	resetTokenLen = 24

	// deleteTokenLen is the length of a token that deletes an account, in
	// characters of [0-9a-z], about 165 bits.
	deleteTokenLen = 32
	lowerAlphabet  = "0123456789abcdefghijklmnopqrstuvwxyz"

	// maxTokenLen is the longest token that is looked up, in bytes. No writer
	// makes one half as long.
	maxTokenLen = 256

	// cleanUpEvery is how often expired secrets are removed, as upstream.
	cleanUpEvery = time.Minute
)

// isToken reports whether a writer could have made the token: letters and
// digits, not too many.
func isToken(token string) bool {
	return token != "" && len(token) <= maxTokenLen && !strings.ContainsFunc(token, func(r rune) bool { return !isAlphanumeric(r) })
}

func isAlphanumeric(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

// storedAs returns the forms in which an identifier may be stored: the one that
// is written first, and then, if that is a hash, the plain one that servers
// without hashing have written.
func (s *Service) storedAs(identifier string) []string {
	if s.storeIdentifier == nil || strings.HasPrefix(identifier, changeEmailPurpose) {
		return []string{identifier}
	}
	if stored := s.storeIdentifier(identifier); stored != identifier {
		return []string{stored, identifier}
	}
	return []string{identifier}
}

// unexpired selects the live secret with the identifier.
func (s *Service) unexpired(identifier string) store.Where {
	return store.Where{}.And("identifier", store.In, s.storedAs(identifier)).And("expiresAt", store.Gt, s.Now())
}

// A newSecret is a one-time secret to be stored.
type newSecret struct {
	purpose, token, userID string
	expires                time.Time
}

// issue is the operations that store a secret. Older ones of the same user and
// purpose end, unless their identifiers are hashed: then nothing tells their
// purpose, and they end when one of them is used, or expire.
func (s *Service) issue(n newSecret, now time.Time) []store.Op {
	stored := s.storedAs(n.purpose + n.token)[0]
	return []store.Op{
		{
			Verb: store.Delete, Table: VerificationTable,
			Where: store.Is("value", n.userID).And("identifier", store.StartsWith, n.purpose),
		},
		{Verb: store.Create, Table: VerificationTable, Set: s.row(VerificationTable, now, store.Record{
			"identifier": stored, "value": n.userID, "expiresAt": n.expires,
		})},
	}
}

// pretend does the work of issue and leaves nothing behind, so that the time it
// takes does not tell whether there was somebody to issue a secret to. One
// trip.
func (s *Service) pretend(ctx context.Context, purpose string) error {
	now := s.Now()
	n := newSecret{purpose: purpose, token: secure.Token(resetTokenLen), userID: secure.Token(tokenLen), expires: now}
	ops := append(s.issue(n, now), store.Op{
		Verb: store.Delete, Table: VerificationTable, Where: store.Is("value", n.userID),
	})
	if _, err := s.doomed(ctx, ops); err != nil { // what hooks cost
		return fmt.Errorf("issue secret: %w", err)
	}
	if _, err := s.store.Apply(ctx, store.Batch{ID: secure.Token(24), Ops: ops}); err != nil {
		return fmt.Errorf("issue secret: %w", err)
	}
	return nil
}

// CleanUpDue reports whether it is time for CleanUp: once a minute, and not in
// the first one. Whoever is told so is expected to call it.
func (s *Service) CleanUpDue() bool {
	now := s.Now()
	next := s.nextCleanUp.Load()
	return !s.keepExpired && now.UnixMilli() >= next &&
		s.nextCleanUp.CompareAndSwap(next, now.Add(cleanUpEvery).UnixMilli())
}

// CleanUp removes expired one-time secrets. One trip.
func (s *Service) CleanUp(ctx context.Context) error {
	_, err := s.apply(ctx, store.Op{
		Verb: store.Delete, Table: VerificationTable, Where: store.Where{}.And("expiresAt", store.Lt, s.Now()),
	})
	if err != nil {
		return fmt.Errorf("remove expired secrets: %w", err)
	}
	return nil
}

// IssueReset returns a token that resets the password of the user, for as long
// as life. Earlier ones end. One trip.
func (s *Service) IssueReset(ctx context.Context, userID string, life time.Duration) (string, error) {
	return s.issueToken(ctx, newSecret{
		purpose: resetPasswordPurpose, token: secure.Token(resetTokenLen), userID: userID, expires: s.Now().Add(life),
	})
}

// IssueDeletion returns a token that deletes the user, for as long as life.
// Earlier ones end. One trip.
func (s *Service) IssueDeletion(ctx context.Context, userID string, life time.Duration) (string, error) {
	return s.issueToken(ctx, newSecret{
		purpose: deleteAccountPurpose, token: secure.RandomString(deleteTokenLen, lowerAlphabet), userID: userID,
		expires: s.Now().Add(life),
	})
}

// CheckDeletion returns ErrNotFound if the token does not delete the user. One
// trip.
func (s *Service) CheckDeletion(ctx context.Context, userID, token string) error {
	if !isToken(token) {
		return ErrNotFound
	}
	res, err := s.read(ctx, store.Query{Table: VerificationTable, Where: s.deletion(userID, token), Limit: 1})
	if err != nil {
		return fmt.Errorf("check deletion: %w", err)
	}
	if res.One() == nil {
		return ErrNotFound
	}
	return nil
}

func (s *Service) deletion(userID, token string) store.Where {
	return s.unexpired(deleteAccountPurpose+token).And("value", store.Eq, userID)
}

func (s *Service) issueToken(ctx context.Context, n newSecret) (string, error) {
	if _, err := s.apply(ctx, s.issue(n, s.Now())...); err != nil {
		return "", fmt.Errorf("issue secret: %w", err)
	}
	return n.token, nil
}

// PretendReset costs what IssueReset costs and changes nothing. One trip.
func (s *Service) PretendReset(ctx context.Context) error {
	return s.pretend(ctx, resetPasswordPurpose)
}

// A Reset is a token that resets a password, with whose password that is.
type Reset struct {
	User *User

	id      string
	account *Account // nil if the user has no password yet
}

// FindReset returns what the token resets. It returns ErrNotFound if the token
// is unknown, used or expired, and a Reset without a user if the user is gone.
// One trip.
func (s *Service) FindReset(ctx context.Context, token string) (*Reset, error) {
	if !isToken(token) {
		return nil, ErrNotFound
	}
	secret := store.Query{
		Table: VerificationTable, Where: s.unexpired(resetPasswordPurpose + token),
		SortBy: "createdAt", Descending: true, Limit: 1,
	}
	owner, account := secret, secret
	owner.With = &store.Join{Table: UserTable, Local: "value", Foreign: "id"}
	account.With = &store.Join{
		Table: AccountTable, Local: "value", Foreign: "userId",
		Where: store.Is("providerId", CredentialProvider), Limit: 10,
	}
	res, err := s.store.Read(ctx, owner, account)
	if err != nil {
		return nil, fmt.Errorf("find reset: %w", err)
	}
	row := res[0].One()
	if row == nil {
		return nil, ErrNotFound
	}
	r := &Reset{id: str(row["id"])}
	if user := res[0].RelatedOne(0); user != nil {
		r.User = s.user(user)
	}
	if len(res[1].Related) > 0 {
		r.account = s.credential(res[1].Related[0], str(row["value"]))
	}
	return r, nil
}

// ResetPassword spends the token and sets the password to what hashes to hash,
// all or nothing. With it end all other one-time secrets of the user: reset and
// deletion tokens, pending changes of the address, second-factor challenges and
// trusted devices; and with endSessions every session. It returns ErrNotFound if
// the token was spent in the meantime. One trip.
func (s *Service) ResetPassword(ctx context.Context, r *Reset, hash string, endSessions bool) error {
	now := s.Now()
	ops := []store.Op{
		{
			Verb: store.Delete, Table: VerificationTable, Expect: store.One,
			Where: store.Is("id", r.id).And("expiresAt", store.Gt, now),
		},
		{Verb: store.Delete, Table: VerificationTable, Where: store.Is("value", r.User.ID).And("id", store.Ne, r.id)},
	}
	if endSessions {
		ops = append(ops, store.Op{Verb: store.Delete, Table: SessionTable, Where: store.Is("userId", r.User.ID)})
	}
	_, err := s.apply(ctx, append(ops, s.setPassword(r, hash, now)...)...)
	switch {
	case store.IsGuard(err):
		return ErrNotFound
	case err != nil:
		return fmt.Errorf("reset password: %w", err)
	}
	return nil
}

// setPassword is the operations that set a password, whatever it was.
func (s *Service) setPassword(r *Reset, hash string, now time.Time) []store.Op {
	if r.account != nil {
		return []store.Op{{
			Verb: store.Update, Table: AccountTable, Expect: store.One, Where: store.Is("id", r.account.ID),
			Set: store.Record{"password": hash, "updatedAt": now},
		}}
	}
	return []store.Op{
		{
			Verb: store.Check, Table: AccountTable, Expect: store.None,
			Where: store.Is("userId", r.User.ID, "providerId", CredentialProvider),
		},
		{Verb: store.Create, Table: AccountTable, Set: s.row(AccountTable, now, store.Record{
			"providerId": CredentialProvider, "accountId": r.User.ID, "userId": r.User.ID, "password": hash,
		})},
	}
}

// VerifyEmail marks the address of u as verified and, with a device, starts a
// session, all or nothing. It returns ErrNotFound if the user is gone, has
// another address now, or was verified in the meantime. One trip.
func (s *Service) VerifyEmail(ctx context.Context, u *User, d *Device) (*User, *Session, error) {
	now := s.Now()
	ops := []store.Op{{
		Verb: store.Update, Table: UserTable, Expect: store.One,
		Where: store.Is("id", u.ID, "email", u.Email, "emailVerified", false),
		Set:   store.Record{"emailVerified": true, "updatedAt": now},
	}}
	if d != nil {
		ops = append(ops, s.startSession(u.ID, *d, now))
	}
	rows, err := s.apply(ctx, ops...)
	switch {
	case store.IsGuard(err):
		return nil, nil, ErrNotFound
	case err != nil:
		return nil, nil, fmt.Errorf("verify e-mail: %w", err)
	case d == nil:
		return s.user(rows[0]), nil, nil
	}
	return s.user(rows[0]), s.session(rows[1]), nil
}

// An EmailChange is a change of address that a user has asked for.
type EmailChange struct {
	UserID   string
	From, To string // in lower case

	// ID is the change's own, which makes its link work once. It is empty in
	// links that a Better Auth server on Node.js has made.
	ID string

	// Verified is what the change says of the new address.
	Verified bool
}

// IssueEmailChange remembers the change until it expires and returns its ID.
// Earlier pending changes of the user end. One trip.
func (s *Service) IssueEmailChange(ctx context.Context, userID string, expires time.Time) (string, error) {
	return s.issueToken(ctx, newSecret{
		purpose: changeEmailPurpose, token: secure.Token(resetTokenLen), userID: userID, expires: expires,
	})
}

// PretendEmailChange costs what IssueEmailChange costs and changes nothing. One
// trip.
func (s *Service) PretendEmailChange(ctx context.Context) error {
	return s.pretend(ctx, changeEmailPurpose)
}

// ConfirmEmailChange spends the change, which the user has confirmed at the old
// address, and returns the ID of one to be verified at the new address. It
// returns ErrNotFound if the change was spent or the user has another address
// now. One trip.
func (s *Service) ConfirmEmailChange(ctx context.Context, ch EmailChange, expires time.Time) (string, error) {
	next := newSecret{purpose: changeEmailPurpose, token: secure.Token(resetTokenLen), userID: ch.UserID, expires: expires}
	ops := append(s.spend(ch), store.Op{
		Verb: store.Check, Table: UserTable, Expect: store.One, Where: store.Is("id", ch.UserID, "email", ch.From),
	})
	_, err := s.apply(ctx, append(ops, s.issue(next, s.Now())...)...)
	switch {
	case store.IsGuard(err):
		return "", ErrNotFound
	case err != nil:
		return "", fmt.Errorf("confirm e-mail change: %w", err)
	}
	return next.token, nil
}

// ChangeEmail spends the change and gives the user the new address, all or
// nothing. Other pending changes of the user end, and the tokens that reset the
// password, since they were sent to the old address. It returns ErrNotFound if
// the change was spent or the user has another address now, and ErrEmailTaken
// if another user has the new one. One trip.
func (s *Service) ChangeEmail(ctx context.Context, ch EmailChange) (*User, error) {
	spend := s.spend(ch)
	ops := slices.Concat(spend, []store.Op{
		{
			Verb: store.Update, Table: UserTable, Expect: store.One, Where: store.Is("id", ch.UserID, "email", ch.From),
			Set: store.Record{"email": strings.ToLower(ch.To), "emailVerified": ch.Verified, "updatedAt": s.Now()},
		},
		{Verb: store.Delete, Table: VerificationTable, Where: s.sentTo(ch.UserID)},
	})
	rows, err := s.apply(ctx, ops...)
	switch {
	case store.IsGuard(err):
		return nil, ErrNotFound
	case err != nil:
		return nil, fmt.Errorf("change e-mail: %w", taken(err))
	}
	return s.user(rows[len(spend)]), nil
}

// sentTo selects the secrets that were sent to the address of the user. Hashed
// identifiers do not tell which those are; then it is all of the user's.
func (s *Service) sentTo(userID string) store.Where {
	where := store.Is("value", userID)
	if s.storeIdentifier == nil {
		where.Any = []store.Cond{
			{Field: "identifier", Op: store.StartsWith, Value: changeEmailPurpose},
			{Field: "identifier", Op: store.StartsWith, Value: resetPasswordPurpose},
		}
	}
	return where
}

// spend is the operation that consumes a pending change, if it has an ID.
func (s *Service) spend(ch EmailChange) []store.Op {
	if ch.ID == "" {
		return nil
	}
	return []store.Op{{
		Verb: store.Delete, Table: VerificationTable, Expect: store.One,
		Where: s.unexpired(changeEmailPurpose+ch.ID).And("value", store.Eq, ch.UserID),
	}}
}
