// Command stateless serves Lockstep without a database on a port of its own,
// for the scenarios of the conformance suite where the session lives in its
// cookie. The lockstep program always has a database, so it cannot do that.
//
// Usage: stateless HOST:PORT <OPTIONS.json, a document in Better Auth's own
// names, of which it knows those that the scenarios use.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	lockstep "github.com/lockstep-auth/lockstep"
)

// options is what the scenarios set.
type options struct {
	BaseURL          string `json:"baseURL"`
	Secret           string `json:"secret"`
	EmailAndPassword struct {
		Enabled bool `json:"enabled"`
	} `json:"emailAndPassword"`
	RateLimit struct {
		Enabled bool `json:"enabled"`
	} `json:"rateLimit"`
	Session struct {
		CookieCache struct {
			Enabled      bool            `json:"enabled"`
			Strategy     string          `json:"strategy"`
			MaxAge       int             `json:"maxAge"` // seconds
			RefreshCache json.RawMessage `json:"refreshCache"`
		} `json:"cookieCache"`
	} `json:"session"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		slog.Error("serve", "error", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: stateless HOST:PORT <OPTIONS.json")
	}
	config, err := parse(os.Stdin)
	if err != nil {
		return fmt.Errorf("read the options: %w", err)
	}
	auth, err := lockstep.New(config)
	if err != nil {
		return err
	}
	return serve(args[0], auth)
}

// parse reads the document. An option that it does not know is an error: it
// would be compared without being set.
func parse(document io.Reader) (lockstep.Config, error) {
	var given options
	d := json.NewDecoder(document)
	d.DisallowUnknownFields()
	if err := d.Decode(&given); err != nil {
		return lockstep.Config{}, err
	}
	config := lockstep.Config{BaseURL: given.BaseURL, Secret: given.Secret}
	config.EmailAndPassword.Enabled = given.EmailAndPassword.Enabled
	config.RateLimit.Enabled = &given.RateLimit.Enabled
	cache := given.Session.CookieCache
	config.Session.CookieCache.Enabled = cache.Enabled
	config.Session.CookieCache.Strategy = cache.Strategy
	config.Session.CookieCache.MaxAge = time.Duration(cache.MaxAge) * time.Second
	return config, refresh(cache.RefreshCache, &config)
}

// refresh reads refreshCache: a switch, or an object that also says when.
func refresh(document json.RawMessage, config *lockstep.Config) error {
	if document == nil {
		return nil
	}
	var on bool
	if json.Unmarshal(document, &on) == nil {
		config.Session.CookieCache.RefreshCache = &on
		return nil
	}
	var when struct {
		UpdateAge int `json:"updateAge"` // seconds
	}
	if err := json.Unmarshal(document, &when); err != nil {
		return err
	}
	config.Session.CookieCache.RefreshCache = new(true)
	config.Session.CookieCache.RefreshUpdateAge = time.Duration(when.UpdateAge) * time.Second
	return nil
}

func serve(addr string, handler http.Handler) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	srv := &http.Server{Addr: addr, Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	closed := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer closed()
	if err := srv.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
