package oauth_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/lockstep-auth/lockstep/oauth"
)

func minimal() oauth.Provider {
	return oauth.Provider{ID: "p", ClientIDs: []string{"id"}, AuthURL: "https://p.test/authorize", TokenURL: "https://p.test/token"}
}

func request() oauth.AuthorizationRequest {
	return oauth.AuthorizationRequest{State: "s", Verifier: "v", RedirectURI: "https://app.test/cb"}
}

func TestAuthorizationURLOrder(t *testing.T) {
	p := minimal()
	p.AuthURL = "https://p.test/authorize?keep=a%20b&scope=old&flag#"
	p.Scopes, p.ExtraScopes = []string{"a"}, []string{"b"}
	p.ResponseMode, p.ResponseType, p.Prompt, p.Display = "form_post", "code id_token", "login", "popup"
	p.HostedDomain, p.AccessType, p.LoginHint = "hd.test", "offline", true
	p.Params = oauth.Params{{Name: "own", Value: "1"}, {Name: "other", Value: "2"}}
	p.FixedParams = oauth.Params{{Name: "fixed", Value: "3"}}
	r := request()
	r.Nonce, r.LoginHint, r.Scopes = "n", "a@b.test", []string{"c"}
	r.Params = oauth.Params{{Name: "other", Value: "mine"}, {Name: "fixed", Value: "mine"}, {Name: "x", Value: "~*'() !é"}, {Name: "prompt", Value: "none"}}
	got, err := p.AuthorizationURL(r)
	if err != nil {
		t.Fatal(err)
	}
	want := "https://p.test/authorize?keep=a%20b&flag&response_type=code+id_token&client_id=id&state=s&scope=a+b+c" +
		"&redirect_uri=https%3A%2F%2Fapp.test%2Fcb&display=popup&login_hint=a%40b.test&nonce=n&prompt=none&hd=hd.test&access_type=offline" +
		"&response_mode=form_post&code_challenge_method=S256&code_challenge=TJR_emFGDg-fDa6iTbm3tD9YQBdKOV0OVr8yakzKv1A" +
		"&own=1&other=mine&fixed=3&x=%7E*%27%28%29+%21%C3%A9"
	want = strings.Replace(want, "TJR_emFGDg-fDa6iTbm3tD9YQBdKOV0OVr8yakzKv1A", oauth.Challenge("v"), 1)
	if got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// TestReservedParams: no request can change what ties the callback to the
// browser, in whatever order or however often it tries.
func TestReservedParams(t *testing.T) {
	for _, name := range oauth.ReservedParams() {
		r := request()
		r.Params = oauth.Params{{Name: name, Value: "evil"}, {Name: name, Value: "evil"}}
		got, err := minimal().AuthorizationURL(r)
		if err != nil || strings.Contains(got, "evil") {
			t.Errorf("%s: got %s, %v", name, got, err)
		}
	}
}

func TestIncompleteAuthorizationRequests(t *testing.T) {
	for name, change := range map[string]func(p *oauth.Provider, r *oauth.AuthorizationRequest){
		"no client id":    func(p *oauth.Provider, _ *oauth.AuthorizationRequest) { p.ClientIDs = nil },
		"no state":        func(_ *oauth.Provider, r *oauth.AuthorizationRequest) { r.State = "" },
		"no verifier":     func(_ *oauth.Provider, r *oauth.AuthorizationRequest) { r.Verifier = "" },
		"no redirect URI": func(_ *oauth.Provider, r *oauth.AuthorizationRequest) { r.RedirectURI = "" },
		"no nonce":        func(p *oauth.Provider, _ *oauth.AuthorizationRequest) { p.SendNonce = true },
		"a bad URL":       func(p *oauth.Provider, _ *oauth.AuthorizationRequest) { p.AuthURL = "javascript:alert(1)" },
		"a fragment":      func(p *oauth.Provider, _ *oauth.AuthorizationRequest) { p.AuthURL = "https://p.test/#x" },
	} {
		p, r := minimal(), request()
		change(&p, &r)
		if got, err := p.AuthorizationURL(r); err == nil {
			t.Errorf("%s: got %s, want an error", name, got)
		}
	}
}

func TestAppendQuery(t *testing.T) {
	for _, c := range []struct{ endpoint, want string }{
		{"https://p.test", "https://p.test/?a=1"},
		{"https://p.test/x", "https://p.test/x?a=1"},
		{"https://p.test/x?", "https://p.test/x?a=1"},
		{"https://p.test/x?b=%20&&c", "https://p.test/x?b=%20&c&a=1"},
		{"https://p.test/x?%61=0&A=0", "https://p.test/x?A=0&a=1"},
	} {
		got, err := oauth.AppendQuery(c.endpoint, oauth.Params{{Name: "a", Value: "1"}})
		if err != nil || got != c.want {
			t.Errorf("%s: got %s, %v, want %s", c.endpoint, got, err, c.want)
		}
	}
	if got, err := oauth.AppendQuery("https://p.test/x?", nil); err != nil || got != "https://p.test/x" {
		t.Errorf("no parameters: got %s, %v", got, err)
	}
}

func TestRequiredScope(t *testing.T) {
	for _, c := range []struct {
		name     string
		provider oauth.Provider
		request  []string
		want     string
	}{
		{"comes first", oauth.Provider{RequiredScope: "openid", ExtraScopes: []string{"b"}}, []string{"a"}, "openid b a"},
		{"stays where the request has it", oauth.Provider{RequiredScope: "openid", RequestScopesFirst: true}, []string{"a", "openid"}, "a openid"},
		{"stays where the options have it", oauth.Provider{RequiredScope: "openid", ExtraScopes: []string{"b", "openid"}}, nil, "b openid"},
		{"is asked for alone", oauth.Provider{RequiredScope: "openid"}, nil, "openid"},
	} {
		if got := strings.Join(c.provider.ScopesFor(c.request), " "); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestRandomValues(t *testing.T) {
	for name, c := range map[string]struct {
		make   func() string
		length int
	}{
		"state": {oauth.NewState, 32}, "nonce": {oauth.NewNonce, 32}, "verifier": {oauth.NewVerifier, 128},
	} {
		shape := regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)
		seen := make(map[string]bool)
		for range 1000 {
			v := c.make()
			if len(v) != c.length || !shape.MatchString(v) || seen[v] {
				t.Fatalf("%s: got %q", name, v)
			}
			seen[v] = true
		}
	}
	// RFC 7636 appendix B.
	if got, want := oauth.Challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"; got != want {
		t.Errorf("challenge: got %s, want %s", got, want)
	}
}

func TestCallback(t *testing.T) {
	for path, want := range map[string]string{"": "/callback/p", "/x/y": "/x/y", "x": "/x"} {
		p := minimal()
		p.CallbackPath = path
		if got := p.Callback(); got != want {
			t.Errorf("%q: got %s, want %s", path, got, want)
		}
	}
}

// FuzzParams: what is encoded reads back the same, and stays one line of plain
// characters.
func FuzzParams(f *testing.F) {
	f.Add("a", "~*'() !é&=+%", "state")
	f.Add("", "\x00\n\xff", "a")
	f.Fuzz(func(t *testing.T, name, value, other string) {
		ps := oauth.Params{{Name: name, Value: value}}
		ps.Set(other, value)
		text := ps.Encode()
		if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
			t.Errorf("%q is not plain", text)
		}
		got, err := url.ParseQuery(text)
		if err != nil || got.Get(name) != value || got.Get(other) != value {
			t.Errorf("%q reads as %v, %v", text, got, err)
		}
		// As a query it cannot leave the query.
		endpoint, err := oauth.AppendQuery("https://p.test/x", ps)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(endpoint)
		if err != nil || u.Host != "p.test" || u.Path != "/x" || u.Fragment != "" || u.Query().Get(name) != value {
			t.Errorf("%q is another URL: %v", endpoint, err)
		}
	})
}
