package identity_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/memory"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// world is a service on an empty store, with a clock.
type world struct {
	*identity.Service
	now time.Time
}

func newWorld(t *testing.T, hooks ...identity.Hooks) *world {
	t.Helper()
	tables, err := schema.Merge(identity.Tables(), []schema.Table{
		{Name: "user", Fields: []schema.Field{{Name: "handle", Unique: true}}},
		{Name: "session", Fields: []schema.Field{{Name: "theme", Default: func() any { return "light" }}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	db := memory.New()
	if err := db.Bind(tables); err != nil {
		t.Fatal(err)
	}
	w := &world{now: start}
	w.Service = identity.New(identity.Config{
		Store: db, Now: func() time.Time { return w.now }, Tables: tables, Lifetime: 7 * 24 * time.Hour, Hooks: hooks,
	})
	return w
}

func (w *world) signUp(t *testing.T, email string) (*identity.User, *identity.Session) {
	t.Helper()
	u, s, err := w.SignUp(t.Context(), identity.NewUser{
		Name: "Ada", Email: email, PasswordHash: "hash", Device: &identity.Device{IPAddress: "1.2.3.4", UserAgent: "ua"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return u, s
}

func TestSignUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u, s := w.signUp(t, "Ada@Example.com")
	if u.Email != "ada@example.com" || u.EmailVerified || !u.CreatedAt.Equal(start) {
		t.Errorf("user = %+v", u)
	}
	if s.UserID != u.ID || len(s.Token) != 32 || !s.ExpiresAt.Equal(start.Add(7*24*time.Hour)) || s.Fields["theme"] != "light" {
		t.Errorf("session = %+v", s)
	}
	_, account, err := w.FindCredentials(t.Context(), "ADA@example.COM")
	if err != nil || account.AccountID != u.ID || account.UserID != u.ID || account.Password != "hash" {
		t.Errorf("account = %+v, %v", account, err)
	}
	_, _, err = w.SignUp(t.Context(), identity.NewUser{Name: "Eve", Email: "ada@example.com", PasswordHash: "other"})
	if !errors.Is(err, identity.ErrEmailTaken) {
		t.Errorf("second sign-up: %v", err)
	}
}

func TestUniqueFieldIsTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, _ := w.signUp(t, "a@example.com")
	b, _ := w.signUp(t, "b@example.com")
	if _, err := w.UpdateUser(t.Context(), a.ID, store.Record{"handle": "h"}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.UpdateUser(t.Context(), b.ID, store.Record{"handle": "h"}); !errors.Is(err, identity.ErrTaken) {
		t.Errorf("handle: %v", err)
	}
	if _, err := w.UpdateUser(t.Context(), b.ID, store.Record{"email": "a@example.com"}); !errors.Is(err, identity.ErrEmailTaken) {
		t.Errorf("email: %v", err)
	}
	if _, err := w.UpdateUser(t.Context(), "nobody", store.Record{"name": "x"}); !errors.Is(err, identity.ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
}

func TestSessions(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	u, first := w.signUp(t, "a@example.com")
	short, err := w.StartSession(ctx, u.ID, identity.Device{Unremembered: true, Fields: map[string]any{"theme": "dark"}})
	if err != nil || !short.ExpiresAt.Equal(start.Add(24*time.Hour)) || short.Fields["theme"] != "dark" {
		t.Fatalf("unremembered: %+v, %v", short, err)
	}
	w.now = start.Add(25 * time.Hour)
	list, err := w.ListSessions(ctx, u.ID)
	if err != nil || len(list) != 1 || list[0].ID != first.ID {
		t.Errorf("live sessions: %v, %v", list, err)
	}
	if s, _, err := w.FindSession(ctx, short.Token); err != nil || s.ID != short.ID {
		t.Errorf("an expired session is found, for the caller to remove: %v, %v", s, err)
	}
	refreshed, err := w.RefreshSession(ctx, first.Token)
	if err != nil || !refreshed.ExpiresAt.Equal(w.now.Add(7*24*time.Hour)) || !refreshed.CreatedAt.Equal(start) {
		t.Errorf("refreshed: %+v, %v", refreshed, err)
	}
	other, _ := w.StartSession(ctx, u.ID, identity.Device{})
	if err := w.EndOtherSessions(ctx, u.ID, first.Token); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.FindSession(ctx, other.Token); !errors.Is(err, identity.ErrNotFound) {
		t.Errorf("the other session: %v", err)
	}
	if err := w.EndSessionOf(ctx, "somebody", first.Token); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.FindSession(ctx, first.Token); err != nil {
		t.Errorf("a stranger ended the session: %v", err)
	}
	if err := w.EndSession(ctx, first.Token); err != nil {
		t.Fatal(err)
	}
	if _, err := w.RefreshSession(ctx, first.Token); !errors.Is(err, identity.ErrNotFound) {
		t.Errorf("refresh of an ended session: %v", err)
	}
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	u, old := w.signUp(t, "a@example.com")
	account, err := w.FindCredential(ctx, u.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.ChangePassword(ctx, identity.PasswordChange{Account: account, Hash: "second"}); err != nil {
		t.Fatal(err)
	}
	_, err = w.ChangePassword(ctx, identity.PasswordChange{Account: account, Hash: "third", Device: &identity.Device{}})
	if !errors.Is(err, identity.ErrNotFound) {
		t.Errorf("a change based on an old password: %v", err)
	}
	if _, _, err := w.FindSession(ctx, old.Token); err != nil {
		t.Errorf("the refused change ended sessions: %v", err)
	}
	account, _ = w.FindCredential(ctx, u.ID)
	s, err := w.ChangePassword(ctx, identity.PasswordChange{Account: account, Hash: "third", Device: &identity.Device{}})
	if err != nil || s == nil {
		t.Fatal(err)
	}
	list, _ := w.ListSessions(ctx, u.ID)
	if len(list) != 1 || list[0].Token != s.Token {
		t.Errorf("sessions after the change: %v", list)
	}
}

func TestAddPasswordOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u, _ := w.signUp(t, "a@example.com")
	if err := w.AddPassword(t.Context(), u.ID, "second"); !errors.Is(err, identity.ErrTaken) {
		t.Errorf("got %v", err)
	}
}

func TestDeleteUserLeavesNothing(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	u, _ := w.signUp(t, "a@example.com")
	keep, kept := w.signUp(t, "b@example.com")
	if err := w.DeleteUser(ctx, u.ID, "no such token"); !errors.Is(err, identity.ErrNotFound) {
		t.Errorf("with a wrong token: %v", err)
	}
	if _, err := w.FindUser(ctx, u.ID); err != nil {
		t.Errorf("a refused deletion deletes: %v", err)
	}
	if err := w.DeleteUser(ctx, u.ID, ""); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"user", "session", "account"} {
		res, err := w.Store().Read(ctx, store.Query{Table: table, Count: true})
		if err != nil || res[0].Count != 1 {
			t.Errorf("%s: %d rows, %v; want those of the other user", table, res[0].Count, err)
		}
	}
	if _, owner, err := w.FindSession(ctx, kept.Token); err != nil || owner.ID != keep.ID {
		t.Errorf("the other user: %v", err)
	}
}

func TestTokensDoNotPrint(t *testing.T) {
	t.Parallel()
	s := identity.Session{Token: "secret-token"}
	a := identity.Account{Password: "secret-hash"}
	for _, text := range []string{fmt.Sprint(s), fmt.Sprintf("%+v %#v %s %q", s, s, s.Token, s.Token), fmt.Sprintf("%+v %#v", a, a)} {
		if strings.Contains(text, "secret-") {
			t.Errorf("prints a secret: %s", text)
		}
	}
}

// recorder is hooks that write down what they see.
type recorder struct {
	mu  sync.Mutex
	log []string
}

func (r *recorder) hook(name string) identity.Hook {
	add := func(when string, row store.Record) {
		r.mu.Lock()
		defer r.mu.Unlock()
		_, hasID := row["id"]
		r.log = append(r.log, fmt.Sprintf("%s %s id=%v", when, name, hasID))
	}
	return identity.Hook{
		Before: func(_ context.Context, row store.Record) (store.Record, error) {
			add("before", row)
			return nil, nil
		},
		After: func(_ context.Context, row store.Record) error {
			add("after", row)
			return nil
		},
	}
}

func (r *recorder) take() []string {
	defer func() { r.log = nil }()
	return r.log
}

func TestHooks(t *testing.T) {
	t.Parallel()
	var r recorder
	w := newWorld(t, identity.Hooks{
		User:    identity.TableHooks{Create: r.hook("create user"), Update: r.hook("update user"), Delete: r.hook("delete user")},
		Session: identity.TableHooks{Create: r.hook("create session"), Delete: r.hook("delete session")},
	})
	u, _ := w.signUp(t, "a@example.com")
	want := []string{
		"before create user id=false", "before create session id=false", "after create user id=true", "after create session id=true",
	}
	if diff := cmp.Diff(want, r.take()); diff != "" {
		t.Error(diff)
	}
	if _, err := w.UpdateUser(t.Context(), u.ID, store.Record{"name": "B"}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"before update user id=false", "after update user id=true"}, r.take()); diff != "" {
		t.Error(diff)
	}
	if err := w.DeleteUser(t.Context(), u.ID, ""); err != nil {
		t.Fatal(err)
	}
	want = []string{
		"before delete session id=true", "before delete user id=true", "after delete session id=true", "after delete user id=true",
	}
	if diff := cmp.Diff(want, r.take()); diff != "" {
		t.Error(diff)
	}
}

func TestHooksChangeAndRefuse(t *testing.T) {
	t.Parallel()
	var refuse bool
	w := newWorld(t, identity.Hooks{User: identity.TableHooks{Create: identity.Hook{
		Before: func(_ context.Context, row store.Record) (store.Record, error) {
			if refuse {
				return nil, identity.ErrRefused
			}
			return store.Record{"name": row["name"].(string) + "!"}, nil
		},
	}}})
	u, _ := w.signUp(t, "a@example.com")
	if u.Name != "Ada!" {
		t.Errorf("name = %q", u.Name)
	}
	refuse = true
	_, _, err := w.SignUp(t.Context(), identity.NewUser{Name: "Eve", Email: "eve@example.com"})
	if !errors.Is(err, identity.ErrRefused) {
		t.Errorf("got %v", err)
	}
	if _, err := w.FindUserByEmail(t.Context(), "eve@example.com"); !errors.Is(err, identity.ErrNotFound) {
		t.Errorf("a refused user exists: %v", err)
	}
}

// TestAfterHookThatFails: the request has failed, so no session of it is left that
// nobody has.
func TestAfterHookThatFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	fail := identity.Hook{After: func(context.Context, store.Record) error { return broken }}
	for name, hooks := range map[string]identity.Hooks{
		"of the user":    {User: identity.TableHooks{Create: fail}},
		"of the account": {Account: identity.TableHooks{Create: fail}},
		"of the session": {Session: identity.TableHooks{Create: fail}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, hooks)
			_, err := w.SignUpOAuth(t.Context(), identity.OAuthUser{
				Key: identity.AccountKey{ProviderID: "github", AccountID: "1"}, Name: "Ada", Email: "ada@example.com", Device: &identity.Device{},
			})
			if !errors.Is(err, broken) {
				t.Errorf("got %v, want %v", err, broken)
			}
			u, err := w.FindUserByEmail(t.Context(), "ada@example.com")
			if err != nil {
				t.Fatalf("the user: %v", err)
			}
			sessions, err := w.ListSessions(t.Context(), u.ID)
			if err != nil || len(sessions) != 0 {
				t.Errorf("got %d sessions, %v, want none", len(sessions), err)
			}
		})
	}
}
