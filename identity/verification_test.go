package identity_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/store"
)

func TestReset(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	u, s := w.signUp(t, "a@example.com")
	token, err := w.IssueReset(ctx, u.ID, time.Hour)
	if err != nil || len(token) != 24 {
		t.Fatalf("token %q, %v", token, err)
	}
	r, err := w.FindReset(ctx, token)
	if err != nil || r.User.ID != u.ID {
		t.Fatalf("found %+v, %v", r, err)
	}
	if err := w.ResetPassword(ctx, r, "new", true); err != nil {
		t.Fatal(err)
	}
	if err := w.ResetPassword(ctx, r, "newer", true); !errors.Is(err, identity.ErrNotFound) {
		t.Errorf("second: %v", err)
	}
	if account, err := w.FindCredential(ctx, u.ID); err != nil || account.Password != "new" {
		t.Errorf("account %+v, %v", account, err)
	}
	if _, _, err := w.FindSession(ctx, s.Token); !errors.Is(err, identity.ErrNotFound) {
		t.Errorf("session: %v", err)
	}
}

func TestFindResetTakesOnlyTokens(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	u, _ := w.signUp(t, "a@example.com")
	token, err := w.IssueReset(ctx, u.ID, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{
		"", token + "x", token[1:], strings.ToUpper(token) + "!", "%", "a b", "\xff", "\x00", token + "\x00", strings.Repeat("a", 1<<20),
	} {
		if _, err := w.FindReset(ctx, bad); !errors.Is(err, identity.ErrNotFound) {
			t.Errorf("%.20q: %v", bad, err)
		}
		if err := w.DeleteUser(ctx, u.ID, "x"+bad); !errors.Is(err, identity.ErrNotFound) {
			t.Errorf("deletion by %.20q: %v", bad, err)
		}
	}
	w.now = start.Add(time.Hour)
	if _, err := w.FindReset(ctx, token); !errors.Is(err, identity.ErrNotFound) {
		t.Errorf("expired: %v", err)
	}
}

func TestResetOfAUserWhoIsGone(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	u, _ := w.signUp(t, "a@example.com")
	token, err := w.IssueReset(ctx, u.ID, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.DeleteUser(ctx, u.ID, ""); err != nil {
		t.Fatal(err)
	}
	if r, err := w.FindReset(ctx, token); err != nil || r.User != nil {
		t.Errorf("found %+v, %v", r, err)
	}
}

func TestEmailChange(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	u, _ := w.signUp(t, "a@example.com")
	w.signUp(t, "taken@example.com")
	id, err := w.IssueEmailChange(ctx, u.ID, start.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	change := identity.EmailChange{UserID: u.ID, From: "a@example.com", To: "Taken@example.com", ID: id, Verified: true}
	if _, err := w.ChangeEmail(ctx, change); !errors.Is(err, identity.ErrEmailTaken) {
		t.Errorf("a taken address: %v", err)
	}
	change.To = "New@example.com"
	moved := change
	moved.From = "other@example.com"
	if _, err := w.ChangeEmail(ctx, moved); !errors.Is(err, identity.ErrNotFound) {
		t.Errorf("from another address: %v", err)
	}
	if _, err := w.ConfirmEmailChange(ctx, moved, start.Add(time.Hour)); !errors.Is(err, identity.ErrNotFound) {
		t.Errorf("confirmed from another address: %v", err)
	}
	next, err := w.ConfirmEmailChange(ctx, change, start.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.ChangeEmail(ctx, change); !errors.Is(err, identity.ErrNotFound) {
		t.Errorf("with the id that was confirmed: %v", err)
	}
	change.ID = next
	got, err := w.ChangeEmail(ctx, change)
	if err != nil || got.Email != "new@example.com" || !got.EmailVerified {
		t.Errorf("user %+v, %v", got, err)
	}
	if _, err := w.ChangeEmail(ctx, change); !errors.Is(err, identity.ErrNotFound) {
		t.Errorf("twice: %v", err)
	}
}

func TestPretendLeavesNothing(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	if err := errors.Join(w.PretendReset(ctx), w.PretendEmailChange(ctx)); err != nil {
		t.Fatal(err)
	}
	res, err := w.Store().Read(ctx, store.Query{Table: identity.VerificationTable, Count: true})
	if err != nil || res[0].Count != 0 {
		t.Errorf("%d rows, %v", res[0].Count, err)
	}
}
