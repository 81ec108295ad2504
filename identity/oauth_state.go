package identity

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/lockstep-auth/lockstep/store"
)

// The purposes of what a sign-in with a service leaves until the browser comes
// back. statePurpose is upstream's.
const (
	statePurpose = "auth-state:"

	// spentStatePurpose is Lockstep's own: the rows say which states that live in
	// cookies were used.
	spentStatePurpose = "auth-state-spent:"
)

// isState reports whether a server could have made the state: the alphabet of
// base64url, not too much of it.
func isState(state string) bool {
	return state != "" && len(state) <= maxTokenLen && !strings.ContainsFunc(state, func(r rune) bool {
		return !isAlphanumeric(r) && r != '-' && r != '_'
	})
}

// IssueState keeps what belongs to a state until it expires. One trip.
func (s *Service) IssueState(ctx context.Context, state, data string, expires time.Time) error {
	_, err := s.apply(ctx, s.keepState(statePurpose+state, data, expires))
	if err != nil {
		return fmt.Errorf("issue state: %w", err)
	}
	return nil
}

func (s *Service) keepState(identifier, data string, expires time.Time) store.Op {
	return store.Op{Verb: store.Create, Table: VerificationTable, Set: s.row(VerificationTable, s.Now(), store.Record{
		"identifier": s.storedAs(identifier)[0], "value": data, "expiresAt": expires,
	})}
}

func (s *Service) whereState(identifier string) store.Where {
	if forms := s.storedAs(identifier); len(forms) > 1 {
		return store.Where{}.And("identifier", store.In, forms)
	}
	return store.Is("identifier", identifier)
}

// FindState returns what belongs to a state and leaves it there, or ErrNotFound.
// It may have expired. One trip.
func (s *Service) FindState(ctx context.Context, state string) (string, error) {
	if !isState(state) {
		return "", ErrNotFound
	}
	res, err := s.read(ctx, store.Query{Table: VerificationTable, Where: s.whereState(statePurpose + state), Limit: 1})
	if err != nil {
		return "", fmt.Errorf("find state: %w", err)
	}
	if res.One() == nil {
		return "", ErrNotFound
	}
	return str(res.One()["value"]), nil
}

// SpendState removes a state and returns what belonged to it, or ErrNotFound. It
// may have expired. Of many calls at once, one gets it. One trip.
func (s *Service) SpendState(ctx context.Context, state string) (string, error) {
	if !isState(state) {
		return "", ErrNotFound
	}
	rows, err := s.apply(ctx, store.Op{
		Verb: store.Delete, Table: VerificationTable, Expect: store.One, Where: s.whereState(statePurpose + state), Sole: true,
	})
	switch {
	case store.IsGuard(err):
		return "", ErrNotFound
	case err != nil:
		return "", fmt.Errorf("spend state: %w", err)
	}
	return str(rows[0]["value"]), nil
}

// SpendCookieState remembers, until it expires, that a state that lives in a
// cookie was used. It returns ErrNotFound if it was before. It looks when it has
// written: then, in a store whose batches are not atomic, of several calls at once
// one gets it at most. One trip.
func (s *Service) SpendCookieState(ctx context.Context, state string, expires time.Time) error {
	if !isState(state) {
		return ErrNotFound
	}
	identifier := spentStatePurpose + state
	_, err := s.apply(ctx,
		s.keepState(identifier, "", expires),
		store.Op{Verb: store.Check, Table: VerificationTable, Expect: store.One, Where: s.whereState(identifier)})
	switch {
	case store.IsGuard(err):
		return ErrNotFound
	case err != nil:
		return fmt.Errorf("spend state: %w", err)
	}
	return nil
}
