package convex

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/lockstep-auth/lockstep/convex"
)

// find returns the dialect of the deployment. The first call that gets an
// answer settles it for all; a failure is not kept.
func (s *Store) find(ctx context.Context) (dialect, error) {
	if d := s.dialect.Load(); d != nil {
		return *d, usable(ctx)
	}
	select {
	case s.finding <- struct{}{}:
		defer func() { <-s.finding }()
	case <-ctx.Done():
	}
	if err := usable(ctx); err != nil {
		return nil, err
	}
	if d := s.dialect.Load(); d != nil {
		return *d, nil
	}
	d, err := s.detect(ctx)
	if err != nil {
		return nil, err
	}
	s.dialect.Store(&d)
	return d, nil
}

// detect asks the deployment what it offers, and whether it offers it to
// everybody. Lockstep's functions come first; without them, those of createApi
// have to do.
func (s *Store) detect(ctx context.Context) (dialect, error) {
	d, err := s.choose(ctx)
	if err != nil {
		return nil, err
	}
	return d, s.checkExposure(ctx)
}

func (s *Store) choose(ctx context.Context) (dialect, error) {
	if s.config.Component != "" || s.config.Key == "" && s.config.Secret == "" {
		return s.chooseCrud(ctx)
	}
	f := newFunctions(s)
	err := f.describe(ctx)
	switch {
	case err == nil:
		return f, nil
	case isElsewhere(err):
		return nil, unavailable(noDeployment, err)
	case isMissing(err) && s.config.Key != "":
		return s.chooseCrud(ctx)
	case isMissing(err):
		return nil, unavailable("the deployment has no functions of Lockstep that take a secret: "+
			"export lockstepWithSecret in convex/lockstep.ts and run npx convex deploy", err)
	case isOther(err) && s.config.Key != "":
		return nil, unavailable("the functions in convex/lockstep.ts ask for a secret: "+
			"set Config.Secret in place of Key, or export lockstep there", err)
	}
	return nil, f.explain(err)
}

const noDeployment = "there is no deployment at Config.URL"

func (s *Store) chooseCrud(ctx context.Context) (dialect, error) {
	c := newCrud(s)
	err := c.present(ctx)
	switch {
	case err != nil && isElsewhere(err):
		return nil, unavailable(noDeployment, err)
	case err != nil && isMissing(err):
		return nil, unavailable("the deployment has neither the functions of Lockstep nor those of createApi for this caller: "+
			"run lockstep convex init and npx convex deploy, and set Config.Key", err)
	}
	return c, explain(err)
}

// checkExposure refuses a deployment that serves its tables to everybody.
func (s *Store) checkExposure(ctx context.Context) error {
	exposed, err := s.Exposed(ctx)
	if err != nil || len(exposed) == 0 {
		return err
	}
	if s.config.InsecureAllowPublicFunctions {
		s.config.Log.WarnContext(ctx, "convex: anybody on the internet can read and change the tables of this deployment; make its functions internal",
			"tables", exposed)
		return nil
	}
	return fmt.Errorf("convex: anybody on the internet can read and change the tables %q of this deployment: "+
		"make the functions in convex/auth.ts internal and set Config.Key (docs/convex.md), or set InsecureAllowPublicFunctions", exposed)
}

// isMissing reports that there is no such function, or one that the caller must
// not see. A deployment in production says nothing but that the call failed;
// describe itself never does, without data.
func isMissing(err error) bool {
	return errors.Is(err, convex.ErrNotFound) || isUnexplained(err)
}

// isElsewhere reports that what answers knows no deployment, or is none.
func isElsewhere(err error) bool {
	e, ok := errors.AsType[*convex.Error](err)
	return ok && e.Status == http.StatusNotFound && e.Code == ""
}

// isOther reports that the function is there but takes other arguments.
func isOther(err error) bool {
	e, ok := errors.AsType[*convex.Error](err)
	return ok && errors.Is(e, convex.ErrRefused) && e.Status != 0
}
