package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"

	lockstep "github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/file"
	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/server"
	"github.com/lockstep-auth/lockstep/internal/secure"
)

const (
	defaultHost = "127.0.0.1"
	defaultPort = "3000"
)

type serveCommand struct {
	configFlag
	Addr string `placeholder:"HOST:PORT" help:"Address to listen on. Defaults to HOST and PORT, or 127.0.0.1:3000."`
}

// Run serves until ctx ends.
func (cmd *serveCommand) Run(ctx context.Context, p *program) (err error) {
	s, err := p.settings(cmd.configFlag)
	if err != nil {
		return err
	}
	if err := required(&s.Auth); err != nil {
		return err
	}
	log := slog.New(server.LogHandler(slog.NewJSONHandler(p.stderr, nil)))
	db, closer, err := openStore(s.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closer.Close()) }()
	s.Auth.Store, s.Auth.Log = db, log
	auth, err := lockstep.New(s.Auth)
	if err != nil {
		return err
	}
	if err := upToDate(ctx, auth); err != nil {
		return err
	}
	srv, err := newServer(&s.Auth, auth, ready(db))
	if err != nil {
		return err
	}
	warn(ctx, log, &s.Auth)
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", p.address(cmd.Addr))
	if err != nil {
		return listenError(err)
	}
	log.InfoContext(ctx, "listening", "addr", l.Addr().String(), "base_url", s.Auth.BaseURL,
		"database", databaseName(s.Database), "version", version())
	return srv.Run(ctx, l)
}

// address returns where to listen: the flag, HOST and PORT, or the default.
func (p *program) address(flag string) string {
	return cmp.Or(flag, net.JoinHostPort(cmp.Or(p.getenv("HOST"), defaultHost), cmp.Or(p.getenv("PORT"), defaultPort)))
}

func listenError(err error) error {
	return fmt.Errorf("%w: choose another address with --addr", err)
}

// newServer puts the server around auth.
func newServer(c *lockstep.Config, auth *lockstep.Auth, ready func(context.Context) error) (*server.Server, error) {
	base, err := basePath(c)
	if err != nil {
		return nil, err
	}
	ip, err := clientIP(c)
	if err != nil {
		return nil, err
	}
	return server.New(server.Config{
		Auth: auth, BasePath: base, Ready: ready, ClientIP: ip, Log: c.Log, Now: c.Now,
	}), nil
}

// upToDate makes the tables of a database that has none of them. To one that
// has some, a person says yes with "lockstep migrate": other servers may be
// using it.
func upToDate(ctx context.Context, auth *lockstep.Auth) error {
	plan, err := auth.MigrationPlan(ctx)
	if err != nil || len(plan) == 0 {
		return err
	}
	if createsAll(auth, plan) {
		return auth.Migrate(ctx)
	}
	return fmt.Errorf("the database is not up to date: run \"lockstep migrate --yes\" to add what it lacks:\n%s", strings.Join(plan, "\n"))
}

// createsAll reports whether a plan makes every table, so that none was there.
func createsAll(auth *lockstep.Auth, plan []string) bool {
	made := 0
	for _, statement := range plan {
		if strings.HasPrefix(strings.ToLower(statement), "create table ") {
			made++
		}
	}
	return made == len(auth.Tables())
}

// warn says what is allowed but hardly meant.
func warn(ctx context.Context, log *slog.Logger, c *lockstep.Config) {
	if !c.EmailAndPassword.Enabled {
		log.WarnContext(ctx, "nobody can sign in: set emailAndPassword.enabled")
	}
	if strings.HasPrefix(c.BaseURL, "http://") && !isLoopbackURL(c.BaseURL) {
		log.WarnContext(ctx, "baseURL is not https: passwords and cookies can be read on the way")
	}
}

var (
	_ = secure.Weakness
	_ file.Settings
)
