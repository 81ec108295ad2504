package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strings"

	lockstep "github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/file"
	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/server"
	"github.com/lockstep-auth/lockstep/internal/clientip"
	"github.com/lockstep-auth/lockstep/internal/origin"
)

// Where the server listens when nothing says otherwise: nobody else reaches it
// until somebody means it.
const (
	defaultHost = "127.0.0.1"
	defaultPort = "3000"
)

type serveCommand struct {
	configFlag
	Addr string `placeholder:"HOST:PORT" help:"Address to listen on. Defaults to $$HOST and $$PORT, or to 127.0.0.1:3000. HOST=0.0.0.0 is for containers."`
}

// Help is the long help.
func (serveCommand) Help() string {
	return `The server needs a base URL (BETTER_AUTH_URL) and a secret (BETTER_AUTH_SECRET). ` +
		`Its database is the SQLite file lockstep.db, unless the configuration names another. ` +
		`A database without tables gets them; to one that lacks some, "lockstep migrate" adds them. ` +
		`With CONVEX_URL the data is in Convex: run "lockstep convex init" first. ` +
		`It sends mail with MAIL_FROM and SMTP_URL, such as smtp://user:password@smtp.example.com:587, or with the section mail of the file. ` +
		`GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET let users sign in with GitHub, and so on: see docs/providers.md. ` +
		`/healthz says whether the program runs, /readyz whether it should get requests.`
}

// Run serves until ctx ends.
func (cmd *serveCommand) Run(ctx context.Context, p *program) (err error) {
	s, err := p.settings(cmd.configFlag)
	if err != nil {
		return err
	}
	c := &s.Auth
	lines := server.NewBuffer(p.stderr)
	defer func() { err = errors.Join(err, lines.Flush()) }()
	c.Log = slog.New(server.LogHandler(lines.JSON()))
	if err := validate(s, slog.New(slog.DiscardHandler)); err != nil {
		return err // before there is a database
	}
	db, closer, err := openStore(s.Database, c.Log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closer.Close()) }()
	c.Store = db
	c.EmailAndPassword.HashBusy = reserve()
	auth, err := newAuth(c, s.Plugins)
	if err != nil {
		return err
	}
	defer finish(ctx, auth, c.Log)
	if err := upToDate(ctx, auth, s.Database); err != nil {
		return err
	}
	if err := keptOut(ctx, s, db); err != nil {
		return err
	}
	srv, err := newServer(c, auth, besidePages(s, nil), lines)
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(headroom())
	warn(ctx, s)
	l, err := listen(ctx, p.address(cmd.Addr))
	if err != nil {
		return err
	}
	c.Log.InfoContext(ctx, "listening", "addr", l.Addr().String(), "base_url", baseURL(c),
		"database", databaseName(s.Database), "providers", providerIDs(auth), "config", s.Source, "version", version())
	return srv.Run(ctx, l)
}

// reserve returns what makes room for one more running goroutine than there are
// processors, while passwords are hashed on all of them. Go looks for requests
// that have arrived only when a goroutine has to wait, or each 10 ms: with a thread
// to spare, the system's scheduler lets them in. At other times it would cost every
// request 7 % more.
func reserve() func(busy bool) {
	usual := runtime.GOMAXPROCS(0)
	return func(busy bool) {
		n := usual
		if busy {
			n++
		}
		runtime.GOMAXPROCS(n)
	}
}

// headroom makes the collector run less often. It runs when the heap has doubled,
// and the heap of a server that keeps its data elsewhere is small. The bytes are
// never touched, so that they take addresses and no memory; by their number grows
// what there may be of garbage before the next run.
func headroom() []byte { return make([]byte, 32<<20) }

// address returns where to listen: the flag, HOST and PORT, or the default.
func (p *program) address(flag string) string {
	return cmp.Or(flag, net.JoinHostPort(cmp.Or(p.getenv("HOST"), defaultHost), p.port()))
}

// port returns PORT, or the default.
func (p *program) port() string { return cmp.Or(p.getenv("PORT"), defaultPort) }

func listen(ctx context.Context, addr string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%w: choose another address with --addr or PORT", err)
	}
	return l, nil
}

// newServer puts the server around the endpoints, and pages beside them if they
// are not nil. New has accepted c. The buffer of c.Log is lines, if it has one.
func newServer(c *lockstep.Config, auth, pages http.Handler, lines *server.Buffer) (*server.Server, error) {
	at, err := location(c)
	if err != nil {
		return nil, err
	}
	ip := c.Advanced.IPAddress
	clients, err := clientip.New(clientip.Config{
		Headers: ip.IPAddressHeaders, TrustedProxies: ip.TrustedProxies,
		IPv6Subnet: ip.IPv6Subnet, Disabled: ip.DisableIPTracking,
		ProxySecret: ip.ProxySecret, Now: c.Now,
	})
	if err != nil {
		return nil, err
	}
	return server.New(server.Config{
		Auth: auth, BasePath: at.Path, Pages: pages, Ready: ready(c), ClientIP: clients.IP,
		Log: c.Log, Lines: lines, Now: c.Now,
	}), nil
}

// location returns where the endpoints are. Of a server with several hosts, the
// path counts.
func location(c *lockstep.Config) (origin.Location, error) {
	base, err := origin.NewBase(origin.BaseConfig{URL: cmp.Or(c.BaseURL, "http://localhost"), BasePath: c.BasePath})
	if err != nil {
		return origin.Location{}, err
	}
	l, _ := base.Static()
	return l, nil
}

// upToDate makes the tables of a database that has none of them, and the
// indexes that one made by Better Auth lacks. What else is lacking, a person
// adds with "lockstep migrate": other servers may be using the database, and it
// may be the wrong one.
func upToDate(ctx context.Context, auth *lockstep.Auth, db file.Database) error {
	if db.Convex.URL != "" {
		return convexUpToDate(ctx, auth)
	}
	plan, err := auth.MigrationPlan(ctx)
	if err != nil || len(plan) == 0 {
		return err
	}
	if createsAll(auth, plan) || onlyIndexes(plan) {
		return auth.Migrate(ctx)
	}
	return fmt.Errorf("the database lacks what follows: run \"lockstep migrate --yes\" to add it\n%s", strings.Join(plan, "\n"))
}

// onlyIndexes reports whether a plan makes nothing but indexes, which change no
// row and which other servers need not know of.
func onlyIndexes(plan []string) bool {
	for _, statement := range plan {
		if !strings.HasPrefix(strings.ToLower(statement), "create index ") {
			return false
		}
	}
	return true
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
