package main_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	main "github.com/lockstep-auth/lockstep/cmd/lockstep"
)

// asProgram is the variable that makes the test binary the program.
const asProgram = "LOCKSTEP_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main.Main()
		return
	}
	os.Exit(m.Run())
}

// A run is how a command went.
type run struct {
	code           int
	stdout, stderr string
}

// lockstep runs a command in dir with an environment of its own.
func lockstep(t *testing.T, dir string, env []string, args ...string) run {
	t.Helper()
	cmd := command(t, dir, env, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return run{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

func command(t *testing.T, dir string, env []string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Dir, cmd.Env = dir, append([]string{asProgram + "=1", "HOME=" + dir}, env...)
	return cmd
}

// A process is a server that runs.
type process struct {
	cmd    *exec.Cmd
	url    string
	stdout *watched
	stderr *watched
	ended  chan error
}

// start runs a server in dir until the test ends.
func start(t *testing.T, dir string, args ...string) *process {
	t.Helper()
	p := &process{cmd: command(t, dir, nil, args...), stdout: newWatched(), stderr: newWatched(), ended: make(chan error, 1)}
	p.cmd.Stdout, p.cmd.Stderr = p.stdout, p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.ended <- p.cmd.Wait()
		p.stdout.close()
		p.stderr.close()
	}()
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		<-p.stderr.closed
	})
	return p
}

// serve starts a server on a free port and waits for its address.
func serve(t *testing.T, dir string) *process {
	t.Helper()
	p := start(t, dir, "serve", "--addr", "127.0.0.1:0")
	p.url = "http://" + p.stderr.wait(t, regexp.MustCompile(`"addr":"([^"]+)"`))
	return p
}

// dev starts a server to try on a free port and waits for its address.
func dev(t *testing.T, dir string, args ...string) *process {
	t.Helper()
	p := start(t, dir, append([]string{"dev", "--addr", "127.0.0.1:0"}, args...)...)
	p.url = p.stdout.wait(t, regexp.MustCompile(`Mail       (http://localhost:\d+)/dev/mail\n(?s:.*)Ctrl`))
	return p
}

// stop asks the server to end and returns its exit code.
func (p *process) stop(t *testing.T) int {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-p.ended
	return p.cmd.ProcessState.ExitCode()
}

// A watched is output that can be waited for.
type watched struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{}
	closed  chan struct{}
}

func newWatched() *watched {
	return &watched{changed: make(chan struct{}, 1), closed: make(chan struct{})}
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case w.changed <- struct{}{}:
	default:
	}
	return w.text.Write(p)
}

func (w *watched) close() { close(w.closed) }

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// wait returns what the pattern's group matches, once it does.
func (w *watched) wait(t *testing.T, pattern *regexp.Regexp) string {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		if found := pattern.FindStringSubmatch(w.String()); found != nil {
			return found[1]
		}
		select {
		case <-w.changed:
		case <-w.closed:
			if found := pattern.FindStringSubmatch(w.String()); found != nil {
				return found[1]
			}
			t.Fatalf("the program ended without %v:\n%s", pattern, w)
		case <-deadline:
			t.Fatalf("%v did not come:\n%s", pattern, w)
		}
	}
}

// A reply is an answer that was read.
type reply struct {
	status int
	header http.Header
	body   string
}

// send sends a request as a page of the server would.
func (p *process) send(t *testing.T, method, path, body string, header ...string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, p.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Origin", p.url)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, string(text)}
}

// logged returns the lines of a JSON log.
func (p *process) logged(t *testing.T) []map[string]any {
	t.Helper()
	var lines []map[string]any
	for scanner := bufio.NewScanner(strings.NewReader(p.stderr.String())); scanner.Scan(); {
		var line map[string]any
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			t.Fatalf("line of the log that is not JSON: %s", scanner.Text())
		}
		lines = append(lines, line)
	}
	return lines
}

// write puts a file into dir.
func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// settings are enough to serve with.
const settings = `
baseURL: https://auth.example.com
secret: 8d2f6a0c4e1b7395d8f2a6c0e4b17395
emailAndPassword: {enabled: true}
rateLimit: {enabled: false}
`
