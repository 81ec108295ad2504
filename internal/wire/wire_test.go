package wire_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/internal/wire"
	"github.com/lockstep-auth/lockstep/schema"
)

func shape(t *testing.T) *wire.Shape {
	t.Helper()
	tables, err := schema.Merge(identity.Tables(), []schema.Table{
		{Name: "user", Fields: []schema.Field{
			{Name: "role"},
			{Name: "secret", NoOutput: true},
			{Name: "born", Type: schema.Date},
			{Name: "tags", Type: schema.Strings},
			{Name: "level", Type: schema.Number},
		}},
		{Name: "session", Fields: []schema.Field{{Name: "theme"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return wire.NewShape(tables)
}

var at = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func user() *identity.User {
	return &identity.User{
		ID: "u1", Name: "Zoë <b>", Email: "z@b.co", CreatedAt: at, UpdatedAt: at.Add(120 * time.Millisecond),
		Fields: map[string]any{"role": "admin", "secret": "hidden", "born": at, "tags": []string{"a"}, "level": 3.0},
	}
}

func session() *identity.Session {
	return &identity.Session{
		ID: "s1", Token: "t1", UserID: "u1", ExpiresAt: at, CreatedAt: at, UpdatedAt: at, IPAddress: "1.2.3.4", UserAgent: "ua",
		Fields: map[string]any{"theme": nil},
	}
}

// The order of members, the three digits of milliseconds, null for what is
// unset, and no trace of hidden fields are what upstream sends.
func TestAppend(t *testing.T) {
	t.Parallel()
	s := shape(t)
	for _, tc := range []struct{ name, got, want string }{
		{"user", string(s.AppendUser(nil, user())), `{"name":"Zoë <b>","email":"z@b.co","emailVerified":false,"image":null,` +
			`"createdAt":"2026-01-02T03:04:05.000Z","updatedAt":"2026-01-02T03:04:05.120Z","role":"admin",` +
			`"born":"2026-01-02T03:04:05.000Z","tags":["a"],"level":3,"id":"u1"}`},
		{"cached user", string(s.AppendCachedUser(nil, user())), `{"id":"u1","createdAt":"2026-01-02T03:04:05.000Z",` +
			`"updatedAt":"2026-01-02T03:04:05.120Z","email":"z@b.co","emailVerified":false,"name":"Zoë <b>","image":null,` +
			`"role":"admin","born":"2026-01-02T03:04:05.000Z","tags":["a"],"level":3}`},
		{"session", string(s.AppendSession(nil, session())), `{"expiresAt":"2026-01-02T03:04:05.000Z","token":"t1",` +
			`"createdAt":"2026-01-02T03:04:05.000Z","updatedAt":"2026-01-02T03:04:05.000Z","ipAddress":"1.2.3.4",` +
			`"userAgent":"ua","userId":"u1","theme":null,"id":"s1"}`},
		{"account", string(s.AppendAccount(nil, &identity.Account{
			ID: "a1", ProviderID: "github", AccountID: "7", UserID: "u1", Password: "hash", Scope: "read, write,", CreatedAt: at, UpdatedAt: at,
		})), `{"accountId":"7","providerId":"github","userId":"u1","createdAt":"2026-01-02T03:04:05.000Z",` +
			`"updatedAt":"2026-01-02T03:04:05.000Z","id":"a1","scopes":["read","write"]}`},
	} {
		if tc.got != tc.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tc.name, tc.got, tc.want)
		}
	}
}

func TestParseReadsWhatAppendWrites(t *testing.T) {
	t.Parallel()
	s := shape(t)
	for _, data := range [][]byte{s.AppendUser(nil, user()), s.AppendCachedUser(nil, user())} {
		got, ok := s.ParseUser(data)
		want := user()
		delete(want.Fields, "secret")
		want.Fields["tags"] = []any{"a"} // from JSON
		if diff := cmp.Diff(want, got); !ok || diff != "" {
			t.Errorf("user, %v: %s", ok, diff)
		}
	}
	for _, data := range [][]byte{s.AppendSession(nil, session()), s.AppendCachedSession(nil, session())} {
		got, ok := s.ParseSession(data)
		if diff := cmp.Diff(session(), got); !ok || diff != "" {
			t.Errorf("session, %v: %s", ok, diff)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	s := shape(t)
	for _, tc := range []struct{ name, data string }{
		{"no object", `[]`},
		{"no id", `{"name":"n","email":"e","createdAt":"2026-01-02T03:04:05.000Z","updatedAt":"2026-01-02T03:04:05.000Z"}`},
		{"a number as name", `{"id":"u","name":1,"email":"e","createdAt":"2026-01-02T03:04:05.000Z","updatedAt":"2026-01-02T03:04:05.000Z"}`},
		{"no date", `{"id":"u","name":"n","email":"e","createdAt":"yesterday","updatedAt":"2026-01-02T03:04:05.000Z"}`},
		{"text as flag", `{"id":"u","name":"n","email":"e","emailVerified":"true","createdAt":"2026-01-02T03:04:05.000Z","updatedAt":"2026-01-02T03:04:05.000Z"}`},
	} {
		if _, ok := s.ParseUser([]byte(tc.data)); ok {
			t.Errorf("%s: accepted", tc.name)
		}
	}
}

// FuzzParseUser: what is accepted is a user, and writes as valid JSON that reads
// the same again.
func FuzzParseUser(f *testing.F) {
	tables, _ := schema.Merge(identity.Tables(), []schema.Table{{Name: "user", Fields: []schema.Field{{Name: "meta", Type: schema.JSON}}}})
	s := wire.NewShape(tables)
	f.Add([]byte(`{"id":"u","name":"n","email":"E","createdAt":"2026-01-02T03:04:05.000Z","updatedAt":"2026-01-02T03:04:05.000Z","meta":{"a":[1]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		u, ok := s.ParseUser(data)
		if !ok {
			return
		}
		out := s.AppendUser(nil, u)
		if !json.Valid(out) {
			t.Fatalf("wrote %s", out)
		}
		again, ok := s.ParseUser(out)
		if diff := cmp.Diff(u, again); !ok || diff != "" {
			t.Errorf("read again, %v: %s", ok, diff)
		}
	})
}
