package server

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"sync"
	"time"
)

const (
	bufferSize  = 32 << 10               // bytes
	bufferDelay = 100 * time.Millisecond // that a line may wait
)

// A Buffer gathers the lines of a log. One line for each request, written with a
// system call of its own, costs more than answering from a cookie does. Lines
// are written after a tenth of a second, or with the next warning or error,
// which do not wait. What waits is lost if the program is killed, not if it
// ends in order: then Flush writes it.
type Buffer struct {
	mu        sync.Mutex
	w         io.Writer
	buf       *bufio.Writer
	scheduled bool
}

// NewBuffer returns a buffer in front of w.
func NewBuffer(w io.Writer) *Buffer { return &Buffer{w: w, buf: bufio.NewWriterSize(w, bufferSize)} }

// JSON returns a handler that writes records as lines of JSON.
func (b *Buffer) JSON() slog.Handler { return bufferHandler{slog.NewJSONHandler(b, nil), b} }

// Write implements io.Writer.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.schedule()
	return b.buf.Write(p)
}

// append writes what f appends, without a copy of its own.
func (b *Buffer) append(f func([]byte) []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.schedule()
	_, _ = b.buf.Write(f(b.buf.AvailableBuffer())) // there is no log to tell it
}

func (b *Buffer) schedule() {
	if b.scheduled {
		return
	}
	b.scheduled = true
	time.AfterFunc(bufferDelay, func() { _ = b.Flush() }) // there is no log to tell it
}

// Flush writes the lines that wait. Lines that cannot be written are dropped:
// bufio would refuse every later one too.
func (b *Buffer) Flush() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.scheduled = false
	err := b.buf.Flush()
	if err != nil {
		b.buf.Reset(b.w)
	}
	return err
}

type bufferHandler struct {
	slog.Handler

	buffer *Buffer
}

// Handle implements slog.Handler.
func (h bufferHandler) Handle(ctx context.Context, r slog.Record) error {
	err := h.Handler.Handle(ctx, r)
	if err == nil && r.Level >= slog.LevelWarn {
		return h.buffer.Flush()
	}
	return err
}

// WithAttrs implements slog.Handler.
func (h bufferHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return bufferHandler{h.Handler.WithAttrs(attrs), h.buffer}
}

// WithGroup implements slog.Handler.
func (h bufferHandler) WithGroup(name string) slog.Handler {
	return bufferHandler{h.Handler.WithGroup(name), h.buffer}
}
