package fakegithub_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/fakegithub"
)

func TestExchangeRefuses(t *testing.T) {
	const badCode = "bad_verification_code"
	for _, tt := range []struct{ name, param, value, want string }{
		{"another client", "client_id", "other", "incorrect_client_credentials"},
		{"another secret", "client_secret", "other", "incorrect_client_credentials"},
		{"no secret", "client_secret", "", "incorrect_client_credentials"},
		{"another code", "code", "other", badCode},
		{"no code", "code", "", badCode},
		{"another verifier", "code_verifier", verifier + "x", badCode},
		{"no verifier", "code_verifier", "", badCode},
		{"the challenge as the verifier", "code_verifier", challenge(), badCode},
		{"another address", "redirect_uri", callback + "/x", "redirect_uri_mismatch"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := open(t)
			out := w.exchange(w.agree(query(), url.Values{"person": {"ada"}}).Get("code"), tt.param, tt.value)
			if out["error"] != tt.want || out["error_description"] == "" || out["access_token"] != "" {
				t.Errorf("got %v, want %s", out, tt.want)
			}
		})
	}
	t.Run("a verifier without a challenge", func(t *testing.T) {
		w := open(t)
		q := query("code_challenge", "", "code_challenge_method", "")
		if out := w.exchange(w.agree(q, url.Values{"person": {"ada"}}).Get("code")); out["error"] != badCode {
			t.Errorf("got %v, want %s", out, badCode)
		}
		if out := w.exchange(w.agree(q, url.Values{"person": {"ada"}}).Get("code"), "code_verifier", ""); out["access_token"] == "" {
			t.Errorf("got %v, want a token for a client that does not know PKCE", out)
		}
	})
	t.Run("an old code", func(t *testing.T) {
		w := open(t)
		code := w.agree(query(), url.Values{"person": {"ada"}}).Get("code")
		w.now = w.now.Add(10 * time.Minute)
		if out := w.exchange(code); out["error"] != badCode {
			t.Errorf("got %v, want %s", out, badCode)
		}
	})
}

func TestACodeWorksOnce(t *testing.T) {
	w := open(t)
	code := w.agree(query(), url.Values{"person": {"ada"}}).Get("code")
	out := w.exchange(code)
	if out["access_token"] == "" || out["token_type"] != "bearer" || out["scope"] != "read:user,user:email" {
		t.Errorf("got %v, want a token", out)
	}
	if out := w.exchange(code); out["error"] != "bad_verification_code" {
		t.Errorf("again: got %v", out)
	}
	code = w.agree(query(), url.Values{"person": {"ada"}}).Get("code")
	w.exchange(code, "code_verifier", "wrong")
	if out := w.exchange(code); out["error"] != "bad_verification_code" {
		t.Errorf("after a wrong verifier: got %v", out)
	}
}

func TestACodeWorksOnceAtOnce(t *testing.T) {
	w := open(t)
	code := w.agree(query(), url.Values{"person": {"ada"}}).Get("code")
	var tokens atomic.Int64
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if w.exchange(code)["access_token"] != "" {
				tokens.Add(1)
			}
		})
	}
	wg.Wait()
	if got := tokens.Load(); got != 1 {
		t.Errorf("got %d tokens, want one", got)
	}
}

// A client that asks for nothing gets a form, as at GitHub.
func TestAnswersAsAForm(t *testing.T) {
	w := open(t)
	p := w.send(http.MethodPost, fakegithub.TokenPath, url.Values{"client_id": {"x"}})
	if got := p.Header.Get("Content-Type"); got != "application/x-www-form-urlencoded" || !strings.HasPrefix(p.body, "error=incorrect_client_credentials&") {
		t.Errorf("got %s %s", got, p.body)
	}
	form := url.Values{
		"client_id": {"id"}, "client_secret": {"secret"}, "code_verifier": {verifier},
		"code": {w.agree(query(), url.Values{"person": {"ada"}}).Get("code")},
	}
	if p = w.send(http.MethodPost, fakegithub.TokenPath, form); !strings.HasPrefix(p.body, "access_token=gho_") {
		t.Errorf("got %s", p.body)
	}
}

func TestForgetsWhatIsOld(t *testing.T) {
	w := open(t)
	first := w.agree(query(), url.Values{"person": {"ada"}}).Get("code")
	for range 1000 {
		w.agree(query(), url.Values{"person": {"ada"}})
	}
	last := w.agree(query(), url.Values{"person": {"ada"}}).Get("code")
	if out := w.exchange(first); out["error"] == "" {
		t.Errorf("the oldest of many codes: got %v", out)
	}
	if out := w.exchange(last); out["error"] != "" {
		t.Errorf("the newest of many codes: got %v", out)
	}
}

func TestWantsItsTokens(t *testing.T) {
	w := open(t)
	token := w.exchange(w.agree(query(), url.Values{"person": {"ada"}}).Get("code"))["access_token"]
	for header, want := range map[string]int{
		"": 401, "Bearer": 401, "Bearer x": 401, "Basic " + token: 401, token: 401,
		"Bearer " + token: 200, "token " + token: 200,
	} {
		for _, path := range []string{fakegithub.UserPath, fakegithub.EmailsPath} {
			if p := w.send(http.MethodGet, path, nil, "Authorization", header); p.StatusCode != want {
				t.Errorf("%s with %q: got %d, want %d", path, header, p.StatusCode, want)
			}
		}
	}
}
