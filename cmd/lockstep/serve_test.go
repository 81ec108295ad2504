package main_test

import (
	"bufio"
	"database/sql"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	noBaseURL = `lockstep: no base URL: set BETTER_AUTH_URL, or baseURL in lockstep.yaml, to the address that users see, such as "https://auth.example.com"`
	noSecret  = `lockstep: no secret: run "lockstep secret", and set BETTER_AUTH_SECRET, or secret in lockstep.yaml, to what it prints`
)

func TestServeRefuses(t *testing.T) {
	const secret = "BETTER_AUTH_SECRET=8d2f6a0c4e1b7395d8f2a6c0e4b17395"
	tests := []struct {
		name, file string
		env        []string
		want       []string
	}{
		{"nothing set", "", nil, []string{noBaseURL, noSecret}},
		{"no base URL", "", []string{secret}, []string{noBaseURL}},
		{"no secret", "", []string{"BETTER_AUTH_URL=https://auth.example.com"}, []string{noSecret}},
		{
			"all that is wrong at once", "rateLimit: {storage: redis}\n", nil,
			[]string{noBaseURL, noSecret, `lockstep: RateLimit.Storage is "redis", must be "memory" or "database"`},
		},
		{
			"the published secret", "",
			[]string{"BETTER_AUTH_URL=https://auth.example.com", "BETTER_AUTH_SECRET=better-auth-secret-12345678901234567890"},
			[]string{`lockstep: Secret is the one that is published in Better Auth's source: run "lockstep secret" for a new one`},
		},
		{
			"a short secret", "",
			[]string{"BETTER_AUTH_URL=https://auth.example.com", "AUTH_SECRET=short"},
			[]string{`lockstep: Secret has 5 characters, needs 32 (run "lockstep secret")`},
		},
		{
			"an unknown option", "session:\n  expiresin: 5\n", nil,
			[]string{"lockstep: lockstep.yaml:2: unknown option session.expiresin: did you mean session.expiresIn?"},
		},
		{
			"a configuration file that is not there", "",
			[]string{"LOCKSTEP_CONFIG=other.yaml"},
			[]string{"lockstep: there is no configuration file other.yaml: name another one with --config"},
		},
		{
			"secrets without versions", "",
			[]string{"BETTER_AUTH_SECRETS=canary"},
			[]string{"lockstep: BETTER_AUTH_SECRETS, as in 2:new,1:old: secrets: entry 1: want <version>:<secret>"},
		},
		{
			"the wrong address of Convex", settings,
			[]string{"CONVEX_URL=https://happy-animal-123.convex.site"},
			[]string{
				"lockstep: convex: CONVEX_URL (database.convex.url) is where the deployment serves HTTP actions; " +
					"functions are at https://happy-animal-123.convex.cloud",
			},
		},
		{
			"a database in no folder", settings + "database: {sqlite: none/a.db}\n", nil,
			[]string{"lockstep: there is no folder none for the database: make it, or name another file as database.sqlite"},
		},
		{
			"a deployment of Convex without an address", settings + "database: {convex: {insecureAllowPublicFunctions: true}}\n", nil,
			[]string{"lockstep: database.convex.url is missing: set it, or CONVEX_URL"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			if tt.file != "" {
				write(t, dir, "lockstep.yaml", tt.file)
			}
			got := lockstep(t, dir, tt.env, "serve", "--addr", "127.0.0.1:0")
			if got.code != 1 {
				t.Errorf("got exit code %d, want 1", got.code)
			}
			if diff := cmp.Diff(strings.Split(strings.TrimSpace(got.stderr), "\n"), tt.want); diff != "" {
				t.Errorf("got -, want +:\n%s", diff)
			}
			if _, err := os.Stat(filepath.Join(dir, "lockstep.db")); err == nil {
				t.Error("a database was made")
			}
		})
	}
}

func TestServe(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "lockstep.yaml", settings)
	p := serve(t, dir)

	for _, path := range []string{"/healthz", "/readyz"} {
		if got := p.send(t, http.MethodGet, path, ""); got.status != http.StatusOK || got.body != `{"status":"ok"}` {
			t.Errorf("%s: got %d %s, want 200 and ok", path, got.status, got.body)
		}
	}
	if got := p.send(t, http.MethodGet, "/api/auth/ok", ""); got.status != http.StatusOK || got.body != `{"ok":true}` {
		t.Errorf("got %d %s, want the endpoint", got.status, got.body)
	}
	if got := p.send(t, http.MethodGet, "/", ""); got.status != http.StatusNotFound || got.body != `{"code":"NOT_FOUND","message":"Not found"}` {
		t.Errorf("got %d %s, want 404: serve has no pages", got.status, got.body)
	}
	if got := p.stop(t); got != 0 {
		t.Errorf("got exit code %d after SIGTERM, want 0", got)
	}
	info, err := os.Stat(filepath.Join(dir, "lockstep.db"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v, want a database for its owner only", info, err)
	}
}

// TestServeEndsInOrder: what is under way is answered, also if the signal comes
// twice, as from a terminal to a program below npm.
func TestServeEndsInOrder(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "lockstep.yaml", settings)
	p := serve(t, dir)
	c, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	answer := bufio.NewReader(c)
	// The server asks for the body as soon as it reads it: the request is under way.
	fmt.Fprint(c, "POST /api/auth/sign-out HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"+
		"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
	if line, err := answer.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("got %q, %v, want the server to ask for the body", line, err)
	}
	for range 2 {
		if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		p.stderr.wait(t, regexp.MustCompile(`"(shutting down)"`))
	}
	fmt.Fprint(c, "{}")
	got, err := io.ReadAll(answer) // until the server closes the connection
	if err != nil || !strings.Contains(string(got), "200 OK") {
		t.Errorf("got %q, %v, want the answer", got, err)
	}
	if err := <-p.ended; err != nil {
		t.Errorf("got %v, want exit code 0", err)
	}
}

func TestServeListens(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "lockstep.yaml", settings)
	p := serve(t, dir)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		env  []string
		args []string
		want string
	}{
		{"where HOST and PORT say", []string{"HOST=127.0.0.1", "PORT=" + port}, nil, "listen tcp 127.0.0.1:" + port},
		{"where the flag says instead", []string{"HOST=192.0.2.1", "PORT=1"}, []string{"--addr", "127.0.0.1:" + port}, "listen tcp 127.0.0.1:" + port},
		{"on this machine without HOST", []string{"PORT=" + port}, nil, "listen tcp 127.0.0.1:" + port},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := lockstep(t, dir, tt.env, append([]string{"serve"}, tt.args...)...)
			if !strings.Contains(got.stderr, tt.want) || !strings.Contains(got.stderr, "choose another address with --addr or PORT") {
				t.Errorf("got %s, want an error about %q that says what to do", got.stderr, tt.want)
			}
		})
	}
}

func TestServeDoesNotMigrateTablesOfOthers(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "lockstep.yaml", settings)
	serve(t, dir).stop(t)
	write(t, dir, "lockstep.yaml", settings+"user: {additionalFields: {nick: {type: string, required: false}}}\n")

	got := lockstep(t, dir, nil, "serve", "--addr", "127.0.0.1:0")
	want := "lockstep: the database lacks what follows: run \"lockstep migrate --yes\" to add it\n" +
		"lockstep: alter table \"user\" add column \"nick\" text\n"
	if got.code != 1 || got.stderr != want {
		t.Errorf("got exit code %d and\n%swant 1 and\n%s", got.code, got.stderr, want)
	}
	if got := lockstep(t, dir, nil, "migrate", "--yes"); got.code != 0 {
		t.Fatalf("got exit code %d and %s", got.code, got.stderr)
	}
	if got := serve(t, dir).stop(t); got != 0 {
		t.Errorf("got exit code %d after the migration, want 0", got)
	}
}

// TestServeKeepsOutWhomBetterAuthDoes: users who need a second factor there, or
// are banned, are not let in by a server that knows neither.
func TestServeKeepsOutWhomBetterAuthDoes(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "lockstep.yaml", settings)
	if got := serve(t, dir).stop(t); got != 0 { // makes the tables
		t.Fatalf("got exit code %d", got)
	}
	const user = `insert into "user" (id, name, email, "emailVerified", "createdAt", "updatedAt", "twoFactorEnabled", banned)
		values (?1, 'n', ?1, 0, '2026-01-02T03:04:05.000Z', '2026-01-02T03:04:05.000Z', ?2, ?3)`
	statement(t, dir, `alter table "user" add column "twoFactorEnabled" integer`)
	statement(t, dir, `alter table "user" add column banned integer`)
	statement(t, dir, user, "plain", 0, nil)
	if got := serve(t, dir).stop(t); got != 0 {
		t.Errorf("got exit code %d, want a start: nobody is kept out", got)
	}
	statement(t, dir, user, "careful", 1, 0)
	statement(t, dir, user, "banned", nil, 1)
	const advice = " Let Better Auth sign users in, and name what signs them in here in disabledPaths\n"
	banned := "lockstep: this version knows no bans: whoever is banned (banned, 1 in the database) would be let in." + advice
	services := strings.Replace(settings, "emailAndPassword: {enabled: true}", "socialProviders: {github: {clientId: a, clientSecret: b}}", 1)
	for _, tc := range []struct{ name, settings, want string }{
		{"passwords", settings, "lockstep: this version asks for no second factor: whoever has one (twoFactorEnabled, 1 in the database) " +
			"would be let in by the password alone." + advice + banned},
		{"services, which need no second factor at Better Auth", services, banned},
		{"links of mails", settings + "disabledPaths: [sign-in/email]\nemailVerification: {autoSignInAfterVerification: true}\n", banned},
	} {
		write(t, dir, "lockstep.yaml", tc.settings)
		got := lockstep(t, dir, nil, "serve", "--addr", "127.0.0.1:0")
		if diff := cmp.Diff(got, run{1, "", tc.want}, cmp.AllowUnexported(run{})); diff != "" {
			t.Errorf("%s: got -, want +:\n%s", tc.name, diff)
		}
	}
	write(t, dir, "lockstep.yaml", settings+"disabledPaths: [sign-in/email]\n")
	if got := serve(t, dir).stop(t); got != 0 {
		t.Errorf("got exit code %d, want a start: nobody can sign in", got)
	}
}

// statement runs a statement on the database of a server.
func statement(t *testing.T, dir, text string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "lockstep.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), text, args...); err != nil {
		t.Fatal(err)
	}
}

// TestLogs protects that the log has what operators need and nothing that
// would let them in as somebody else.
func TestLogs(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "lockstep.yaml", strings.Replace(settings, "https://auth.example.com", "http://127.0.0.1:3000", 1))
	p := serve(t, dir)
	const password = "canary-password-1"
	body := fmt.Sprintf(`{"name":"Canary Name","email":"canary@example.com","password":%q}`, password)
	signUp := p.send(t, http.MethodPost, "/api/auth/sign-up/email?canary=query", body, "Origin", "http://127.0.0.1:3000")
	if signUp.status != http.StatusOK {
		t.Fatalf("got %d %s", signUp.status, signUp.body)
	}
	cookie, _, _ := strings.Cut(signUp.header.Get("Set-Cookie"), ";")
	_, token, _ := strings.Cut(cookie, "=")
	token, _, _ = strings.Cut(token, ".")
	p.send(t, http.MethodPost, "/api/auth/sign-in/email", body, "Origin", "http://127.0.0.1:3000", "Cookie", cookie)
	p.send(t, http.MethodPost, "/api/auth/sign-in/email", `{"email":"canary@example.com","password":"canary-wrong"}`, "Origin", "http://evil.example.com")
	p.send(t, http.MethodGet, "/api/auth/get-session", "", "Cookie", cookie, "Authorization", "Bearer canary-bearer")
	p.send(t, http.MethodGet, "/api/auth/reset-password/canary?callbackURL=/canary", "")
	p.send(t, http.MethodGet, "/api/auth/verify/"+token+"/canary", "")
	p.send(t, http.MethodGet, "/canary-1234/x", "", "X-Request-Id", "canary\" injected")
	got := p.send(t, http.MethodGet, "/api/auth/ok", "", "X-Request-Id", "trace-1.A_b")
	if id := got.header.Get("X-Request-Id"); id != "trace-1.A_b" {
		t.Errorf("got request id %q, want the client's", id)
	}
	p.stop(t)

	text := p.stderr.String()
	for _, secret := range []string{"canary", "Canary", password, token, "8d2f6a0c4e1b7395d8f2a6c0e4b17395"} {
		if strings.Contains(text, secret) {
			t.Errorf("the log has %q:\n%s", secret, text)
		}
	}
	var paths []string
	for _, line := range p.logged(t) {
		if line["msg"] != "request" {
			continue
		}
		paths = append(paths, fmt.Sprintf("%v %v %v", line["method"], line["path"], line["status"]))
		for _, key := range []string{"bytes", "duration_ms", "request_id", "ip", "time"} {
			if line[key] == nil {
				t.Errorf("line without %s: %v", key, line)
			}
		}
	}
	want := []string{
		"POST /api/auth/sign-up/email 200",
		"POST /api/auth/sign-in/email 200",
		"POST /api/auth/sign-in/email 403",
		"GET /api/auth/get-session 200",
		"GET /api/auth/reset-password/* 302",
		"GET /api/auth/verify/*/* 404",
		"GET /*/x 404",
		"GET /api/auth/ok 200",
	}
	if diff := cmp.Diff(paths, want); diff != "" {
		t.Errorf("got -, want +:\n%s", diff)
	}
}
