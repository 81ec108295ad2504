package server_test

import (
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/server"
)

// A sink counts the writes it gets, and fails as often as it is told.
type sink struct {
	mu     sync.Mutex
	writes []string
	fail   int
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail > 0 {
		s.fail--
		return 0, errors.New("no space")
	}
	s.writes = append(s.writes, string(p))
	return len(p), nil
}

func (s *sink) lines() (writes, lines int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.writes), strings.Count(strings.Join(s.writes, ""), "\n")
}

func TestBuffer(t *testing.T) {
	tests := []struct {
		name          string
		do            func(b *server.Buffer, log *slog.Logger)
		writes, lines int
	}{
		{"lines wait", func(_ *server.Buffer, log *slog.Logger) { log.Info("a") }, 0, 0},
		{"lines are written together", func(_ *server.Buffer, log *slog.Logger) {
			log.Info("a")
			log.Info("b")
			time.Sleep(time.Second)
		}, 1, 2},
		{"the next lines too", func(_ *server.Buffer, log *slog.Logger) {
			log.Info("a")
			time.Sleep(time.Second)
			log.Info("b")
			time.Sleep(time.Second)
		}, 2, 2},
		{"a warning does not wait", func(_ *server.Buffer, log *slog.Logger) {
			log.Info("a")
			log.With("k", 1).WithGroup("g").Warn("b")
		}, 1, 2},
		{"the end", func(b *server.Buffer, log *slog.Logger) {
			log.Info("a")
			_ = b.Flush()
		}, 1, 1},
		{"many lines", func(_ *server.Buffer, log *slog.Logger) { log.Info("a", "k", strings.Repeat("a", 40<<10)) }, 1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := new(sink)
				b := server.NewBuffer(s)
				tt.do(b, slog.New(b.JSON()))
				synctest.Wait()
				if writes, lines := s.lines(); writes != tt.writes || lines != tt.lines {
					t.Errorf("%d lines in %d writes, want %d in %d", lines, writes, tt.lines, tt.writes)
				}
			})
		})
	}
}

func TestBufferGoesOnAfterAnError(t *testing.T) {
	s := &sink{fail: 1}
	b := server.NewBuffer(s)
	log := slog.New(b.JSON())
	log.Info("lost")
	if err := b.Flush(); err == nil {
		t.Error("no error for lines that were not written")
	}
	log.Info("a")
	if err := b.Flush(); err != nil {
		t.Error(err)
	}
	if _, lines := s.lines(); lines != 1 {
		t.Errorf("%d lines, want 1", lines)
	}
}
