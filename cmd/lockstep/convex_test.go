package main_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lockstep-auth/lockstep/convex/convextest"
)

// sharedSecret opens functions that ask for one.
const sharedSecret = "4f1d8c0b6a9e2753-canary-shared-secret"

// newProject makes a Convex project for a server with these settings, and
// returns its folder.
func newProject(t *testing.T, settings string, args ...string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "lockstep.yaml", settings)
	if got := lockstep(t, dir, nil, append([]string{"convex", "init"}, args...)...); got.code != 0 {
		t.Fatalf("convex init: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	return dir
}

// deploy starts a deployment with the functions of a project.
func deploy(t *testing.T, project string, o convextest.Options) *convextest.Deployment {
	t.Helper()
	return convextest.Start(t, filepath.Join(project, "convex"), o)
}

// database is the section of a deployment in a file.
func database(d *convextest.Deployment, options string) string {
	return fmt.Sprintf("database: {convex: {url: %q, %s}}\n", d.URL, options)
}

func withKey(key string) string { return fmt.Sprintf("deployKey: %q", key) }

// TestServeOnConvex signs up, in and out on a deployment, in each access mode.
func TestServeOnConvex(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		start   func(t *testing.T) *convextest.Deployment
		options string
		warning string
	}{
		{
			"the functions with a key", func(t *testing.T) *convextest.Deployment {
				return deploy(t, newProject(t, settings), convextest.Options{Redact: true})
			}, withKey(convextest.AdminKey), "",
		},
		{
			"the functions with a secret", func(t *testing.T) *convextest.Deployment {
				return deploy(t, newProject(t, settings, "--with-secret"), convextest.Options{Redact: true, Env: []string{"LOCKSTEP_SECRET=" + sharedSecret}})
			}, fmt.Sprintf("secret: %q", sharedSecret), "",
		},
		{
			"createApi, internal", func(t *testing.T) *convextest.Deployment {
				return convextest.Start(t, "secured", convextest.Options{Redact: true})
			}, withKey(convextest.AdminKey), "",
		},
		{
			"the component", func(t *testing.T) *convextest.Deployment {
				return convextest.Start(t, "secured", convextest.Options{Redact: true})
			}, withKey(convextest.AdminKey) + ", component: betterAuth", "",
		},
		{
			"createApi, public", func(t *testing.T) *convextest.Deployment {
				return convextest.Start(t, "seed", convextest.Options{Redact: true})
			}, "insecureAllowPublicFunctions: true", "anybody on the internet can read and change the tables",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir, "lockstep.yaml", settings+database(tt.start(t), tt.options))
			p := serve(t, dir)
			live(t, p)
			if got := p.send(t, http.MethodGet, "/readyz", ""); got.status != http.StatusOK {
				t.Errorf("readyz: got %d %s", got.status, got.body)
			}
			if got := p.stop(t); got != 0 {
				t.Errorf("got exit code %d", got)
			}
			text := p.stderr.String()
			for _, secret := range []string{"canary", "correct horse", convextest.AdminKey} {
				if strings.Contains(text, secret) {
					t.Errorf("the log has %q:\n%s", secret, text)
				}
			}
			if warned := strings.Contains(text, "anybody on the internet"); warned != (tt.warning != "") || !strings.Contains(text, tt.warning) {
				t.Errorf("the log is\n%swant the warning %q", text, tt.warning)
			}
		})
	}
}

// live is the life of a user and a session.
func live(t *testing.T, p *process) {
	t.Helper()
	const user = `{"name":"Ada","email":"ada@example.com","password":"correct horse"}`
	origin := []string{"Origin", "https://auth.example.com"}
	if got := p.send(t, http.MethodPost, "/api/auth/sign-up/email", user, origin...); got.status != http.StatusOK {
		t.Fatalf("sign-up: got %d %s", got.status, got.body)
	}
	if got := p.send(t, http.MethodPost, "/api/auth/sign-up/email", user, origin...); got.status != http.StatusUnprocessableEntity {
		t.Errorf("sign-up with the same address: got %d %s", got.status, got.body)
	}
	wrong := strings.Replace(user, "correct", "wrong", 1)
	if got := p.send(t, http.MethodPost, "/api/auth/sign-in/email", wrong, origin...); got.status != http.StatusUnauthorized {
		t.Errorf("sign-in with another password: got %d %s", got.status, got.body)
	}
	signIn := p.send(t, http.MethodPost, "/api/auth/sign-in/email", user, origin...)
	if signIn.status != http.StatusOK {
		t.Fatalf("sign-in: got %d %s", signIn.status, signIn.body)
	}
	cookie, _, _ := strings.Cut(signIn.header.Get("Set-Cookie"), ";")
	cookied := append(origin, "Cookie", cookie)
	if got := p.send(t, http.MethodGet, "/api/auth/get-session", "", cookied...); !strings.Contains(got.body, "ada@example.com") {
		t.Errorf("get-session: got %d %s", got.status, got.body)
	}
	if got := p.send(t, http.MethodPost, "/api/auth/sign-out", "{}", cookied...); got.status != http.StatusOK {
		t.Errorf("sign-out: got %d %s", got.status, got.body)
	}
	if got := p.send(t, http.MethodGet, "/api/auth/get-session", "", cookied...); got.body != "null" {
		t.Errorf("get-session after sign-out: got %d %s", got.status, got.body)
	}
}

func TestDevOnConvex(t *testing.T) {
	t.Parallel()
	dir := newProject(t, "appName: Shop\n")
	d := deploy(t, dir, convextest.Options{})
	write(t, dir, "lockstep.yaml", database(d, withKey(d.AdminKey)))
	p := dev(t, dir)
	if !strings.Contains(p.stdout.String(), "Database   Convex deployment "+d.URL+"\n") {
		t.Errorf("got\n%swant it to name the deployment", p.stdout)
	}
	got := p.send(t, http.MethodPost, "/api/auth/sign-up/email", `{"name":"Ada","email":"ada@example.com","password":"correct horse"}`)
	if got.status != http.StatusOK || len(d.Dump(t, "user")) != 1 {
		t.Errorf("got %d %s, want a user in the deployment", got.status, got.body)
	}
	write(t, dir, "lockstep.yaml", database(d, withKey("testbed|canary")))
	if got := lockstep(t, dir, nil, "dev", "--addr", "127.0.0.1:0"); got.code != 1 || !strings.Contains(got.stderr, "does not accept the key") {
		t.Errorf("with a wrong key: got exit code %d and\n%s", got.code, got.stderr)
	}
}

// TestServeRefusesConvex: a server does not start on a deployment that is open
// to strangers or that it cannot work with, and says what to do.
func TestServeRefusesConvex(t *testing.T) {
	project := newProject(t, settings)
	good := deploy(t, project, convextest.Options{Redact: true})
	public := convextest.Start(t, "seed", convextest.Options{Redact: true})
	down := &convextest.Deployment{URL: "http://127.0.0.1:1"}
	const moreFields = "user: {additionalFields: {nick: {type: string, required: false, index: true}}}\n"
	tests := []struct {
		name, text string
		want       []string // parts of what is said
	}{
		{
			"tables that anybody can read", database(public, withKey(public.AdminKey)),
			[]string{
				`anybody on the internet can read and change the tables ["user" "session" "account" "verification"]`,
				"make the functions in convex/auth.ts internal and set CONVEX_DEPLOY_KEY (database.convex.deployKey)",
				"set database.convex.insecureAllowPublicFunctions", `run "lockstep convex doctor"`,
			},
		},
		{"a key that is wrong", database(good, withKey("testbed|canary")), []string{"the deployment does not accept the key in CONVEX_DEPLOY_KEY (database.convex.deployKey)", `run "lockstep convex doctor"`}},
		{"no key", database(good, ""), []string{"set CONVEX_DEPLOY_KEY (database.convex.deployKey)"}},
		{"nobody there", database(down, withKey("testbed|canary")), []string{"connection refused", `run "lockstep convex doctor"`}},
		{
			"fields and indexes that are missing", database(good, withKey(good.AdminKey)) + moreFields,
			[]string{
				`the deployment lacks what follows: run "lockstep convex generate"`,
				`table "user": field nick: v.optional(v.union(v.null(), v.string()))`, `table "user": .index('nick', ['nick'])`,
			},
		},
		{
			"limits below zero", database(good, withKey(good.AdminKey)+", maxQueries: -1, maxMutations: -1"),
			[]string{"database.convex.maxQueries is negative", "database.convex.maxMutations is negative"},
		},
		{
			"a key and a secret", database(good, fmt.Sprintf("%s, secret: %q", withKey(good.AdminKey), sharedSecret)),
			[]string{"there is a deploy key and a secret for Convex (CONVEX_DEPLOY_KEY, LOCKSTEP_SECRET, database.convex)"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "lockstep.yaml", settings+tt.text)
			got := lockstep(t, dir, nil, "serve", "--addr", "127.0.0.1:0")
			if got.code != 1 || strings.Contains(got.stderr, "canary") || strings.Contains(got.stderr, "Config.") {
				t.Errorf("got exit code %d and\n%swant 1, the names of the configuration, and no secret", got.code, got.stderr)
			}
			for _, part := range tt.want {
				if !strings.Contains(got.stderr, part) {
					t.Errorf("got\n%swant it to say %q", got.stderr, part)
				}
			}
		})
	}
	for _, table := range []string{"user", "session"} {
		if n := len(public.Dump(t, table)) + len(good.Dump(t, table)); n != 0 {
			t.Errorf("got %d rows in table %s, want none", n, table)
		}
	}
	t.Run("after generate and a deployment it starts", func(t *testing.T) {
		write(t, project, "lockstep.yaml", settings+moreFields)
		if got := lockstep(t, project, nil, "convex", "generate"); got.code != 0 || !strings.Contains(got.stdout, "changed  convex/lockstepSchema.ts") {
			t.Fatalf("convex generate: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		d := deploy(t, project, convextest.Options{})
		write(t, project, "lockstep.yaml", settings+moreFields+database(d, withKey(d.AdminKey)))
		if got := serve(t, project).stop(t); got != 0 {
			t.Errorf("got exit code %d", got)
		}
	})
}

// TestRevokedKey: a server whose key is revoked is not ready, and its log names
// the variable to change.
func TestRevokedKey(t *testing.T) {
	t.Parallel()
	d := deploy(t, newProject(t, settings), convextest.Options{Redact: true})
	const key = "testbed|canary"
	d.Grant(t, key, "RunInternalQueries", "RunInternalMutations")
	dir := t.TempDir()
	write(t, dir, "lockstep.yaml", settings+database(d, withKey(key)))
	p := serve(t, dir)
	before := len(d.Journal(t))
	d.Revoke(t, key)
	if got := p.send(t, http.MethodGet, "/readyz", ""); got.status != http.StatusServiceUnavailable {
		t.Errorf("readyz: got %d %s, want 503", got.status, got.body)
	}
	for _, call := range d.Journal(t)[before:] {
		if call.Path != "" {
			t.Errorf("readyz called the function %s, which counts", call.Path)
		}
	}
	p.stop(t)
	if text := p.stderr.String(); !strings.Contains(text, "CONVEX_DEPLOY_KEY") || strings.Contains(text, "Config.") || strings.Contains(text, "canary") {
		t.Errorf("got the log\n%swant it to name CONVEX_DEPLOY_KEY", text)
	}
}

// TestOutageOfConvex: a server whose deployment goes away says so, signs nobody
// out, and goes on when it is back.
func TestOutageOfConvex(t *testing.T) {
	t.Parallel()
	d := deploy(t, newProject(t, settings), convextest.Options{})
	dir := t.TempDir()
	write(t, dir, "lockstep.yaml", settings+database(d, withKey(d.AdminKey)))
	p := serve(t, dir)
	const user = `{"name":"Ada","email":"ada@example.com","password":"correct horse"}`
	origin := []string{"Origin", "https://auth.example.com"}
	signUp := p.send(t, http.MethodPost, "/api/auth/sign-up/email", user, origin...)
	cookie, _, _ := strings.Cut(signUp.header.Get("Set-Cookie"), ";")

	d.SetFaults(t, convextest.Fault{Action: convextest.Drop})
	if got := p.send(t, http.MethodGet, "/readyz", ""); got.status != http.StatusServiceUnavailable || got.body != `{"status":"unavailable","reason":"database"}` {
		t.Errorf("readyz: got %d %s, want 503 and the database", got.status, got.body)
	}
	if got := p.send(t, http.MethodGet, "/healthz", ""); got.status != http.StatusOK {
		t.Errorf("healthz: got %d %s, want 200", got.status, got.body)
	}
	got := p.send(t, http.MethodGet, "/api/auth/get-session", "", "Cookie", cookie)
	if got.status != http.StatusServiceUnavailable || got.header.Get("Set-Cookie") != "" {
		t.Errorf("get-session: got %d %s and cookie %q, want 503 and no cookie", got.status, got.body, got.header.Get("Set-Cookie"))
	}
	if got := p.send(t, http.MethodPost, "/api/auth/sign-in/email", user, origin...); got.status != http.StatusServiceUnavailable {
		t.Errorf("sign-in: got %d %s, want 503", got.status, got.body)
	}

	d.SetFaults(t)
	if got := p.send(t, http.MethodGet, "/api/auth/get-session", "", "Cookie", cookie); got.status != http.StatusOK || !strings.Contains(got.body, "ada@example.com") {
		t.Errorf("get-session afterwards: got %d %s, want the session", got.status, got.body)
	}
	p.stop(t)
	if text := p.stderr.String(); strings.Contains(text, convextest.AdminKey) || strings.Contains(text, "correct horse") {
		t.Errorf("the log has a secret:\n%s", text)
	}
}

// TestLostAnswersOfConvex: what was done and not answered is done once.
func TestLostAnswersOfConvex(t *testing.T) {
	t.Parallel()
	d := deploy(t, newProject(t, settings), convextest.Options{})
	dir := t.TempDir()
	write(t, dir, "lockstep.yaml", settings+database(d, withKey(d.AdminKey)))
	p := serve(t, dir)
	d.SetFaults(t, convextest.Fault{Path: "lockstep:apply", Action: convextest.Drop, After: true, Times: 2})
	const user = `{"name":"Ada","email":"ada@example.com","password":"correct horse"}`
	got := p.send(t, http.MethodPost, "/api/auth/sign-up/email", user, "Origin", "https://auth.example.com")
	if got.status != http.StatusOK {
		t.Errorf("got %d %s, want 200", got.status, got.body)
	}
	for _, table := range []string{"user", "account", "session"} {
		if n := len(d.Dump(t, table)); n != 1 {
			t.Errorf("got %d rows in table %s, want 1", n, table)
		}
	}
}

// TestMoveFromPublicFunctions follows docs/convex.md: beside the public functions
// of the integration guide come Lockstep's, and both serve the same users until
// the public ones go.
func TestMoveFromPublicFunctions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "lockstep.yaml", settings)
	const guide = "../../js/convex-testbed/profiles/seed"
	if err := os.CopyFS(filepath.Join(dir, "convex"), os.DirFS(guide)); err != nil {
		t.Fatal(err)
	}
	if got := lockstep(t, dir, nil, "convex", "init"); got.code != 0 || !strings.Contains(got.stdout, "changed  convex/schema.ts\n") {
		t.Fatalf("got exit code %d and\n%s%s", got.code, got.stdout, got.stderr)
	}
	d := deploy(t, dir, convextest.Options{})
	write(t, dir, "lockstep.yaml", settings+database(d, withKey(d.AdminKey)))
	checkDiagnosis(t, lockstep(t, dir, nil, "convex", "doctor"), map[string]string{
		"private": "read and change the tables user, session, account, verification / make the functions internal",
		"schema":  `table "verification": .index('value', ['value']) / add by hand what convex/schema.ts itself defines`,
	})

	changed(t, dir, "convex/schema.ts", "  ...authTables,\n", "")
	d = deploy(t, dir, convextest.Options{})
	before, during := t.TempDir(), t.TempDir()
	write(t, before, "lockstep.yaml", settings+database(d, "insecureAllowPublicFunctions: true"))
	write(t, during, "lockstep.yaml", settings+database(d, withKey(d.AdminKey)+", insecureAllowPublicFunctions: true"))
	from, to := serve(t, before), serve(t, during)
	const user = `{"name":"Ada","email":"ada@example.com","password":"correct horse"}`
	origin := []string{"Origin", "https://auth.example.com"}
	for _, pair := range [][2]*process{{from, to}, {to, from}} {
		email := fmt.Sprintf("ada%d@example.com", len(d.Dump(t, "user")))
		signUp := pair[0].send(t, http.MethodPost, "/api/auth/sign-up/email", strings.Replace(user, "ada@example.com", email, 1), origin...)
		if signUp.status != http.StatusOK {
			t.Fatalf("sign-up: got %d %s", signUp.status, signUp.body)
		}
		cookie, _, _ := strings.Cut(signUp.header.Get("Set-Cookie"), ";")
		if got := pair[1].send(t, http.MethodGet, "/api/auth/get-session", "", "Cookie", cookie); !strings.Contains(got.body, email) {
			t.Errorf("get-session at the other server: got %d %s", got.status, got.body)
		}
		if got := pair[1].send(t, http.MethodPost, "/api/auth/sign-in/email", strings.Replace(user, "ada@example.com", email, 1), origin...); got.status != http.StatusOK {
			t.Errorf("sign-in at the other server: got %d %s", got.status, got.body)
		}
	}

	if err := os.Remove(filepath.Join(dir, "convex/auth.ts")); err != nil {
		t.Fatal(err)
	}
	d = deploy(t, dir, convextest.Options{})
	write(t, dir, "lockstep.yaml", settings+database(d, withKey(d.AdminKey)))
	checkDiagnosis(t, lockstep(t, dir, nil, "convex", "doctor"), nil)
	live(t, serve(t, dir))
}

func TestMigrateOnConvex(t *testing.T) {
	t.Parallel()
	d := deploy(t, newProject(t, settings), convextest.Options{})
	dir := t.TempDir()
	write(t, dir, "lockstep.yaml", database(d, withKey(d.AdminKey)))
	if got := lockstep(t, dir, nil, "migrate", "--yes"); got.code != 0 || got.stdout != "The Convex deployment "+d.URL+" is up to date.\n" {
		t.Errorf("got exit code %d and\n%s%swant it up to date", got.code, got.stdout, got.stderr)
	}
	write(t, dir, "lockstep.yaml", "rateLimit: {storage: database}\n"+database(d, withKey(d.AdminKey)))
	got := lockstep(t, dir, nil, "migrate", "--yes")
	if got.code != 1 || !strings.Contains(got.stderr, `table "rateLimit": define it in convex/schema.ts`) || !strings.Contains(got.stderr, "npx convex deploy") {
		t.Errorf("got exit code %d and\n%s%swant 1 and what is missing", got.code, got.stdout, got.stderr)
	}
}
