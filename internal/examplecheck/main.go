// Examplecheck builds every Go program below examples/, runs each until it
// answers, and fails if one does not build, does not start, or answers with an
// error of its own. Programs that are a module of their own, so that what they need
// is not in this one, it also vets and tests: go test ./... here passes them by. It
// builds the programs in the documentation, too. CI runs it (make examples).
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// patience is how long an example may take to answer.
const patience = 15 * time.Second

func main() {
	dirs, err := filepath.Glob("examples/*/main.go")
	if err != nil || len(dirs) == 0 {
		fmt.Fprintln(os.Stderr, "examplecheck: run it in the root of the module")
		os.Exit(1)
	}
	failed := false
	report := func(name string, err error) {
		if err != nil {
			failed = true
			fmt.Printf("FAIL %s: %v\n", name, err)
			return
		}
		fmt.Printf("ok   %s\n", name)
	}
	for _, file := range dirs {
		dir := filepath.Dir(file)
		report(dir, check(dir))
	}
	for _, page := range []string{"README.md", "docs/go.md"} {
		report(page, checkPage(page))
	}
	if failed {
		os.Exit(1)
	}
}

func check(dir string) error {
	work, err := os.MkdirTemp("", "example")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	bin := filepath.Join(work, "example")
	if err := golang(dir, "build", "-o", bin, "."); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
		if err := errors.Join(golang(dir, "vet", "./..."), golang(dir, "test", "./...")); err != nil {
			return err
		}
	}
	return run(bin, work)
}

// golang runs a command of the go tool in dir.
func golang(dir string, args ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", args[0], err, out)
	}
	return nil
}

// run starts a program in the folder work and waits until it answers.
func run(bin, work string) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, bin)
	cmd.Dir = work
	cmd.Env = append(os.Environ(), "PORT="+port, "DATABASE="+filepath.Join(work, "auth.db"),
		"BETTER_AUTH_SECRET=an example secret that is long enough 0123456789")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	return await(ctx, "http://localhost:"+port)
}

// await asks until the program answers.
func await(ctx context.Context, url string) error {
	for {
		status, err := get(ctx, url+"/")
		if err == nil {
			if status >= http.StatusInternalServerError {
				return fmt.Errorf("GET / answers %d", status)
			}
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(errors.New("no answer"), err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func get(ctx context.Context, url string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	return resp.StatusCode, nil
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}
