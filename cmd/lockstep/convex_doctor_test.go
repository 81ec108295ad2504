package main_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/convex/convextest"
)

// TestConvexDoctor has a case for each thing that can be wrong.
func TestConvexDoctor(t *testing.T) {
	project := newProject(t, settings)
	good := deploy(t, project, convextest.Options{Redact: true})
	good.Grant(t, "testbed|reader", "RunInternalQueries")
	good.Grant(t, "testbed|viewer", "ViewData")
	withSecret := newProject(t, settings, "--with-secret")
	gated := deploy(t, withSecret, convextest.Options{Redact: true, Env: []string{"LOCKSTEP_SECRET=" + sharedSecret}})
	talking := deploy(t, withSecret, convextest.Options{Env: []string{"LOCKSTEP_SECRET=" + sharedSecret}})
	seed := convextest.Start(t, "seed", convextest.Options{Redact: true})
	secured := convextest.Start(t, "secured", convextest.Options{Redact: true})
	other := func(file, old, text string) *convextest.Deployment {
		return deploy(t, changed(t, newProject(t, settings), file, old, text), convextest.Options{Redact: true})
	}
	newer := other("convex/lockstepFunctions/call.ts", "VERSION = 1", "VERSION = 2")
	noBatch := other("convex/lockstepSchema.ts", "  ...ownTables,\n", "")
	noIndex := other("convex/lockstepSchema.ts", "\n    .index('token', ['token'])", "")
	open := other("convex/lockstep.ts", "export const { read, apply, describe, cleanUp } = lockstep({ schema, tables, expiring })\n",
		"import { queryGeneric } from 'convex/server'\nexport const { read, apply } = lockstep({ schema, tables, expiring })\n"+
			"export const describe = queryGeneric({ args: {}, handler: () => ({ version: 1, remembers: true, tables: {} }) })\n")
	empty := other("convex/lockstep.ts", "export const { read", "const { read")
	key := withKey(convextest.AdminKey)
	tests := []struct {
		name, text string
		want       map[string]string // by check, what the problem and its fix say, with " / " between them
	}{
		{"nothing", database(good, key), nil},
		{"nothing, with a secret", database(gated, fmt.Sprintf("secret: %q", sharedSecret)), nil},
		{"nothing, with createApi", database(secured, key), nil},
		{"nothing, with the component", database(secured, key+", component: betterAuth"), nil},
		{"no deployment", "", map[string]string{"configuration": "no deployment is named / set CONVEX_URL"}},
		{
			"the address of HTTP actions", "database: {convex: {url: 'https://a.convex.site'}}\n",
			map[string]string{"configuration": "functions are at https://a.convex.cloud / change lockstep.yaml"},
		},
		{
			"nobody there", "database: {convex: {url: 'http://127.0.0.1:1', deployKey: canary}}\n",
			map[string]string{"reachable": "connection refused / check CONVEX_URL (database.convex.url)"},
		},
		{"a wrong key", database(good, withKey("testbed|canary")), map[string]string{"access": "does not accept the key in CONVEX_DEPLOY_KEY / make a new deploy key"}},
		{
			"a key without the right", database(good, withKey("testbed|viewer")),
			map[string]string{"access": "may not run internal functions / give the key the rights deployment:functions:runInternalQueries"},
		},
		{
			"a key that may only read", database(good, withKey("testbed|reader")),
			map[string]string{"writes": "may not run internal functions / give the key the rights deployment:functions:runInternalQueries and deployment:functions:runInternalMutations"},
		},
		{"no key", database(good, ""), map[string]string{"access": "neither the functions of Lockstep nor those of createApi / set CONVEX_DEPLOY_KEY (database.convex.deployKey)"}},
		{
			"a wrong secret", database(gated, "secret: canary-canary-canary-canary-canary"),
			map[string]string{"access": "not the one in LOCKSTEP_SECRET / to the same text"},
		},
		{"a key for functions that ask for a secret", database(talking, key), map[string]string{"access": "ask for a secret / set LOCKSTEP_SECRET (database.convex.secret)"}},
		{"the same in production", database(gated, key), map[string]string{"access": "neither / if convex/lockstep.ts exports lockstepWithSecret, set LOCKSTEP_SECRET"}},
		{"a secret for internal functions", database(good, fmt.Sprintf("secret: %q", sharedSecret)), map[string]string{"access": "take a secret / run lockstep convex init --with-secret"}},
		{"no functions", database(empty, key), map[string]string{"access": "neither the functions of Lockstep nor those of createApi / run lockstep convex init"}},
		{"functions of another version", database(newer, key), map[string]string{"access": "are version 2, this server needs 1 / lockstep convex generate, and then npx convex deploy"}},
		{"no table for batches", database(noBatch, key), map[string]string{"access": "add lockstepTables to convex/schema.ts / npx convex deploy"}},
		{"an index that is missing", database(noIndex, key), map[string]string{"schema": `table "session": .index('token', ['token']) / run lockstep convex generate`}},
		{
			"a table that is missing", database(good, key) + "plugins: [jwt]\n",
			map[string]string{"schema": `table "jwks": define it in convex/schema.ts / run lockstep convex generate`},
		},
		{
			"tables that anybody can read", database(seed, key),
			map[string]string{"private": "read and change the tables user, session, account, verification / make the functions internal"},
		},
		{"functions that anybody can call", database(open, key), map[string]string{
			"private": "call lockstep:describe without a key / make the functions internal",
			"schema":  `table "user": define it / run lockstep convex generate`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "lockstep.yaml", settings+tt.text)
			got := lockstep(t, dir, nil, "convex", "doctor")
			checkDiagnosis(t, got, tt.want)
		})
	}
	if n := len(good.Dump(t, "lockstepBatch")) + len(gated.Dump(t, "lockstepBatch")) + len(secured.Dump(t, "user")); n != 0 {
		t.Errorf("got %d rows, want none: the doctor changes nothing", n)
	}
}

// checkDiagnosis compares the text output with what is expected of each check.
func checkDiagnosis(t *testing.T, got run, want map[string]string) {
	t.Helper()
	if wantCode := min(len(want), 1); got.code != wantCode {
		t.Errorf("got exit code %d, want %d", got.code, wantCode)
	}
	if strings.Contains(got.stdout+got.stderr, "canary") || strings.Contains(got.stdout, "Config.") {
		t.Errorf("got\n%s%swant no secret, and the names of the configuration", got.stdout, got.stderr)
	}
	found := make(map[string]string)
	pattern := regexp.MustCompile(`(?m)^problem  (\w+): ((?:.|\n         )*?)\n         Fix: (.*)$`)
	for _, m := range pattern.FindAllStringSubmatch(got.stdout, -1) {
		found[m[1]] = m[2] + " / " + m[3]
	}
	for check, text := range found {
		problem, fix, _ := strings.Cut(want[check], " / ")
		said, advice, _ := strings.Cut(text, " / ")
		if want[check] == "" || !strings.Contains(said, problem) || !strings.Contains(advice, fix) {
			t.Errorf("%s: got %q, want %q", check, text, want[check])
		}
	}
	if len(found) != len(want) {
		t.Errorf("got\n%swant %d problems", got.stdout, len(want))
	}
}

// changed replaces text in a file of a project.
func changed(t *testing.T, dir, file, old, text string) string {
	t.Helper()
	src := read(t, dir, file) + "\n"
	if !strings.Contains(src, old) {
		t.Fatalf("%s has no %q", file, old)
	}
	write(t, dir, file, strings.Replace(src, old, text, 1))
	return dir
}

func TestConvexDoctorJSON(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "lockstep.yaml", settings+"database: {convex: {url: 'http://127.0.0.1:1', deployKey: canary}}\n")
	got := lockstep(t, dir, nil, "convex", "doctor", "--json")
	want := `{
  "url": "http://127.0.0.1:1",
  "ok": false,
  "checks": [
    {
      "check": "configuration",
      "ok": true
    },
    {
      "check": "reachable",
      "ok": false,
      "problem": "query: deployment unavailable: dial tcp 127.0.0.1:1: connect: connection refused (4 attempts)",
      "fix": "check CONVEX_URL (database.convex.url) and the network from here to it; the deployment must run and must not be paused"
    }
  ]
}
`
	if diff := cmp.Diff(got, run{1, want, "lockstep: 1 problem\n"}, cmp.AllowUnexported(run{})); diff != "" {
		t.Errorf("got -, want +:\n%s", diff)
	}
	write(t, dir, "lockstep.yaml", settings+"database: {convex: {url: 'https://user:canary@a.convex.cloud'}}\n")
	got = lockstep(t, dir, nil, "convex", "doctor", "--json")
	if got.code != 1 || !strings.Contains(got.stdout, "must not contain a user or password") || strings.Contains(got.stdout, "canary") {
		t.Errorf("got exit code %d and\n%swant the problem without the password", got.code, got.stdout)
	}
}

func TestConvexDoctorBundle(t *testing.T) {
	t.Parallel()
	d := deploy(t, newProject(t, settings), convextest.Options{})
	dir := t.TempDir()
	write(t, dir, "lockstep.yaml", settings+database(d, withKey(d.AdminKey)))
	if err := os.Mkdir(filepath.Join(dir, "dist"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "dist/app.js", fmt.Sprintf("const url = %q", d.URL))
	checkDiagnosis(t, lockstep(t, dir, nil, "convex", "doctor", "--bundle", "dist"), nil)
	for name, text := range map[string]string{"the deploy key": d.AdminKey, "BETTER_AUTH_SECRET": "8d2f6a0c4e1b7395d8f2a6c0e4b17395"} {
		write(t, dir, "dist/app.js", fmt.Sprintf("const canary = %q", text))
		got := lockstep(t, dir, nil, "convex", "doctor", "--bundle", "dist")
		checkDiagnosis(t, got, map[string]string{"bundle": name + " is in app.js / replace the secret"})
		if strings.Contains(got.stdout, text) {
			t.Errorf("got\n%swant no secret", got.stdout)
		}
	}
	checkDiagnosis(t, lockstep(t, dir, nil, "convex", "doctor", "--bundle", "none"), map[string]string{"bundle": "there is no folder none / name the folder"})
}

// TestConvexDoctorProject: public functions of the project that use the server's
// tables are named. They are no problem by themselves.
func TestConvexDoctorProject(t *testing.T) {
	t.Parallel()
	project := newProject(t, settings)
	d := deploy(t, project, convextest.Options{})
	write(t, project, "lockstep.yaml", settings+database(d, withKey(d.AdminKey)))
	look := func() run { return lockstep(t, project, nil, "convex", "doctor", "--dir", ".") }
	got := look()
	checkDiagnosis(t, got, nil)
	if !strings.Contains(got.stdout, "ok       functions\n") {
		t.Errorf("got\n%swant nothing to look at: Lockstep's functions are its own", got.stdout)
	}
	write(t, project, "convex/users.ts", "export const list = query({ handler: (ctx) => ctx.db.query('user').collect() })\n")
	got = look()
	checkDiagnosis(t, got, nil)
	if !strings.Contains(got.stdout, "list in convex/users.ts uses the table user\n") {
		t.Errorf("got\n%swant it to name the function", got.stdout)
	}
	checkDiagnosis(t, lockstep(t, project, nil, "convex", "doctor", "--dir", "none"), map[string]string{"functions": "there is no folder none / name the folder"})
}

// TestConvexDoctorEnds: a deployment that takes connections and says nothing
// does not keep the doctor for longer than 10 seconds.
func TestConvexDoctorEnds(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dir := t.TempDir()
	write(t, dir, "lockstep.yaml", fmt.Sprintf("%sdatabase: {convex: {url: 'http://%s', deployKey: canary}}\n", settings, l.Addr()))
	start := time.Now()
	got := lockstep(t, dir, nil, "convex", "doctor")
	checkDiagnosis(t, got, map[string]string{"reachable": "context deadline exceeded / check CONVEX_URL"})
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
}
