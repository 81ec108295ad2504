package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	lockstep "github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/file"
	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/server"
)

type devCommand struct {
	configFlag
	Addr string `placeholder:"HOST:PORT" help:"Address to listen on, of this machine only. Defaults to 127.0.0.1 and PORT, or port 3000."`
	Data string `placeholder:"DIR" default:".lockstep" help:"Folder for the secret and the database." type:"path"`
}

// Run serves until ctx ends.
func (cmd *devCommand) Run(ctx context.Context, p *program) (err error) {
	s, err := p.settings(cmd.configFlag)
	if err != nil {
		return err
	}
	l, err := cmd.listen(ctx, p)
	if err != nil {
		return err
	}
	defer l.Close()
	created, err := cmd.prepare(s)
	if err != nil {
		return err
	}
	relax(s, l.Addr().(*net.TCPAddr))
	s.Auth.Log = slog.New(server.LogHandler(devLog(p)))
	db, closer, err := openStore(s.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closer.Close()) }()
	s.Auth.Store = db
	auth, err := lockstep.New(s.Auth)
	if err != nil {
		return err
	}
	if err := auth.Migrate(ctx); err != nil {
		return err
	}
	srv, err := newServer(&s.Auth, auth, ready(db))
	if err != nil {
		return err
	}
	cmd.welcome(p, s, created)
	return srv.Run(ctx, l)
}

// listen opens the port. Other machines must not reach a server without rate
// limits.
func (cmd *devCommand) listen(ctx context.Context, p *program) (net.Listener, error) {
	addr := cmd.Addr
	if addr == "" {
		addr = net.JoinHostPort(defaultHost, p.port())
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("--addr %s: write it as 127.0.0.1:3000", addr)
	}
	if !isLoopback(host) {
		return nil, fmt.Errorf("--addr %s: dev is for this machine only, as 127.0.0.1 or localhost: run \"lockstep serve\" for others", addr)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, listenError(err)
	}
	return l, nil
}

// prepare gives s a database and a secret of the data folder, unless it has its
// own. It reports whether the folder is new.
func (cmd *devCommand) prepare(s *file.Settings) (created bool, err error) {
	needSecret := s.Auth.Secret == "" && len(s.Auth.Secrets) == 0
	needDatabase := s.Database == file.Database{}
	if !needSecret && !needDatabase {
		return false, nil
	}
	_, err = os.Stat(cmd.Data)
	created = errors.Is(err, fs.ErrNotExist)
	if err := os.MkdirAll(cmd.Data, 0o700); err != nil {
		return false, err
	}
	if created {
		ignore := filepath.Join(cmd.Data, ".gitignore")
		if err := os.WriteFile(ignore, []byte("*\n"), 0o600); err != nil {
			return false, err
		}
	}
	if needDatabase {
		s.Database.SQLite = filepath.Join(cmd.Data, defaultDatabase)
	}
	if needSecret {
		s.Auth.Secret, err = secretOf(filepath.Join(cmd.Data, "secret"))
	}
	return created, err
}

// secretOf returns the secret in the file at path, which is made if there is
// none.
func secretOf(path string) (string, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeSecret(path)
	}
	if err != nil {
		return "", err
	}
	secret := strings.TrimSpace(string(data))
	if secret == "" {
		return "", fmt.Errorf("%s is empty: remove it to get a new secret", path)
	}
	return secret, nil
}

func makeSecret(path string) (string, error) {
	secret := newSecret()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(secret + "\n")
	return secret, errors.Join(err, f.Close())
}

// newSecret returns 256 random bits as text.
func newSecret() string {
	var b [32]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// relax sets what a server to try needs, where the file says nothing.
func relax(s *file.Settings, addr *net.TCPAddr) {
	c := &s.Auth
	c.Development = true
	local := fmt.Sprintf("http://localhost:%d", addr.Port)
	if c.BaseURL == "" || !isLoopbackURL(c.BaseURL) {
		c.BaseURL = local
	}
	c.DynamicBaseURL = lockstep.DynamicBaseURL{}
	c.TrustedOrigins = append(c.TrustedOrigins, local, "http://"+addr.AddrPort().String())
	if !s.Given("emailAndPassword.enabled") {
		c.EmailAndPassword.Enabled = true
	}
	if !s.Given("user.deleteUser.enabled") {
		c.User.DeleteUser.Enabled = true
	}
}

// port returns PORT, or the default.
func (p *program) port() string { return cmp.Or(p.getenv("PORT"), defaultPort) }

func (cmd *devCommand) welcome(p *program, s *file.Settings, created bool) {
	c := &s.Auth
	if created {
		fmt.Fprintf(p.stdout, "Made %s with a secret and a database.\n", cmd.Data)
	}
	fmt.Fprintf(p.stdout, "Database   %s\nServer     %s\n", databaseName(s.Database), c.BaseURL)
}

// devLog writes short lines for a person who watches.
func devLog(p *program) slog.Handler {
	return slog.NewTextHandler(p.stderr, &slog.HandlerOptions{
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	})
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

func isLoopbackURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && isLoopback(u.Hostname())
}
