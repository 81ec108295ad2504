// Package child starts the servers that are measured, as processes of its own,
// and ends them.
package child

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/lockstep-auth/lockstep/bench/load"
	"github.com/lockstep-auth/lockstep/bench/request"
)

const (
	startTimeout = 30 * time.Second
	stopTimeout  = 15 * time.Second // Lockstep lets requests under way finish for 10 seconds

	// poll is how often a server that starts is asked whether it answers.
	poll = time.Millisecond

	// maxTail is how much of the log an error shows, in bytes.
	maxTail = 2 << 10
)

// A Spec describes a server.
type Spec struct {
	Command []string
	Dir     string
	Env     []string // the whole environment
	Host    string   // where it is going to listen, such as "127.0.0.1:3000"
	Log     string   // the file that gets what it prints
	Now     func() time.Time
}

// A Process is a server that runs.
type Process struct {
	request.Site
	// Start is how long it took from the start of the program to the first
	// right answer.
	Start time.Duration

	cmd  *exec.Cmd
	log  *os.File
	done chan struct{}
}

// Start starts a server and waits until it answers. The end of ctx ends it too.
func Start(ctx context.Context, s Spec) (*Process, error) {
	log, err := os.OpenFile(s.Log, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, s.Command[0], s.Command[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = s.Dir, s.Env, log, log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopTimeout
	p := &Process{Site: request.Site{Host: s.Host}, cmd: cmd, log: log, done: make(chan struct{})}
	began := s.Now()
	if err := cmd.Start(); err != nil {
		log.Close()
		return nil, err
	}
	go func() {
		cmd.Wait() // how a server ends, once it has answered, says nothing
		close(p.done)
	}()
	if err := p.answers(ctx); err != nil {
		err = fmt.Errorf("%s: %w\n%s", s.Command[0], err, p.tail())
		return nil, errors.Join(err, p.Stop())
	}
	p.Start = s.Now().Sub(began)
	return p, nil
}

// answers waits for the first right answer.
func (p *Process) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		_, err := load.Send(ctx, p.Dial, p.OK())
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return errors.New("it ended before it answered")
		case <-ctx.Done():
			return fmt.Errorf("no answer: %w", err)
		case <-time.After(poll):
		}
	}
}

// Dial connects to the server.
func (p *Process) Dial(ctx context.Context) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "tcp", p.Host)
}

// PID returns the id of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Rewind empties the log, so that a long run does not fill the disk.
func (p *Process) Rewind() error { return p.log.Truncate(0) }

// Stop ends the server: in an orderly way, or by force after 15 seconds.
func (p *Process) Stop() error {
	defer p.log.Close()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(stopTimeout):
	}
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-p.done
	return errors.New("a server had to be killed")
}

// tail returns the end of the log.
func (p *Process) tail() []byte {
	info, err := p.log.Stat()
	if err != nil {
		return nil
	}
	buf := make([]byte, min(info.Size(), maxTail))
	n, _ := p.log.ReadAt(buf, info.Size()-int64(len(buf))) // as much as there is
	return bytes.TrimSpace(buf[:n])
}

// FreeHost returns an address on this machine that nobody listens on.
func FreeHost(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
