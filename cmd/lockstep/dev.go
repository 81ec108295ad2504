package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	lockstep "github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/file"
	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/server"
	"github.com/lockstep-auth/lockstep/ui"
)

type devCommand struct {
	configFlag
	Addr string `placeholder:"HOST:PORT" help:"Address to listen on, of this machine only. Defaults to 127.0.0.1 and $$PORT, or port 3000."`
	Data string `placeholder:"DIR" default:".lockstep" help:"Folder for the secret and the database. Defaults to ${default}."`

	FakeGitHub bool `name:"fake-github" help:"Sign in with a GitHub that is not GitHub, but a page of this server on which you can be anybody."`
}

// Help is the long help.
func (devCommand) Help() string {
	return `Needs no configuration: makes a folder with a secret and a database, and serves pages to sign up, sign in and manage the account. ` +
		`Mail is caught and not sent: read it at /dev/mail, or as JSON at /dev/mail.json. ` +
		`With --fake-github, users sign in with a GitHub that is a page of this server, at /dev/github/. ` +
		`Rate limits are off and errors are shown, so that it listens on this machine only. ` +
		`With a configuration, what it says counts more, but for a base URL that is not of this machine.`
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
	c := &s.Auth
	notes := relax(s, l.Addr())
	var github http.Handler
	if cmd.FakeGitHub {
		var more []string
		if github, more, err = fakeGitHub(s, l.Addr()); err != nil {
			return err
		}
		notes = append(notes, more...)
	}
	made, err := prepare(cmd.Data, s)
	if err != nil {
		return err
	}
	box := newMailbox(c, l.Addr())
	c.Log = slog.New(server.LogHandler(p.textLog()))
	db, closer, err := openStore(s.Database, c.Log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closer.Close()) }()
	c.Store = db
	auth, err := newAuth(c, s.Plugins)
	if err != nil {
		return err
	}
	defer finish(ctx, auth, c.Log)
	if err := auth.Migrate(ctx); err != nil {
		return inWords(err)
	}
	site, err := newSite(c, auth)
	if err != nil {
		return err
	}
	site = box.before(site)
	if github != nil {
		site = below(githubPath, github, site)
	}
	srv, err := newServer(c, site, besidePages(s, site), nil)
	if err != nil {
		return err
	}
	p.welcome(s, l.Addr(), append(made, notes...), cmd.FakeGitHub)
	return srv.Run(ctx, l)
}

// listen opens the port. Other machines must not reach a server without rate
// limits.
func (cmd *devCommand) listen(ctx context.Context, p *program) (net.Listener, error) {
	addr := cmp.Or(cmd.Addr, net.JoinHostPort(defaultHost, p.port()))
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("--addr %s: write it as 127.0.0.1:3000", addr)
	}
	if !isLoopback(host) {
		return nil, fmt.Errorf("--addr %s: dev is for this machine only, such as 127.0.0.1: for other machines run \"lockstep serve\"", addr)
	}
	return listen(ctx, addr)
}

// relax sets what a server to try needs, where the configuration says nothing
// else. It returns notes on what of the configuration does not count.
func relax(s *file.Settings, addr net.Addr) (notes []string) {
	c := &s.Auth
	local := localURL(addr)
	if hasBaseURL(c) && !isLoopbackURL(c.BaseURL) {
		notes = append(notes, "The base URL of the configuration is not of this machine and does not count here.")
		c.BaseURL = ""
	}
	c.BaseURL, c.DynamicBaseURL = cmp.Or(c.BaseURL, local), lockstep.DynamicBaseURL{}
	c.TrustedOrigins = append(c.TrustedOrigins, local, "http://"+addr.String())
	c.Development = true
	for _, o := range []struct {
		name string
		on   *bool
	}{
		{"emailAndPassword.enabled", &c.EmailAndPassword.Enabled},
		{"user.changeEmail.enabled", &c.User.ChangeEmail.Enabled},
		{"user.deleteUser.enabled", &c.User.DeleteUser.Enabled},
	} {
		*o.on = *o.on || !s.Given(o.name)
	}
	c.EmailVerification.SendOnSignUp = cmp.Or(c.EmailVerification.SendOnSignUp, new(true))
	if s.Mail.IsSent() {
		notes = append(notes, "Mail is caught and not sent, whatever the configuration says.")
	}
	return notes
}

// localURL is the address of a listener by name. Browsers keep the cookies of
// localhost and of 127.0.0.1 apart, so that there has to be a preferred one.
func localURL(addr net.Addr) string {
	_, port, _ := net.SplitHostPort(addr.String()) // a listener's address has a port
	return "http://localhost:" + port
}

// newSite returns the endpoints with the pages for people around them. If the
// endpoints take up all paths, there are no pages.
func newSite(c *lockstep.Config, auth *lockstep.Auth) (http.Handler, error) {
	at, err := location(c)
	if err != nil || at.Path == "" {
		return auth, err
	}
	ep, has := &c.EmailAndPassword, func(path string) bool {
		return !slices.ContainsFunc(c.DisabledPaths, func(p string) bool { return strings.Trim(p, "/") == path[1:] })
	}
	var services []lockstep.SocialProvider
	if has("/sign-in/social") {
		services = auth.SocialProviders()
	}
	signUp := ep.Enabled && !ep.DisableSignUp && has("/sign-up/email") || !ep.Enabled && len(services) > 0
	linking := cmp.Or(c.Account.AccountLinking.Enabled, new(true))
	return ui.New(auth, ui.Config{
		AppName: c.AppName, BasePath: at.Path, Log: c.Log, Mailbox: mailPath,
		MinPasswordLength: ep.MinPasswordLength, MaxPasswordLength: ep.MaxPasswordLength,
		Social: services, DisablePassword: !ep.Enabled, DisableLinking: !*linking || !has("/link-social"), DisableSignUp: !signUp,
		ResetPassword: ep.Enabled && has("/request-password-reset"),
		VerifyEmail:   has("/send-verification-email"), VerifyFirst: ep.RequireEmailVerification,
		ChangeEmail: c.User.ChangeEmail.Enabled && has("/change-email"),
		DeleteUser:  c.User.DeleteUser.Enabled && has("/delete-user"), DeleteByMail: true,
	})
}

// welcome says what there is now and what to do with it.
func (p *program) welcome(s *file.Settings, addr net.Addr, notes []string, github bool) {
	for _, note := range notes {
		fmt.Fprintln(p.stdout, note)
	}
	at, _ := location(&s.Auth) // checked by now
	if at.Path != "" {
		fmt.Fprintf(p.stdout, "\n  Pages      %s/", localURL(addr))
	}
	if github {
		fmt.Fprintf(p.stdout, "\n  GitHub     %s/ (fake: be anybody)", localURL(addr)+githubPath)
	}
	fmt.Fprintf(p.stdout, `
  Mail       %[3]s
  Endpoints  %[1]s
  Database   %[2]s

Open the pages and sign up, or use a Better Auth client:

  createAuthClient({ baseURL: %[1]q })

Mail is caught: read it at %[3]s, or as JSON at %[3]s.json.
A front end at another address has to be trusted: set BETTER_AUTH_TRUSTED_ORIGINS
to its origin. For other machines run "lockstep serve". Ctrl+C ends the server.
`, at.URL(), databaseName(s.Database), localURL(addr)+mailPath)
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && ip.IsLoopback())
}

func isLoopbackURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && isLoopback(u.Hostname())
}
