package convex

import (
	"errors"
	"fmt"

	"github.com/lockstep-auth/lockstep/convex"
	"github.com/lockstep-auth/lockstep/store"
)

// explain turns an error of the client into one of package store, with words
// for the operator. Nothing in it quotes an argument or a document.
func explain(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, convex.ErrOutcomeUnknown):
		return fmt.Errorf("%w: %w", store.ErrUnknownOutcome, err)
	case errors.Is(err, convex.ErrUnavailable):
		return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	case errors.Is(err, convex.ErrUnauthorized):
		return unavailable("the deployment does not accept the key in Config.Key, or the key may not run internal functions", err)
	case errors.Is(err, convex.ErrNotFound):
		return unavailable("the function is not there, or needs a key: run npx convex deploy", err)
	case isOther(err):
		return unavailable("the deployed functions are of another version: update the convex folder and run npx convex deploy", err)
	case errors.Is(err, convex.ErrFunction):
		return unavailable("the function failed; the logs of the deployment say why", err)
	}
	return err
}

// unavailable is the error of a call that changed nothing and will work when
// somebody has done something about it.
func unavailable(advice string, err error) error {
	return fmt.Errorf("%w: %s: %w", store.ErrUnavailable, advice, err)
}

// unknown is the error of a batch that was carried out but whose answer makes
// no sense.
func unknown(err error) error { return fmt.Errorf("%w: %w", store.ErrUnknownOutcome, err) }
