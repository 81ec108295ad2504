package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"

	lockstep "github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/env"
	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/file"
	"github.com/lockstep-auth/lockstep/store/memory"
)

// defaultConfig is the file that is read when none is named.
const defaultConfig = "lockstep.yaml"

// configFlag is the flag of the commands that need settings.
type configFlag struct {
	Config string `placeholder:"FILE" help:"Configuration file. Defaults to $$LOCKSTEP_CONFIG, or to lockstep.yaml if there is one."`
}

// settings reads the file and the environment.
func (p *program) settings(f configFlag) (*file.Settings, error) {
	s, err := load(cmp.Or(f.Config, p.getenv("LOCKSTEP_CONFIG")))
	if err != nil {
		return nil, err
	}
	if err := env.Apply(s, p.getenv); err != nil {
		return nil, err
	}
	s.Auth.Now = p.now
	s.Auth.Social = s.Providers()
	if err := setMail(s, p.now); err != nil {
		return nil, err
	}
	return s, nil
}

// load reads the file at path, or else the default file if there is one.
func load(path string) (*file.Settings, error) {
	s, err := file.Load(cmp.Or(path, defaultConfig))
	switch {
	case errors.Is(err, fs.ErrNotExist) && path == "":
		return file.Parse("", nil)
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no configuration file %s: name another one with --config", path)
	}
	return s, err
}

// validate checks everything that can be checked without the database, and
// returns all problems. Warnings go to log.
func validate(s *file.Settings, log *slog.Logger) error {
	_, err := trial(s, log)
	return errors.Join(required(&s.Auth), err)
}

// trial returns a server that serves nobody, for its tables. It needs neither a
// secret nor a base URL.
func trial(s *file.Settings, log *slog.Logger) (*lockstep.Auth, error) {
	c := s.Auth
	c.Log = log
	standIn(&c)
	c.Store = memory.New()
	return newAuth(&c, s.Plugins)
}

// newAuth returns a server with the plugins, made for it alone.
func newAuth(c *lockstep.Config, plugins []file.Plugin) (*lockstep.Auth, error) {
	whole := *c
	var err error
	whole.Plugins, err = file.NewPlugins(plugins)
	if err := errors.Join(checkSocial(c), err); err != nil {
		return nil, err
	}
	return lockstep.New(whole)
}

// required checks what a server for everybody cannot do without, and says how
// to give it.
func required(c *lockstep.Config) error {
	var errs []error
	if !hasBaseURL(c) {
		errs = append(errs, errors.New("no base URL: set BETTER_AUTH_URL, or baseURL in "+defaultConfig+
			`, to the address that users see, such as "https://auth.example.com"`))
	}
	if !hasSecret(c) {
		errs = append(errs, errors.New(`no secret: run "lockstep secret", and set BETTER_AUTH_SECRET, or secret in `+defaultConfig+
			`, to what it prints`))
	}
	return errors.Join(append(errs, checkMail(c), checkSocial(c))...)
}

func hasBaseURL(c *lockstep.Config) bool {
	return c.BaseURL != "" || len(c.DynamicBaseURL.AllowedHosts) > 0
}

func hasSecret(c *lockstep.Config) bool { return c.Secret != "" || len(c.Secrets) > 0 }

// standIn fills in what a server needs but what does not matter for a trial or
// for the tables. It is never served with.
func standIn(c *lockstep.Config) {
	if !hasBaseURL(c) {
		c.BaseURL = "http://localhost"
	}
	if !hasSecret(c) {
		c.Secret = newSecret()
	}
	c.Social = usable(c)
}

// warn says what is allowed but hardly meant.
func warn(ctx context.Context, s *file.Settings) {
	c := &s.Auth
	if !c.EmailAndPassword.Enabled && len(c.Social) == 0 && len(s.Generic()) == 0 {
		c.Log.WarnContext(ctx, "nobody can sign in: set emailAndPassword.enabled, or socialProviders")
	}
	if strings.HasPrefix(c.BaseURL, "http://") && !isLoopbackURL(c.BaseURL) {
		c.Log.WarnContext(ctx, "baseURL is not https: passwords and cookies can be read on their way")
	}
	for _, w := range s.Warnings {
		c.Log.WarnContext(ctx, "the environment is incomplete", "problem", w)
	}
	warnMail(ctx, c)
	warnSocial(ctx, s)
}

// baseURL returns the base URL for people to read.
func baseURL(c *lockstep.Config) string {
	return cmp.Or(c.BaseURL, strings.Join(c.DynamicBaseURL.AllowedHosts, ", "))
}

// textLog writes short lines for a person who watches.
func (p *program) textLog() slog.Handler {
	return slog.NewTextHandler(p.stderr, &slog.HandlerOptions{
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	})
}
