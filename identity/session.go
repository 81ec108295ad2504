package identity

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/lockstep-auth/lockstep/internal/secure"
	"github.com/lockstep-auth/lockstep/store"
)

// A Device is what a new session keeps of the request that started it.
type Device struct {
	IPAddress string
	UserAgent string

	// Unremembered sessions end after a day and are never prolonged: the user
	// asked not to be remembered.
	Unremembered bool

	// Fields are additional fields of the session, in place of their defaults.
	Fields map[string]any
}

// startSession is the operation that starts a session for the user, whose id
// may be a store.IDOf.
func (s *Service) startSession(userID any, d Device, now time.Time) store.Op {
	life := s.lifetime
	if d.Unremembered {
		life = unrememberedLifetime
	}
	set := store.Record{
		"token": secure.Token(tokenLen), "userId": userID, "expiresAt": now.Add(life),
		"ipAddress": d.IPAddress, "userAgent": d.UserAgent,
	}
	for i := range s.extra.session {
		if f := &s.extra.session[i]; f.Default != nil {
			set[f.Name] = f.Default()
		}
	}
	maps.Copy(set, d.Fields)
	return store.Op{Verb: store.Create, Table: SessionTable, Set: s.row(SessionTable, now, set)}
}

// StartSession signs the user in on a new device. One trip.
func (s *Service) StartSession(ctx context.Context, userID string, d Device) (*Session, error) {
	rows, err := s.apply(ctx, s.startSession(userID, d, s.Now()))
	if err != nil {
		return nil, fmt.Errorf("start session: %w", err)
	}
	return s.session(rows[0]), nil
}

// StartPasswordSession signs the owner of the account in on a new device. It
// returns ErrNotFound if the account is gone or has another password than the one
// that was checked: a reset ends the sessions that there are, and hashing takes
// long enough to begin one with the old password after it. One trip.
func (s *Service) StartPasswordSession(ctx context.Context, checked *Account, d Device) (*Session, error) {
	rows, err := s.apply(ctx,
		store.Op{
			Verb: store.Check, Table: AccountTable, Expect: store.One, Race: true,
			Where: store.Is("id", checked.ID, "password", string(checked.Password)),
		},
		s.startSession(checked.UserID, d, s.Now()))
	switch {
	case store.IsGuard(err):
		return nil, ErrNotFound
	case err != nil:
		return nil, fmt.Errorf("start session: %w", err)
	}
	return s.session(rows[1]), nil
}

// FindSession returns the session with the token and its user, also when it has
// expired, or ErrNotFound. A session without a user counts as missing. One
// trip.
func (s *Service) FindSession(ctx context.Context, token Token) (*Session, *User, error) {
	res, err := s.read(ctx, store.Query{
		Table: SessionTable, Where: store.Is("token", string(token)), Limit: 1,
		With: &store.Join{Table: UserTable, Local: "userId", Foreign: "id"},
	})
	if err != nil {
		return nil, nil, fmt.Errorf("find session: %w", err)
	}
	row, owner := res.One(), res.RelatedOne(0)
	if row == nil || owner == nil {
		return nil, nil, ErrNotFound
	}
	return s.session(row), s.user(owner), nil
}

// RefreshSession prolongs the session, or returns ErrNotFound if it was ended
// in the meantime. One trip.
func (s *Service) RefreshSession(ctx context.Context, token Token) (*Session, error) {
	return s.UpdateSession(ctx, token, store.Record{"expiresAt": s.Now().Add(s.lifetime)})
}

// UpdateSession sets fields of the session, or returns ErrNotFound. One trip.
func (s *Service) UpdateSession(ctx context.Context, token Token, set store.Record) (*Session, error) {
	set["updatedAt"] = s.Now()
	rows, err := s.apply(ctx, store.Op{
		Verb: store.Update, Table: SessionTable, Where: store.Is("token", string(token)), Expect: store.One, Set: set,
	})
	switch {
	case store.IsGuard(err):
		return nil, ErrNotFound
	case err != nil:
		return nil, fmt.Errorf("update session: %w", err)
	}
	return s.session(rows[0]), nil
}

// EndSession ends the session with the token, if there is one. One trip.
func (s *Service) EndSession(ctx context.Context, token Token) error {
	return s.endSessions(ctx, store.Is("token", string(token)))
}

// EndSessionOf ends the session with the token if it is the user's. One trip.
func (s *Service) EndSessionOf(ctx context.Context, userID string, token Token) error {
	return s.endSessions(ctx, store.Is("token", string(token), "userId", userID))
}

// EndSessions ends every session of the user. One trip.
func (s *Service) EndSessions(ctx context.Context, userID string) error {
	return s.endSessions(ctx, store.Is("userId", userID))
}

// EndOtherSessions ends every live session of the user but one. One trip.
func (s *Service) EndOtherSessions(ctx context.Context, userID string, keep Token) error {
	return s.endSessions(ctx, store.Is("userId", userID).
		And("token", store.Ne, string(keep)).And("expiresAt", store.Gt, s.Now()))
}

func (s *Service) endSessions(ctx context.Context, where store.Where) error {
	_, err := s.apply(ctx, store.Op{Verb: store.Delete, Table: SessionTable, Where: where})
	if err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

// ListSessions returns the live sessions of the user. One trip.
func (s *Service) ListSessions(ctx context.Context, userID string) ([]*Session, error) {
	res, err := s.read(ctx, store.Query{
		Table: SessionTable, Where: store.Is("userId", userID).And("expiresAt", store.Gt, s.Now()),
	})
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	list := make([]*Session, len(res.Rows))
	for i, row := range res.Rows {
		list[i] = s.session(row)
	}
	return list, nil
}
