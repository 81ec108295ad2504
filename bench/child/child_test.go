package child_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep/bench/child"
	"github.com/lockstep-auth/lockstep/bench/load"
)

// roleVariable makes the test program a server.
const roleVariable = "CHILD_TEST_ROLE"

func TestMain(m *testing.M) {
	host := os.Getenv("CHILD_TEST_HOST")
	switch os.Getenv(roleVariable) {
	case "good":
		fmt.Println("a server")
		http.HandleFunc("/api/auth/ok", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(`{"ok":true}`)) })
		fmt.Println(http.ListenAndServe(host, nil))
	case "broken":
		fmt.Println("no such database")
		os.Exit(1)
	case "silent":
		l, err := net.Listen("tcp", host)
		fmt.Println(l, err)
		select {}
	default:
		os.Exit(m.Run())
	}
}

func spec(t *testing.T, role string) child.Spec {
	t.Helper()
	host, err := child.FreeHost(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return child.Spec{
		Command: []string{program}, Env: []string{roleVariable + "=" + role, "CHILD_TEST_HOST=" + host},
		Host: host, Log: filepath.Join(t.TempDir(), "log"), Now: time.Now,
	}
}

func TestStartAndStop(t *testing.T) {
	s := spec(t, "good")
	p, err := child.Start(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if p.Start <= 0 {
		t.Errorf("start: got %v, want some time", p.Start)
	}
	if _, err := load.Send(t.Context(), p.Dial, p.OK()); err != nil {
		t.Error(err)
	}
	if log, err := os.ReadFile(s.Log); err != nil || string(log) != "a server\n" {
		t.Errorf("log: got %q, %v", log, err)
	}
	if err := p.Rewind(); err != nil {
		t.Error(err)
	}
	if log, err := os.ReadFile(s.Log); err != nil || len(log) != 0 {
		t.Errorf("log after Rewind: got %q, %v, want nothing", log, err)
	}
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
	if err := syscall.Kill(p.PID(), 0); err != syscall.ESRCH {
		t.Errorf("after Stop: got %v, want no such process", err)
	}
	if err := p.Stop(); err != nil {
		t.Errorf("a second Stop: got %v", err)
	}
}

func TestServerThatEndsAtOnce(t *testing.T) {
	_, err := child.Start(t.Context(), spec(t, "broken"))
	if err == nil || !strings.Contains(err.Error(), "ended before it answered") || !strings.Contains(err.Error(), "no such database") {
		t.Errorf("got %v, want what it printed", err)
	}
}

func TestEndOfContextEndsTheServer(t *testing.T) {
	s := spec(t, "silent")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		// End once the server listens, so that it is waiting for an answer that stops.
		for {
			if conn, err := net.Dial("tcp", s.Host); err == nil {
				conn.Close()
				cancel()
				return
			}
		}
	}()
	if _, err := child.Start(ctx, s); err == nil {
		t.Error("got a server that never answered")
	}
	if conn, err := net.Dial("tcp", s.Host); err == nil {
		conn.Close()
		t.Error("the server still listens")
	}
}

func TestProgramThatIsNotThere(t *testing.T) {
	s := spec(t, "good")
	s.Command = []string{filepath.Join(t.TempDir(), "nothing")}
	if _, err := child.Start(t.Context(), s); err == nil {
		t.Error("got no error")
	}
}
