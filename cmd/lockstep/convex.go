package main

import (
	"cmp"
	"fmt"
	"log/slog"
	"strings"

	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/file"
	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/project"
	"github.com/lockstep-auth/lockstep/jwks"
	"github.com/lockstep-auth/lockstep/schema"
)

// convexCommands are the commands below "lockstep convex".
type convexCommands struct {
	Init     convexInitCommand     `cmd:"" help:"Put the functions and tables of the server into a Convex project."`
	Generate convexGenerateCommand `cmd:"" help:"Bring them up to date with the configuration and this version."`
	Doctor   convexDoctorCommand   `cmd:"" help:"Find what is wrong with a deployment, and how to mend it."`
}

// projectFlags are the flags of the commands that write files.
type projectFlags struct {
	configFlag
	Dir string `placeholder:"DIR" default:"." help:"Folder of the Convex project, with package.json. Defaults to this one."`
}

type convexInitCommand struct {
	projectFlags
	WithSecret bool `help:"Make functions that ask for a shared secret, for a server that must not hold a deploy key."`
}

// Help is the long help.
func (convexInitCommand) Help() string {
	return `Writes files into the convex folder and deploys nothing. Files that are there are kept: schema.ts gets two lines if it is plain where they go, ` +
		`and what is left to do is said. Only lockstepSchema.ts and lockstepFunctions/ are replaced. Running it twice changes nothing.`
}

// Run writes the files and says what comes next.
func (cmd *convexInitCommand) Run(p *program) error {
	s, err := p.settings(cmd.configFlag)
	if err != nil {
		return err
	}
	c, notes, err := projectConfig(s)
	if err != nil {
		return err
	}
	c.WithSecret = cmd.WithSecret || s.Database.Convex.Secret != ""
	report, err := project.Init(cmd.Dir, c)
	if err != nil {
		return err
	}
	report.Todo = append(report.Todo, notes...)
	p.report(report)
	fmt.Fprint(p.stdout, nextSteps(s, c.WithSecret, project.HasConvex(cmd.Dir)))
	return nil
}

type convexGenerateCommand struct {
	projectFlags
}

// Help is the long help.
func (convexGenerateCommand) Help() string {
	return `Replaces lockstepSchema.ts and lockstepFunctions/ in the convex folder: after the configuration or the version of this program has changed. ` +
		`It deploys nothing.`
}

// Run replaces the files.
func (cmd *convexGenerateCommand) Run(p *program) error {
	s, err := p.settings(cmd.configFlag)
	if err != nil {
		return err
	}
	c, _, err := projectConfig(s)
	if err != nil {
		return err
	}
	report, err := project.Generate(cmd.Dir, c)
	if err != nil {
		return err
	}
	p.report(report)
	if len(report.Made)+len(report.Changed) > 0 {
		fmt.Fprintln(p.stdout, "\nNext: npx convex deploy")
	}
	return nil
}

// projectConfig says what the server of these settings needs, and what a person
// has to see to.
func projectConfig(s *file.Settings) (project.Config, []string, error) {
	tables, err := tablesOf(s)
	if err != nil {
		return project.Config{}, nil, err
	}
	c := project.Config{Tables: tables, KeepVerifications: s.Auth.Verification.DisableCleanup}
	note, err := nameServer(&c, s)
	if err != nil || note == "" {
		return c, nil, err
	}
	return c, []string{note}, nil
}

// nameServer says in c what auth.config.ts has to, so that Convex takes the
// tokens of the plugin convex, and returns what a person has to see to, if
// anything.
func nameServer(c *project.Config, s *file.Settings) (note string, err error) {
	issuer, algorithm, ok := s.ConvexTokens()
	if !ok {
		return "", nil
	}
	at, err := location(&s.Auth)
	if err != nil {
		return "", err
	}
	base := at.URL()
	switch {
	case s.Auth.BaseURL != "":
		issuer = cmp.Or(issuer, at.Origin)
	case issuer != "":
		base = issuer + at.Path
	case hasBaseURL(&s.Auth):
		return "Give the plugin convex an issuer, one of the addresses of the server, and run this again for auth.config.ts: Convex trusts one issuer.", nil
	default:
		return "Set BETTER_AUTH_URL and run this again for auth.config.ts, which names the server to Convex.", nil
	}
	c.Issuer = issuer
	address, remedy := issuer, ""
	if algorithm == jwks.RS256 {
		c.JWKS = base + "/convex/jwks"
		address, remedy = c.JWKS, ": docs/convex.md has a way with a data: URL"
	}
	if isLoopbackURL(address) {
		note = "A deployment in the cloud cannot reach " + address + ", as auth.config.ts says" + remedy + "."
	}
	return note, nil
}

// tablesOf returns the tables of a server with these settings.
func tablesOf(s *file.Settings) ([]schema.Table, error) {
	auth, err := trial(s, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	return auth.Tables(), nil
}

// report prints what was done with the files of a project.
func (p *program) report(r project.Report) {
	if len(r.Made)+len(r.Changed) == 0 {
		fmt.Fprintln(p.stdout, "Nothing to change: the files are up to date.")
	}
	for _, name := range r.Made {
		fmt.Fprintln(p.stdout, "made     "+name)
	}
	for _, name := range r.Changed {
		fmt.Fprintln(p.stdout, "changed  "+name)
	}
	if len(r.Todo) > 0 {
		fmt.Fprintln(p.stdout, "\nLeft for you:")
	}
	for _, todo := range r.Todo {
		fmt.Fprintln(p.stdout, "\n- "+strings.ReplaceAll(strings.TrimSpace(todo), "\n", "\n  "))
	}
}

// nextSteps are the commands that follow init.
func nextSteps(s *file.Settings, withSecret, hasConvex bool) string {
	var b strings.Builder
	b.WriteString("\nNext, in the folder of the project:\n\n")
	if !hasConvex {
		b.WriteString("  npm install convex\n")
	}
	b.WriteString("  npx convex deploy                                       (to a development deployment: npx convex dev --once)\n")
	credential := "CONVEX_DEPLOY_KEY='prod:NAME|…'"
	if withSecret {
		credential = "LOCKSTEP_SECRET='…'"
		b.WriteString("  lockstep secret | npx convex env set --prod LOCKSTEP_SECRET\n")
		b.WriteString("  npx convex env get --prod LOCKSTEP_SECRET               (shows it again)\n")
	} else {
		b.WriteString("  npx convex deployment token create lockstep --prod      (makes a deploy key)\n")
	}
	fmt.Fprintf(&b, "\nThen, where the server runs:\n\n  CONVEX_URL=%s\n  %s\n  lockstep convex doctor\n",
		cmp.Or(s.Database.Convex.URL, "https://NAME.convex.cloud"), credential)
	if !withSecret {
		b.WriteString("\nThe server's key needs two rights only, which the dashboard can give to one: run internal queries and run internal mutations.\n")
	}
	return b.String()
}
