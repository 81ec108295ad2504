package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/bundle"
	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/file"
	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/project"
	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store/convex"
)

const (
	// doctorTimeout bounds the whole examination.
	doctorTimeout = 9 * time.Second

	// doctorAttempt bounds one attempt of one call, so that there is time for a
	// second one.
	doctorAttempt = 4 * time.Second
)

type convexDoctorCommand struct {
	configFlag
	Dir    string `placeholder:"DIR" help:"Folder of the Convex project, to look for functions of its own that are public and use the server's tables."`
	Bundle string `placeholder:"DIR" help:"Folder that browsers download, such as dist, to search for secrets."`
	JSON   bool   `name:"json" help:"Print the findings as JSON."`
}

// Help is the long help.
func (convexDoctorCommand) Help() string {
	return `Looks whether the deployment answers, accepts the key, has the functions, tables and indexes, and lets nobody in without a key; ` +
		`says how to mend what is wrong, and then ends with exit code 1. It changes nothing and takes less than 10 seconds.`
}

// A diagnosis is one thing that the doctor looked at. The order of the fields is
// the output's.
type diagnosis struct {
	Check   string `json:"check"`
	OK      bool   `json:"ok"`
	Problem string `json:"problem,omitempty"`
	Fix     string `json:"fix,omitempty"`
	Note    string `json:"note,omitempty"`
}

// Run examines the deployment.
func (cmd *convexDoctorCommand) Run(ctx context.Context, p *program) error {
	s, err := p.settings(cmd.configFlag)
	if err != nil {
		return err
	}
	tables, err := tablesOf(s)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, doctorTimeout)
	defer cancel()
	var deployment, functions, folder []diagnosis
	var wg sync.WaitGroup
	wg.Go(func() { deployment = examine(ctx, s.Database.Convex, tables) })
	if cmd.Dir != "" {
		wg.Go(func() { functions = lookAtProject(ctx, cmd.Dir, tables) })
	}
	if cmd.Bundle != "" {
		wg.Go(func() { folder = scanBundle(ctx, cmd.Bundle, secretsOf(s)) })
	}
	wg.Wait()
	url := s.Database.Convex.URL
	if !deployment[0].OK { // it may hold a password
		url = ""
	}
	all := slices.Concat(deployment, functions, folder)
	if err := cmd.print(p.stdout, url, all); err != nil {
		return err
	}
	switch n := problems(all); n {
	case 0:
		return nil
	case 1:
		return errors.New("1 problem")
	default:
		return fmt.Errorf("%d problems", n)
	}
}

func problems(list []diagnosis) int {
	n := 0
	for _, d := range list {
		if !d.OK {
			n++
		}
	}
	return n
}

// examine looks at the deployment. The configuration comes first.
func examine(ctx context.Context, c file.Convex, tables []schema.Table) []diagnosis {
	if c.URL == "" {
		return []diagnosis{{
			Check: "configuration", Problem: "no deployment is named",
			Fix: "set CONVEX_URL, or database.convex.url in " + defaultConfig + ", to the address that the dashboard shows, such as https://NAME.convex.cloud",
		}}
	}
	checks, err := checksOf(ctx, c, tables)
	if err != nil {
		return []diagnosis{{
			Check: "configuration", Problem: problemText(err), Fix: "change " + defaultConfig + " or the environment as the problem says",
		}}
	}
	list := []diagnosis{{Check: "configuration", OK: true}}
	for _, check := range checks {
		d := diagnosis{Check: check.Name, OK: check.Err == nil}
		if d.OK {
			d.Note = check.Note
		} else {
			d.Problem, d.Fix = problemText(check.Err), optionNames().Replace(check.Fix)
		}
		list = append(list, d)
	}
	return list
}

func checksOf(ctx context.Context, c file.Convex, tables []schema.Table) ([]convex.Check, error) {
	s, err := convex.New(convex.Config{
		URL: c.URL, Key: c.DeployKey, Secret: c.Secret, Component: c.Component, Timeout: doctorAttempt,
		InsecureAllowPublicFunctions: c.InsecureAllowPublicFunctions, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	if err := s.Bind(tables); err != nil {
		return nil, err
	}
	return s.Examine(ctx)
}

// problemText is an error without the words that only a log needs.
func problemText(err error) string {
	text := strings.TrimPrefix(inWords(err).Error(), "store: database unavailable: ")
	return strings.TrimPrefix(text, "convex: ")
}

// secretsOf returns what the settings hold that nobody else may know.
func secretsOf(s *file.Settings) []bundle.Secret {
	secrets := []bundle.Secret{
		{Name: "the deploy key", Value: s.Database.Convex.DeployKey},
		{Name: "LOCKSTEP_SECRET", Value: s.Database.Convex.Secret},
		{Name: "BETTER_AUTH_SECRET", Value: s.Auth.Secret},
		{Name: "LOCKSTEP_PROXY_SECRET", Value: s.Auth.Advanced.IPAddress.ProxySecret},
		{Name: "SMTP_PASSWORD", Value: s.Mail.SMTP.Password},
		{Name: "MAIL_WEBHOOK_SECRET", Value: s.Mail.Webhook.Secret},
	}
	for _, version := range s.Auth.Secrets {
		secrets = append(secrets, bundle.Secret{Name: fmt.Sprintf("version %d of BETTER_AUTH_SECRETS", version.Version), Value: version.Value})
	}
	return secrets
}

func scanBundle(ctx context.Context, dir string, secrets []bundle.Secret) []diagnosis {
	var list []diagnosis
	found, err := bundle.Scan(ctx, dir, secrets)
	for _, f := range found {
		list = append(list, diagnosis{
			Check: "bundle", Problem: fmt.Sprintf("%s is in %s, which everybody can read", f.Name, f.File),
			Fix: "replace the secret by a new one, and keep it out of what the build sees (variables such as NUXT_PUBLIC_…, VITE_…, NEXT_PUBLIC_…)",
		})
	}
	if err != nil {
		list = append(list, diagnosis{
			Check: "bundle", Problem: "not all of the folder was searched: " + err.Error(), Fix: "name the folder that browsers download with --bundle",
		})
	}
	if list == nil {
		list = []diagnosis{{Check: "bundle", OK: true}}
	}
	return list
}

// lookAtProject names the public functions of a project that a person should look
// at. They can be right, so that they are no problem.
func lookAtProject(ctx context.Context, dir string, tables []schema.Table) []diagnosis {
	names := make([]string, len(tables))
	for i := range tables {
		names[i] = tables[i].Physical()
	}
	found, err := project.PublicFunctions(ctx, dir, names)
	d := diagnosis{Check: "functions", OK: err == nil}
	if err != nil {
		d.Problem, d.Fix = "not all functions were looked at: "+err.Error(), "name the folder of the Convex project with --dir"
		return []diagnosis{d}
	}
	var list []string
	for _, f := range found {
		what := fmt.Sprintf("%s in %s uses the table %s", f.Function, f.File, f.Table)
		if f.Table == "" {
			what = fmt.Sprintf("the functions of %s in %s serve every table", f.Function, f.File)
		}
		list = append(list, what)
	}
	if len(list) > 0 {
		d.Note = "everybody can call these; see that they return only what everybody may know, or what belongs to ctx.auth.getUserIdentity():\n" +
			strings.Join(list, "\n")
	}
	return []diagnosis{d}
}

func (cmd *convexDoctorCommand) print(w io.Writer, url string, list []diagnosis) error {
	if cmd.JSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(struct {
			URL    string      `json:"url"`
			OK     bool        `json:"ok"`
			Checks []diagnosis `json:"checks"`
		}{url, problems(list) == 0, list})
	}
	for _, d := range list {
		fmt.Fprint(w, d.text())
	}
	return nil
}

// text is a line, and more for a problem.
func (d *diagnosis) text() string {
	indent := func(s string) string { return strings.ReplaceAll(s, "\n", "\n         ") }
	if d.OK {
		line := "ok       " + d.Check
		if d.Note != "" {
			line += ": " + indent(d.Note)
		}
		return line + "\n"
	}
	return fmt.Sprintf("problem  %s: %s\n         Fix: %s\n", d.Check, indent(d.Problem), indent(d.Fix))
}
