package ui_test

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/ui"
)

func ada() member { return member{ID: 1, Name: "Ada", Email: "ada@example.com", Verified: true} }

func TestSignInWithAService(t *testing.T) {
	w := openWithServices(t, nil)
	for _, tt := range []struct{ name, page, query, want string }{
		{"makes an account", "/sign-up", "", "/account"},
		{"signs in", "/sign-in", "", "/account"},
		{"goes where the user wanted to go", "/sign-in", "?redirect=%2Fdocs%3Fpage%3D2", "/docs?page=2"},
		{"goes there after a sign-up, too", "/sign-up", "?redirect=%2Fdocs", "/docs"},
		{"does not leave the site", "/sign-in", "?redirect=%2F%2Fevil.example", "/account"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBrowser(t, w.pages)
			p := b.must(b.get(tt.page+tt.query), http.StatusOK, `<p class="or">or</p>`,
				`<button class="second" name="provider" value="github">Continue with GitHub</button>`)
			_, rest, _ := strings.Cut(p.text, `<form class="services" method="post" action="`)
			action, _, _ := strings.Cut(rest, `"`)
			if got := b.through(action, ada()); got != tt.want {
				t.Errorf("sent to %q, want %q", got, tt.want)
			}
			b.must(b.get("/account"), http.StatusOK, "<strong>Ada</strong> (ada@example.com)")
		})
	}
	b := newBrowser(t, w.pages)
	b.mustGo(b.get("/sign-in/social"), "/sign-in")
	b.mustGo(b.get("/sign-up/social"), "/sign-up")
}

// No page names a service of a server that has none.
func TestNoServices(t *testing.T) {
	w := open(t, nil)
	b := newBrowser(t, w.pages)
	signedIn := w.signUp(t, "Ada")
	for _, p := range []page{b.get("/sign-in"), b.get("/sign-up"), signedIn.get("/account")} {
		if strings.Contains(p.body, "Continue with") || strings.Contains(p.body, `class="or"`) || strings.Contains(p.body, "Sign-in methods") {
			t.Errorf("page has services:\n%s", p.body)
		}
	}
	b.must(b.post("/sign-in/social", "provider", "github"), http.StatusNotFound)
	b.must(b.post("/account/methods/link", "provider", "github"), http.StatusNotFound)
}

// Where there are no passwords, no page asks for one.
func TestServicesOnly(t *testing.T) {
	w := openWithServices(t, func(c *lockstep.Config) { c.EmailAndPassword.Enabled = false }, func(c *ui.Config) { c.DisablePassword = true })
	b := newBrowser(t, w.pages)
	for _, path := range []string{"/sign-in", "/sign-up", "/sign-in?error=access_denied"} {
		p := b.get(path)
		if !strings.Contains(p.body, "Continue with GitHub") || strings.Contains(p.body, `type="password"`) || strings.Contains(p.body, `class="or"`) {
			t.Errorf("%s: want buttons and nothing else:\n%s", path, p.body)
		}
	}
	if got := b.through("/sign-up/social", ada()); got != "/account" {
		t.Fatalf("sent to %q", got)
	}
	if p := b.must(b.get("/account"), http.StatusOK); strings.Contains(p.body, `type="password"`) || strings.Contains(p.body, `href="#password"`) {
		t.Errorf("account page asks for a password:\n%s", p.body)
	}
	if p := b.must(b.get("/account/delete"), http.StatusOK, "It cannot be undone."); strings.Contains(p.text, "password") {
		t.Errorf("delete page asks for a password:\n%s", p.body)
	}
	w.pass(25 * time.Hour)
	b.must(b.post("/account/delete"), http.StatusBadRequest, "You signed in too long ago for this.")
	b.through("/sign-in/social", ada())
	b.mustGo(b.post("/account/delete"), "/?notice=deleted")

	w = open(t, nil, func(c *ui.Config) { c.DisablePassword = true })
	b = newBrowser(t, w.pages)
	b.must(b.get("/sign-in"), http.StatusOK, "This server has no way to sign in at the moment.")
}

// What went wrong is said on the page where the sign-in began.
func TestComesBackWithoutSigningIn(t *testing.T) {
	w := openWithServices(t, nil)
	w.signUp(t, "Eve") // nobody has shown that the address is hers
	for _, tt := range []struct {
		name, path string
		params     []string
		want, says string
	}{
		{
			"canceled", "/sign-in/social",
			[]string{"error", "access_denied", "error_description", "for programmers"},
			"/sign-in?error=access_denied&error_description=for+programmers", "You have not agreed at the other service",
		},
		{
			"canceled on the way somewhere", "/sign-in/social?redirect=%2Fdocs",
			[]string{"error", "access_denied"},
			"/sign-in?redirect=%2Fdocs&error=access_denied", "You have not agreed at the other service",
		},
		{
			"canceled a sign-up", "/sign-up/social",
			[]string{"error", "access_denied"},
			"/sign-up?error=access_denied", "You have not agreed at the other service",
		},
		{
			"a code of its own", "/sign-in/social",
			[]string{"error", "<b>you won</b>", "error_description", "for programmers"},
			"/sign-in?error=%3Cb%3Eyou+won%3C%2Fb%3E&error_description=for+programmers", "The sign-in with the other service did not work.",
		},
		{"no code", "/sign-in/social", nil, "/sign-in?error=no_code", "The other service gave no usable answer."},
		{
			"an address of somebody with a password", "/sign-in/social",
			[]string{"code", member{ID: 2, Email: "eve@example.com", Verified: true}.code()},
			"/sign-in?error=account_not_linked", "There is an account with this email address already.",
		},
		{
			"an unverified address of somebody with a password", "/sign-up/social",
			[]string{"code", member{ID: 2, Email: "eve@example.com"}.code()},
			"/sign-up?error=account_not_linked", "Sign in to it the way you did before",
		},
		{
			"no address", "/sign-in/social",
			[]string{"code", member{ID: 3}.code()},
			"/sign-in?error=email_not_found", "The other service did not tell us an email address",
		},
		{
			"nobody", "/sign-in/social",
			[]string{"code", member{}.code()[:3]},
			"/sign-in?error=unable_to_get_user_info", "The other service gave no usable answer.",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBrowser(t, w.pages)
			got := b.comeBack(b.leave(tt.path), tt.params...)
			if got != tt.want {
				t.Fatalf("sent to %q, want %q", got, tt.want)
			}
			p := b.must(b.get(got), http.StatusBadRequest, `role="alert"`, tt.says, "<title>Error: ")
			for _, bad := range []string{"for programmers", "you won"} {
				if strings.Contains(p.text, bad) {
					t.Errorf("page says %q:\n%s", bad, p.body)
				}
			}
			if b.signedIn(w.auth) {
				t.Error("signed in")
			}
		})
	}
}

// Nobody is signed in twice, or in another browser.
func TestComesBackTwice(t *testing.T) {
	w := openWithServices(t, nil)
	b := newBrowser(t, w.pages)
	from := b.leave("/sign-in/social")
	other := newBrowser(t, w.pages)
	if got := other.comeBack(from, "code", ada().code()); got != "/sign-in?error=state_mismatch" || other.signedIn(w.auth) {
		t.Errorf("another browser: sent to %q", got)
	}
	other.must(other.get("/sign-in?error=state_mismatch"), http.StatusBadRequest, "began in another browser. Start again here.")
	if got := b.comeBack(from, "code", ada().code()); got != "/account" {
		t.Errorf("sent to %q", got)
	}
	b.mustGo(b.get("/sign-in?error=state_mismatch"), "/account")
}

// A server in production sends the browser here if it does not know where a
// sign-in began.
func TestComesBackToTheFirstPage(t *testing.T) {
	w := openWithServices(t, func(c *lockstep.Config) { c.Development = false })
	b := newBrowser(t, w.pages)
	p := b.get("/api/auth/callback/github?code=x&state=unknown")
	p = b.get(strings.TrimPrefix(p.Header.Get("Location"), origin))
	to := strings.TrimPrefix(p.Header.Get("Location"), origin)
	if to != "/?error=state_mismatch" {
		t.Fatalf("sent to %q", to)
	}
	b.must(b.get(to), http.StatusBadRequest, "Start again here.")
	signedIn := newBrowser(t, w.pages)
	signedIn.through("/sign-in/social", ada())
	signedIn.mustGo(signedIn.get(to), "/account?error=state_mismatch")
	signedIn.must(signedIn.get("/account?error=state_mismatch"), http.StatusBadRequest, "Start again here.", "<strong>Ada</strong>")
}

func TestServiceThatIsNotThere(t *testing.T) {
	s := new(services)
	w := open(t, s.of, withServices)
	b := newBrowser(t, w.pages)
	b.must(b.post("/sign-in/social", "provider", "gitlab"), http.StatusNotFound, "This server does not offer this service.")
	b.must(b.post("/sign-up/social"), http.StatusNotFound, "This server does not offer this service.")
	from := b.leave("/sign-in/social")
	s.down = true
	if got := b.comeBack(from, "code", ada().code()); got != "/sign-in?error=invalid_code" {
		t.Errorf("sent to %q", got)
	}
	from = b.leave("/sign-in/social")
	w.down.Store(true)
	b.must(b.post("/sign-in/social", "provider", "github"), http.StatusServiceUnavailable, "The service is not available right now.")
	b.header.Set("Sec-Fetch-Mode", "navigate")
	b.must(b.get("/api/auth/callback/github?code=x&state="+from.Query().Get("state")), http.StatusServiceUnavailable,
		"<h1>The sign-in did not work</h1>", "The service is not available right now. Try again in a second.")
}

// What the server says is the way to a service has to be one.
func TestWaysThatLeadNowhere(t *testing.T) {
	for _, to := range []string{"", "javascript:alert(1)", "/sign-in", "//github.com", "https:///x", "data:text/html,x", "https://a b/"} {
		pages := newPages(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"url":`+quote(to)+`,"redirect":true}`)
		}), withServices)
		b := newBrowser(t, pages)
		p := b.must(b.post("/sign-in/social", "provider", "github"), http.StatusBadGateway, "The server gave no usable answer.")
		if p.Header.Get("Refresh") != "" {
			t.Errorf("%q: Refresh = %q", to, p.Header.Get("Refresh"))
		}
	}
}

// A service that signs up only those who ask for it is told by the page for that.
func TestAsksForASignUp(t *testing.T) {
	w := openWithServices(t, func(c *lockstep.Config) { c.Social[0].DisableImplicitSignUp = true })
	b := newBrowser(t, w.pages)
	if got := b.through("/sign-in/social", ada()); got != "/sign-in?error=signup_disabled" {
		t.Errorf("sign-in: sent to %q", got)
	}
	b.must(b.get("/sign-in?error=signup_disabled"), http.StatusBadRequest, "You have no account here yet", `href="/sign-up"`)
	if got := b.through("/sign-up/social", ada()); got != "/account" {
		t.Errorf("sign-up: sent to %q", got)
	}
}

// Every code with which a sign-in can come back has a sentence of its own.
func TestEveryReturnIsExplained(t *testing.T) {
	w := openWithServices(t, nil)
	b := newBrowser(t, w.pages)
	for _, code := range []string{
		"state_not_found", "state_mismatch", "state_invalid", "state_security_mismatch", "state_generation_error", "invalid_callback_request",
		"no_code", "oauth_provider_not_found", "issuer_missing", "issuer_mismatch", "invalid_code", "nonce_binding_missing",
		"unable_to_get_user_info", "no_callback_url", "email_not_found", "email_not_verified", "unable_to_link_account",
		"email_does_not_match", "email_doesn't_match", "account_already_linked_to_different_user", "account_not_linked",
		"signup_disabled", "unable_to_create_user", "unable_to_create_session", "unable_to_update_account", "internal_server_error",
		"access_denied", "server_error", "temporarily_unavailable", "invalid_request", "invalid_scope", "unauthorized_client",
		"unsupported_response_type", "redirect_uri_mismatch", "application_suspended", "login_required", "consent_required",
		"interaction_required", "account_selection_required", "user_cancelled_login", "user_cancelled_authorize", "MISSING_FIELD",
	} {
		p := b.must(b.get("/sign-in?error="+url.QueryEscape(code)), http.StatusBadRequest, `role="alert"`)
		if strings.Contains(p.text, "The sign-in with the other service did not work.") || strings.Contains(p.text, code) {
			t.Errorf("%s is not explained:\n%s", code, p.body)
		}
	}
}

func TestMethods(t *testing.T) {
	w := openWithMail(t, new(services).of, withServices)
	b := w.signUp(t, "Ada")
	p := b.must(b.get("/account"), http.StatusOK, `<a href="#methods">Sign-in methods</a>`, "<h3>Password</h3>",
		`<time datetime="2030-01-02T03:04:05Z">2 January 2030, 03:04</time>`, "This is your only way to sign in", "Link GitHub</button>")
	if strings.Contains(p.body, "Unlink") || strings.Contains(p.body, "Remove<") {
		t.Error("the only way to sign in can be removed")
	}

	if got := b.through("/account/methods/link", member{ID: 1, Email: "other@example.com", Verified: true}); got != "/account?error=email_does_not_match" {
		t.Errorf("another address: sent to %q", got)
	}
	b.must(b.get("/account?error=email_does_not_match"), http.StatusBadRequest, "has another email address than the one here", "<strong>Ada</strong>")
	if got := b.through("/account/methods/link", member{ID: 1, Email: "ada@example.com"}); got != "/account?error=unable_to_link_account" {
		t.Errorf("unverified: sent to %q", got)
	}
	b.must(b.get("/account?error=unable_to_link_account"), http.StatusBadRequest, "It has to confirm that your email address is yours")
	if got := b.comeBack(b.leave("/account/methods/link"), "error", "access_denied"); got != "/account?error=access_denied" {
		t.Errorf("canceled: sent to %q", got)
	}

	w.pass(time.Hour)
	if got := b.through("/account/methods/link", ada()); got != "/account?notice=linked" {
		t.Fatalf("sent to %q", got)
	}
	p = b.must(b.get("/account?notice=linked"), http.StatusOK, "from now on you can sign in with it", "<h3>Password</h3>", "<h3>GitHub</h3>",
		"2 January 2030, 04:04</time>", "Remove<span", "Unlink<span")
	if strings.Contains(p.body, "Link GitHub</button>") {
		t.Error("GitHub can be linked again")
	}
	password := hidden(p.body, "id")
	_, rest, _ := strings.Cut(p.body, "<h3>GitHub</h3>")
	github := hidden(rest, "id")

	eve := w.signUp(t, "Eve")
	eve.must(eve.post("/account/methods/unlink", "id", github), http.StatusBadRequest, "This is your only way to sign in")
	b.mustGo(b.post("/account/methods/unlink", "id", password), "/account?notice=unlinked")
	p = b.must(b.get("/account?notice=unlinked"), http.StatusOK, "This way to sign in is removed from your account.", "You have no password; ",
		`<a href="/forgot-password">get a link to choose one</a>`)
	if strings.Contains(p.body, `type="password"`) || strings.Contains(p.body, `href="#password"`) || strings.Contains(p.body, "<h3>Password</h3>") {
		t.Errorf("page knows of a password:\n%s", p.body)
	}
	b.must(b.post("/account/methods/unlink", "id", github), http.StatusBadRequest, "This is your only way to sign in, so it cannot be removed.")
	b.must(b.post("/account/password", "currentPassword", "x", "newPassword", "chosen by ada"), http.StatusBadRequest, "Your account has no password")
	if got := newBrowser(t, w.pages).through("/sign-in/social", ada()); got != "/account" {
		t.Errorf("sent to %q, want to be signed in with what is left", got)
	}

	b.mustGo(b.post("/forgot-password", "email", "ada@example.com"), "/forgot-password?notice=reset-sent")
	b.follow(w.mail.next(t, "reset-password", "ada@example.com"))
}

func TestUnlinkTwice(t *testing.T) {
	w := openWithServices(t, nil)
	b := w.signUp(t, "Ada")
	b.through("/account/methods/link", ada())
	_, rest, _ := strings.Cut(b.get("/account").body, "<h3>GitHub</h3>")
	id := hidden(rest, "id")
	b.mustGo(b.post("/account/methods/unlink", "id", id), "/account?notice=unlinked")
	b.must(b.post("/account/methods/unlink", "id", id), http.StatusBadRequest, "This is your only way to sign in")
	b.must(b.post("/account/methods/unlink"), http.StatusBadRequest, "This is your only way to sign in")
}

// A service's account can be linked to one account here only.
func TestLinkWhatSomebodyElseHas(t *testing.T) {
	w := openWithServices(t, func(c *lockstep.Config) { c.Account.AccountLinking.AllowDifferentEmails = true })
	newBrowser(t, w.pages).through("/sign-in/social", ada())
	eve := w.signUp(t, "Eve")
	if got := eve.through("/account/methods/link", ada()); got != "/account?error=account_already_linked_to_different_user" {
		t.Errorf("sent to %q", got)
	}
	eve.must(eve.get("/account?error=account_already_linked_to_different_user"), http.StatusBadRequest, "belongs to another account here")
}

func TestLinkSignedOut(t *testing.T) {
	w := openWithServices(t, nil)
	b := newBrowser(t, w.pages)
	for _, path := range []string{"/account/methods/link", "/account/methods/unlink"} {
		b.mustGo(b.post(path, "provider", "github"), "/sign-in?notice=ended&redirect=%2Faccount")
	}
	b = w.signUp(t, "Ada")
	from := b.leave("/account/methods/link")
	b.mustGo(b.post("/sign-out"), "/?notice=signed-out")
	if got := b.comeBack(from, "code", ada().code()); got != "/account?error=unable_to_link_account" {
		t.Errorf("sent to %q", got)
	}
}

func TestUnlinkWithAStaleSession(t *testing.T) {
	w := openWithServices(t, nil)
	b := w.signUp(t, "Ada")
	b.through("/account/methods/link", ada())
	_, rest, _ := strings.Cut(b.get("/account").body, "<h3>GitHub</h3>")
	id := hidden(rest, "id")
	w.pass(25 * time.Hour)
	p := b.must(b.get("/account"), http.StatusOK, "To remove one, show that it is still you.", "<h3>GitHub</h3>")
	if strings.Contains(p.body, "Unlink") {
		t.Error("page offers what the server will refuse")
	}
	b.must(b.post("/account/methods/unlink", "id", id), http.StatusForbidden, "You signed in too long ago for this.")
	b.mustGo(b.post("/sign-out?redirect=%2Faccount"), "/sign-in?redirect=%2Faccount")
	b.through("/sign-in/social?redirect=%2Faccount", ada())
	b.mustGo(b.post("/account/methods/unlink", "id", id), "/account?notice=unlinked")
}

func TestDisableLinking(t *testing.T) {
	w := openWithServices(t, nil, func(c *ui.Config) { c.DisableLinking = true })
	if p := w.signUp(t, "Ada").get("/account"); strings.Contains(p.body, "Link GitHub") || !strings.Contains(p.body, "<h3>Password</h3>") {
		t.Errorf("want the methods, and no button to add one:\n%s", p.body)
	}
}

// Methods are in the order in which the user has added them.
func TestMethodsAreInOrder(t *testing.T) {
	w := openWithServices(t, nil)
	b := w.signUp(t, "Ada")
	w.pass(time.Minute)
	b.through("/account/methods/link", ada())
	body := b.get("/account").body
	at := []int{strings.Index(body, "<h3>Password</h3>"), strings.Index(body, "<h3>GitHub</h3>")}
	if !slices.IsSorted(at) || at[0] < 0 {
		t.Errorf("methods are at %v", at)
	}
}
