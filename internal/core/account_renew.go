package core

import (
	"context"
	"errors"
	"sync"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/oauth"
	"github.com/lockstep-auth/lockstep/plugin"
)

// renew gets new tokens for an account and stores them. Of many calls at once for
// one account, one goes to the service: refresh tokens of many services work
// once, and a second use is taken for theft (RFC 9700 §4.14.2).
func (c *core) renew(call *plugin.Call, p oauth.Provider, a *reading) (*identity.Account, error) {
	h := call.Host
	return c.renewals.do(call.Context(), a.UserID+"\x00"+a.ID, func(ctx context.Context) (*identity.Account, error) {
		stored := a.Account
		if !c.renewals.noneSince(a.at) {
			again, err := h.Identity.FindAccount(ctx, a.UserID, a.ID)
			switch {
			case errors.Is(err, identity.ErrNotFound):
				return c.renewAtService(ctx, h, p, stored) // it lives in the account cookie alone
			case err != nil:
				return nil, err
			case again.AccessToken != a.AccessToken && !due(again, h.Now()):
				return again, nil // somebody was faster
			}
			stored = again
		}
		renewed, err := c.renewAtService(ctx, h, p, stored)
		if err != nil {
			return nil, err
		}
		saved, err := h.Identity.UpdateTokens(ctx, stored, renewed.OAuthTokens)
		if errors.Is(err, identity.ErrChanged) {
			// Another server has stored newer ones, or the account is gone: then
			// these are nobody's.
			return h.Identity.FindAccount(ctx, a.UserID, a.ID)
		}
		return saved, err
	})
}

// renewAtService returns the account with new tokens.
func (c *core) renewAtService(ctx context.Context, h *plugin.Host, p oauth.Provider, a *identity.Account) (*identity.Account, error) {
	refresh, err := c.open(h, a.RefreshToken)
	if err != nil {
		return nil, err
	}
	ctx, cancel := patient(ctx, patience/2)
	defer cancel()
	tokens, err := c.Social.Client.Refresh(ctx, p, refresh)
	if err != nil {
		return nil, err
	}
	return a.Renewed(c.seal(h, tokens)), nil
}

// flights make sure that of several calls with one key, one does the work, and
// the others wait for what it gets. They are safe for concurrent use.
type flights struct {
	mu     sync.Mutex
	byKey  map[string]*flight
	landed int // how many are over
}

// A moment is a point in the row of flights, for noneSince.
type moment int

// never is a moment that noneSince is false for.
const never moment = -1

func (f *flights) now() moment {
	f.mu.Lock()
	defer f.mu.Unlock()
	return moment(f.landed)
}

// noneSince reports whether no flight, whatever its key, is over since then.
func (f *flights) noneSince(then moment) bool { return f.now() == then }

// A flight is work that is being done.
type flight struct {
	done    chan struct{}
	account *identity.Account
	err     error
}

func newFlights() *flights { return &flights{byKey: make(map[string]*flight)} }

// do calls fn, or waits for the call that is under way. The context of fn does not
// end with ctx, since others may wait for its result too: what fn uses has time
// limits of its own.
func (f *flights) do(
	ctx context.Context, key string, fn func(context.Context) (*identity.Account, error),
) (*identity.Account, error) {
	f.mu.Lock()
	running, ok := f.byKey[key]
	if !ok {
		running = &flight{done: make(chan struct{}), err: errBrokenOff}
		f.byKey[key] = running
	}
	f.mu.Unlock()
	if !ok {
		defer f.land(key, running)
		running.account, running.err = fn(context.WithoutCancel(ctx))
		return running.account, running.err
	}
	select {
	case <-running.done:
		return running.account, running.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// errBrokenOff is what others get if fn panics.
var errBrokenOff = errors.New("core: work broken off")

func (f *flights) land(key string, running *flight) {
	f.mu.Lock()
	delete(f.byKey, key)
	f.landed++
	f.mu.Unlock()
	close(running.done)
}
