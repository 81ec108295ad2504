package lockstep_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/locksteptest"
	"github.com/lockstep-auth/lockstep/plugin"
)

func TestAPI(t *testing.T) {
	t.Parallel()
	s := locksteptest.Start(t, lockstep.Config{
		EmailAndPassword: passwords(), RateLimit: lockstep.RateLimit{Enabled: new(true), Max: 1},
		User: lockstep.UserOptions{DeleteUser: lockstep.DeleteUser{Enabled: true}},
	})
	ctx, api := t.Context(), s.API()
	up, err := api.SignUpEmail(ctx, lockstep.SignUpEmail{Name: "Ada", Email: "ada@example.com", Password: "correct horse"})
	if err != nil || up.Login.User.Email != "ada@example.com" || len(up.Header["Set-Cookie"]) == 0 {
		t.Fatalf("sign-up: %+v, %v", up, err)
	}
	in, err := api.SignInEmail(ctx, "ada@example.com", "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{"Cookie": {cookiesOf(in.Header)}}
	if got, err := api.GetSession(ctx, header); err != nil || got.User.Name != "Ada" {
		t.Errorf("session: %v, %v", got, err)
	}
	if _, err := api.GetSession(ctx, nil); !errors.Is(err, lockstep.ErrNoSession) {
		t.Errorf("nobody's session: %v", err)
	}
	if list, err := api.ListSessions(ctx, header); err != nil || len(list) != 2 {
		t.Errorf("sessions: %v, %v", list, err)
	}
	for range 3 { // no rate limit for the program itself
		if ok, err := api.VerifyPassword(ctx, header, "wrong"); ok || err != nil {
			t.Errorf("wrong password: %v, %v", ok, err)
		}
	}
	if ok, err := api.VerifyPassword(ctx, header, "correct horse"); !ok || err != nil {
		t.Errorf("right password: %v, %v", ok, err)
	}
	err = api.SetPassword(ctx, header, "correct horses")
	if e, ok := errors.AsType[*plugin.Error](err); !ok || e.Code != "PASSWORD_ALREADY_SET" {
		t.Errorf("set password: %v", err)
	}
	_, err = api.ChangePassword(ctx, header, lockstep.ChangePassword{CurrentPassword: "correct horse", NewPassword: "short"})
	if e, ok := errors.AsType[*plugin.Error](err); !ok || e.Code != "PASSWORD_TOO_SHORT" {
		t.Errorf("change password: %v", err)
	}
	if err := api.RevokeOtherSessions(ctx, header); err != nil {
		t.Error(err)
	}
	if _, err := api.UpdateUser(ctx, header, m{"name": "Countess"}); err != nil {
		t.Error(err)
	}
	if got, err := api.GetSession(ctx, header); err != nil || got.User.Name != "Countess" {
		t.Errorf("after update: %v, %v", got, err)
	}
	if _, err := api.SignOut(ctx, header); err != nil {
		t.Error(err)
	}
	if _, err := api.GetSession(ctx, header); !errors.Is(err, lockstep.ErrNoSession) {
		t.Errorf("after sign-out: %v", err)
	}
	_, err = api.Call(ctx, http.MethodGet, "/nothing", nil, nil)
	if err == nil {
		t.Error("an unknown endpoint answers")
	}
}

// cookiesOf returns the Cookie header that answers a response's cookies.
func cookiesOf(h http.Header) string {
	r := http.Response{Header: h}
	var out string
	for _, c := range r.Cookies() {
		if c.Value != "" {
			out += c.Name + "=" + c.Value + "; "
		}
	}
	return out
}

func TestVerifier(t *testing.T) {
	t.Parallel()
	for _, strategy := range []string{"compact", "jwt", "jwe"} {
		t.Run(strategy, func(t *testing.T) {
			t.Parallel()
			s := locksteptest.Start(t, lockstep.Config{
				EmailAndPassword: passwords(),
				Session: lockstep.SessionOptions{
					CookieCache: lockstep.CookieCache{Enabled: true, Strategy: strategy, Version: "2"},
				},
			})
			s.Browser.Post("/sign-up/email", ada())
			r, _ := http.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("Cookie", s.Browser.CookieHeader())
			config := lockstep.VerifierConfig{
				Secret: locksteptest.Secret, Strategy: strategy, Version: "2", Now: s.Clock.Now,
			}
			session := func(change func(*lockstep.VerifierConfig)) error {
				c := config
				if change != nil {
					change(&c)
				}
				v, err := lockstep.NewVerifier(c)
				if err != nil {
					t.Fatal(err)
				}
				got, err := v.Session(r)
				if err == nil && got.User.Email != "ada@example.com" {
					t.Errorf("user %v", got.User)
				}
				return err
			}
			if err := session(nil); err != nil {
				t.Errorf("valid cookie: %v", err)
			}
			for name, change := range map[string]func(*lockstep.VerifierConfig){
				"another secret":   func(c *lockstep.VerifierConfig) { c.Secret = "another secret that is long enough 012345" },
				"another version":  func(c *lockstep.VerifierConfig) { c.Version = "3" },
				"secure names":     func(c *lockstep.VerifierConfig) { c.Secure = true },
				"another prefix":   func(c *lockstep.VerifierConfig) { c.CookiePrefix = "other" },
				"another strategy": func(c *lockstep.VerifierConfig) { c.Strategy = map[string]string{"jwt": "jwe"}[strategy] + "" },
			} {
				if name == "another strategy" && strategy != "jwt" {
					continue
				}
				if err := session(change); !errors.Is(err, lockstep.ErrNoSession) {
					t.Errorf("%s: %v", name, err)
				}
			}
			s.Clock.Advance(6 * 60 * 1e9)
			if err := session(nil); !errors.Is(err, lockstep.ErrNoSession) {
				t.Errorf("after the copy has ended: %v", err)
			}
		})
	}
}
