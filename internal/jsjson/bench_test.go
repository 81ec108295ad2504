package jsjson_test

import (
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep/internal/jsjson"
)

// payload is a session cache as servers make it.
const payload = `{"session":{"expiresAt":"2026-01-09T03:04:05.678Z","token":"Zt3kV9q1mC2xR7pL0sYdW8eBnHfGuJ4a","createdAt":"2026-01-02T03:04:05.678Z","updatedAt":"2026-01-02T03:04:05.678Z","ipAddress":"203.0.113.195","userAgent":"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36","userId":"8dKq2vN5xYz7cWb1RmTfLpGhJsQaEuIo","id":"Pw3nXk8yVb2QcZm6TdRgLfHjSaYuEiOo"},"user":{"name":"Ada Lovelace","email":"ada@example.com","emailVerified":true,"image":null,"createdAt":"2026-01-02T03:04:05.678Z","updatedAt":"2026-01-02T03:04:05.678Z","id":"8dKq2vN5xYz7cWb1RmTfLpGhJsQaEuIo"},"updatedAt":1767323045678,"version":"1"}`

func BenchmarkMembers(b *testing.B) {
	data := []byte(payload)
	members := make([]jsjson.Member, 0, 32)
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		outer, ok := jsjson.Members(members[:0], data)
		if !ok {
			b.Fatal("refused")
		}
		inner := outer
		for _, m := range outer[:2] {
			if inner, ok = jsjson.Members(inner, m.Value); !ok {
				b.Fatal("refused")
			}
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	data := []byte(payload)
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := jsjson.Decode(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkValues(b *testing.B) {
	number, text, at := []byte("1767323045678"), []byte(`"ada@example.com"`), []byte(`"2026-01-02T03:04:05.678Z"`)
	b.Run("Number", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			jsjson.Number(number)
		}
	})
	b.Run("String", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			jsjson.String(text)
		}
	})
	b.Run("Time", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			jsjson.Time(at)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	var dst []byte
	at := time.UnixMilli(1767323045678)
	b.Run("String", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(payload)))
		for b.Loop() {
			dst = jsjson.AppendString(dst[:0], payload)
		}
	})
	b.Run("Number", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			dst = jsjson.AppendNumber(dst[:0], 1767323045678)
		}
	})
	b.Run("Time", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			dst = jsjson.AppendTime(dst[:0], at)
		}
	})
}
