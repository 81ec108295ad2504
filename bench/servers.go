package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/lockstep-auth/lockstep/bench/child"
	"github.com/lockstep-auth/lockstep/bench/load"
	"github.com/lockstep-auth/lockstep/bench/proc"
	"github.com/lockstep-auth/lockstep/bench/report"
	"github.com/lockstep-auth/lockstep/bench/request"
)

// The databases and the cookie cache that is none.
const (
	sqlite = "sqlite"
	memory = "memory"
	off    = "off"
)

// A bench measures.
type bench struct {
	*options
	pace

	proc    *proc.FS
	scratch string // a folder of its own, which is removed at the end
	secret  string // of all servers
	log     io.Writer
	users   int // how many have been named
}

// measure measures everything that o selects.
func measure(ctx context.Context, o *options, log io.Writer) (_ *report.Run, err error) {
	b := &bench{options: o, pace: fullPace(), proc: proc.New(os.DirFS("/proc")), log: log, secret: randomHex()}
	if o.quick {
		b.pace = quickPace()
	}
	for _, need := range []struct{ file, do string }{
		{o.lockstep, "make build"},
		{filepath.Join(o.node, "node_modules"), "make deps"},
	} {
		if _, err := os.Stat(need.file); err != nil {
			return nil, fmt.Errorf("there is no %s: run \"%s\" in the root of the repository", need.file, need.do)
		}
	}
	if o.lockstep, err = filepath.Abs(o.lockstep); err != nil {
		return nil, err
	}
	r := new(report.Run)
	if r.Environment, err = b.environment(ctx); err != nil {
		return nil, err
	}
	if b.scratch, err = os.MkdirTemp("", "lockstep-bench-"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.scratch)) }()
	for _, step := range []func(context.Context, *report.Run) error{
		b.build, b.start, b.cells, b.beside, b.storm, b.overflow, b.scale, b.hotPath,
	} {
		if err := step(ctx, r); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func randomHex() string {
	var b [32]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// A setup is how a server is run.
type setup struct {
	db    string // sqlite or memory
	cache string // off, or the strategy of the cookie cache
	file  string // the database; "" for a new one
}

// A server is one that runs, and users who have signed up there.
type server struct {
	*child.Process
	name     string
	emails   []string
	sessions []request.Session
}

// lockstepServer starts Lockstep.
func (b *bench) lockstepServer(ctx context.Context, s setup) (*server, error) {
	if s.db == memory {
		return b.memoryServer(ctx, s)
	}
	spec, dir, err := b.spec(ctx)
	if err != nil {
		return nil, err
	}
	config := map[string]any{
		"baseURL":          "http://" + spec.Host,
		"secret":           b.secret,
		"emailAndPassword": map[string]any{"enabled": true},
		"rateLimit":        map[string]any{"enabled": false},
		"database":         map[string]any{"sqlite": s.path(dir)},
	}
	if s.cache != off {
		config["session"] = map[string]any{"cookieCache": map[string]any{"enabled": true, "strategy": s.cache}}
	}
	text, err := json.Marshal(config) // JSON is YAML too
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "lockstep.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, err
	}
	spec.Command = []string{b.lockstep, "serve", "--config", file, "--addr", spec.Host}
	return b.launch(ctx, "Lockstep", spec)
}

func (b *bench) memoryProgram() string { return filepath.Join(b.scratch, "memory") }

// build builds the other programs that are going to be needed, before anything
// is measured.
func (b *bench) build(ctx context.Context, _ *report.Run) error {
	const module = "github.com/lockstep-auth/lockstep"
	var commands [][]string
	for _, g := range groups() {
		if g.db == memory && slices.ContainsFunc(g.cells, func(c cell) bool { return b.wants(c.id) }) {
			commands = append(commands, []string{"build", "-o", b.memoryProgram(), module + "/bench/memory"})
		}
	}
	if b.wants(report.HotPathID) {
		commands = append(commands, []string{"test", "-c", "-o", b.hotPathProgram(), module})
	}
	for _, args := range commands {
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("go %s: %w\n%s", args[0], err, out)
		}
	}
	return nil
}

// memoryServer starts Lockstep without a disk, which is a program of its own.
func (b *bench) memoryServer(ctx context.Context, s setup) (*server, error) {
	spec, _, err := b.spec(ctx)
	if err != nil {
		return nil, err
	}
	spec.Command = []string{b.memoryProgram()}
	spec.Env = append(spec.Env, b.variables(spec, s)...)
	return b.launch(ctx, "Lockstep", spec)
}

// betterAuthServer starts the real Better Auth.
func (b *bench) betterAuthServer(ctx context.Context, s setup) (*server, error) {
	spec, dir, err := b.spec(ctx)
	if err != nil {
		return nil, err
	}
	spec.Command, spec.Dir = []string{"node", "server.mjs"}, b.node
	spec.Env = append(spec.Env, b.variables(spec, s)...)
	spec.Env = append(spec.Env, "NODE_ENV=production", "DB="+s.db, "DATABASE="+s.path(dir))
	return b.launch(ctx, "Better Auth", spec)
}

func (b *bench) variables(spec child.Spec, s setup) []string {
	_, port, _ := net.SplitHostPort(spec.Host)
	return []string{"PORT=" + port, "COOKIE_CACHE=" + s.cache, "SECRET=" + b.secret}
}

// path is where the database is, which is in dir if the setup has none.
func (s setup) path(dir string) string {
	if s.file != "" {
		return s.file
	}
	return filepath.Join(dir, "auth.db")
}

// spec describes a server with a port and a folder of its own. Of the
// environment it gets what programs need to run, so that no variable of the
// user's changes what is measured.
func (b *bench) spec(ctx context.Context) (child.Spec, string, error) {
	dir, err := os.MkdirTemp(b.scratch, "server-")
	if err != nil {
		return child.Spec{}, "", err
	}
	host, err := child.FreeHost(ctx)
	if err != nil {
		return child.Spec{}, "", err
	}
	spec := child.Spec{Host: host, Log: filepath.Join(dir, "log"), Now: time.Now}
	for _, name := range []string{"PATH", "HOME", "TMPDIR"} {
		if value, ok := os.LookupEnv(name); ok {
			spec.Env = append(spec.Env, name+"="+value)
		}
	}
	return spec, dir, nil
}

func (b *bench) launch(ctx context.Context, name string, spec child.Spec) (*server, error) {
	p, err := child.Start(ctx, spec)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return &server{Process: p, name: name}, nil
}

// pair starts both servers with the same setup.
func (b *bench) pair(ctx context.Context, s setup) (pair [2]*server, err error) {
	if pair[0], err = b.lockstepServer(ctx, s); err != nil {
		return pair, err
	}
	if pair[1], err = b.betterAuthServer(ctx, s); err != nil {
		return pair, errors.Join(err, pair[0].Stop())
	}
	return pair, nil
}

// signUp makes users of a server.
func (b *bench) signUp(ctx context.Context, s *server, count int) error {
	for range count {
		email := b.email()
		answer, err := load.Send(ctx, s.Dial, s.SignUp(email))
		if err != nil {
			return fmt.Errorf("%s: sign up: %w", s.name, err)
		}
		session, err := request.NewSession(answer)
		if err != nil {
			return fmt.Errorf("%s: sign up: %w", s.name, err)
		}
		s.emails, s.sessions = append(s.emails, email), append(s.sessions, session)
	}
	return nil
}

// email returns an address that nobody has had.
func (b *bench) email() string {
	b.users++
	return fmt.Sprintf("user-%d@example.com", b.users)
}
