// Package convextest starts a stand-in for a Convex deployment, for tests of
// what talks to one: real Convex functions behind the real HTTP form, in memory
// (js/convex-testbed). It needs Node.js and "make deps". Faults make it fail as
// deployments and networks do; the journal says which calls arrived.
package convextest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// AdminKey is the admin key of every deployment that Start makes.
const AdminKey = "testbed|0123456789abcdef"

// patience bounds the start and each use of the back door. It is generous: a
// test that fails because the machine is busy helps nobody.
const patience = 60 * time.Second

// A Deployment is a running test bed. Its methods are for the goroutine of the
// test that they are given.
type Deployment struct {
	URL      string // such as "http://127.0.0.1:40113"
	AdminKey string

	http *http.Client
}

// Options vary a deployment. The zero value is a development deployment.
type Options struct {
	// Redact hides error texts and logs, as deployments in production do.
	Redact bool

	// LegacyStatus answers 560 when a function throws, as old deployments do.
	LegacyStatus bool

	// Missing404 answers 404 for a function that is not there, as deployments in
	// the cloud do, and for a whole batch that has one.
	Missing404 bool

	// Env is added to the environment of the functions, as "NAME=value".
	Env []string
}

// Start runs a deployment for the length of a test. The profile is the name of
// one in js/convex-testbed/profiles ("seed", "secured"; "full" has the tables of
// every plugin), or a directory with a schema.ts and functions, relative to the
// test's package.
func Start(t testing.TB, profile string, opts Options) *Deployment {
	t.Helper()
	dir := testbed(t)
	args := []string{filepath.Join(dir, "server.mjs"), "--quiet", "--port", "0", "--exit-with-stdin", "--admin-key", AdminKey, "--profile", profile}
	if opts.Redact {
		args = append(args, "--redact")
	}
	if opts.LegacyStatus {
		args = append(args, "--udf-error-status", "560")
	}
	if opts.Missing404 {
		args = append(args, "--missing-404")
	}
	// Not the test's context, which ends before its cleanup does.
	cmd := exec.CommandContext(context.Background(), "node", args...) //nolint:gosec // a test runs its own server
	cmd.Env = append(os.Environ(), opts.Env...)
	// The server ends when this pipe does, so none survives a killed test.
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatalf("convextest: %v", err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatalf("convextest: %v", err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatalf("convextest: start node (is Node.js installed?): %v", err)
	}
	d := &Deployment{AdminKey: AdminKey, http: &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}}
	t.Cleanup(func() {
		stdin.Close()
		stop(t, cmd)
		if t.Failed() && stderr.Len() > 0 {
			t.Logf("convextest: the deployment wrote:\n%s", &stderr)
		}
	})
	d.URL = address(t, stdout, cmd)
	return d
}

// address reads the first line that the server prints.
func address(t testing.TB, stdout io.Reader, cmd *exec.Cmd) string {
	t.Helper()
	timer := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("convextest: the deployment did not start: %v", err)
	}
	return strings.TrimSpace(line)
}

// stop waits for the server, whose standard input is closed, and kills it if it
// does not end.
func stop(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	timer := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	if err := cmd.Wait(); err != nil && !t.Failed() {
		t.Errorf("convextest: the deployment ended with %v", err)
	}
}

// testbed finds js/convex-testbed above the working directory.
func testbed(t testing.TB) string {
	t.Helper()
	start, err := os.Getwd()
	if err != nil {
		t.Fatalf("convextest: %v", err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		bed := filepath.Join(dir, "js", "convex-testbed")
		if exists(filepath.Join(bed, "server.mjs")) {
			if !exists(filepath.Join(bed, "node_modules")) {
				t.Fatal("convextest: js/convex-testbed has no node_modules: run make deps")
			}
			return bed
		}
		if dir == filepath.Dir(dir) {
			t.Fatalf("convextest: no js/convex-testbed above %s", start)
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, os.ErrNotExist)
}

// A Call is an entry of the journal.
type Call struct {
	Endpoint    string `json:"endpoint"`    // "query", "mutation", "function", …
	Path        string `json:"path"`        // the function
	Status      int    `json:"status"`      // 0 while under way, and if it was cut off
	Auth        string `json:"auth"`        // the scheme of Authorization: "Convex", "Bearer" or ""
	Client      string `json:"client"`      // header Convex-Client
	TraceParent string `json:"traceparent"` // header traceparent
}

// Journal returns the function calls that arrived since the start or the last
// Reset, in order. An entry is made when the call arrives.
func (d *Deployment) Journal(t testing.TB) []Call {
	t.Helper()
	var calls []Call
	d.backDoor(t, http.MethodGet, "journal", nil, &calls)
	return calls
}

// Reset empties the tables and the journal and removes all faults.
func (d *Deployment) Reset(t testing.TB) {
	t.Helper()
	d.backDoor(t, http.MethodPost, "reset", nil, nil)
}

// Dump returns the documents of a table, oldest first, in plain JSON.
func (d *Deployment) Dump(t testing.TB, table string) []map[string]any {
	t.Helper()
	var tables map[string][]map[string]any
	d.backDoor(t, http.MethodGet, "dump?table="+url.QueryEscape(table), nil, &tables)
	return tables[table]
}

// Load inserts documents into a table, past all functions, and returns their
// ids. The values are in the encoding of convex.Encode.
func (d *Deployment) Load(t testing.TB, table string, documents ...json.RawMessage) []string {
	t.Helper()
	var ids map[string][]string
	body := map[string]any{"tables": map[string]any{table: documents}}
	d.backDoor(t, http.MethodPost, "load", body, &ids)
	return ids[table]
}

// Grant makes a further admin key with only the named rights, such as
// "RunInternalQueries", "RunInternalMutations", "ViewData" and "WriteData".
func (d *Deployment) Grant(t testing.TB, key string, rights ...string) {
	t.Helper()
	d.backDoor(t, http.MethodPost, "config", map[string]any{"keys": map[string][]string{key: rights}}, nil)
}

// Revoke makes an admin key worthless. Reset does not bring it back.
func (d *Deployment) Revoke(t testing.TB, key string) {
	t.Helper()
	d.backDoor(t, http.MethodPost, "config", map[string]any{"keys": map[string]bool{key: false}}, nil)
}

// SetProviders makes the deployment accept user tokens, as auth.config.ts does.
func (d *Deployment) SetProviders(t testing.TB, providers ...map[string]any) {
	t.Helper()
	d.backDoor(t, http.MethodPost, "config", map[string]any{"authConfig": map[string]any{"providers": providers}}, nil)
}

// backDoor calls one of the test bed's own endpoints.
func (d *Deployment) backDoor(t testing.TB, method, path string, body, answer any) {
	t.Helper()
	var text bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&text).Encode(body); err != nil {
			t.Fatalf("convextest: %s: %v", path, err)
		}
	}
	// Not the test's context: cleanups use the back door too.
	req, err := http.NewRequestWithContext(context.Background(), method, d.URL+"/__test/"+path, &text)
	if err != nil {
		t.Fatalf("convextest: %s: %v", path, err)
	}
	resp, err := d.http.Do(req)
	if err != nil {
		t.Fatalf("convextest: %s: %v", path, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("convextest: %s: status %d", path, resp.StatusCode)
	}
	if answer == nil {
		return
	}
	if err := json.NewDecoder(resp.Body).Decode(answer); err != nil {
		t.Fatalf("convextest: %s: %v", path, err)
	}
}
