// Command library serves Lockstep on a port of its own, for the scenarios of
// the conformance suite that need what the lockstep program does not have:
// no database, so that the session lives in its cookie, callbacks, which the
// runner is told of, or services that the runner plays.
//
// Usage: library HOST:PORT <OPTIONS.json, a document in Better Auth's own names,
// of which it knows those that the scenarios use; see options.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	lockstep "github.com/lockstep-auth/lockstep"
)

// closeTimeout is how long mail that is on its way may take when the runner has
// enough.
const closeTimeout = time.Second

func main() {
	if err := run(os.Args[1:]); err != nil {
		slog.Error("serve", "error", err)
		os.Exit(1)
	}
}

func run(args []string) (err error) {
	if len(args) != 1 {
		return errors.New("usage: library HOST:PORT <OPTIONS.json")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	given, err := parse(os.Stdin)
	if err != nil {
		return fmt.Errorf("read the options: %w", err)
	}
	config, err := given.config()
	if err != nil {
		return fmt.Errorf("read the options: %w", err)
	}
	db, closer, err := given.store()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closer()) }()
	config.Store = db
	auth, err := lockstep.New(config)
	if err != nil {
		return err
	}
	if err := auth.Migrate(ctx); err != nil {
		return err
	}
	return serve(ctx, args[0], auth)
}

func serve(ctx context.Context, addr string, auth *lockstep.Auth) error {
	srv := &http.Server{Addr: addr, Handler: auth, ReadHeaderTimeout: 5 * time.Second}
	closed := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer closed()
	if err := srv.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	return auth.Close(ctx)
}
