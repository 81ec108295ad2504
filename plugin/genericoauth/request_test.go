package genericoauth_test

import (
	"context"
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep/oauth"
	"github.com/lockstep-auth/lockstep/plugin/genericoauth"
)

// TestGetToken: the program's own exchange takes the place of the token endpoint,
// which then needs no URL.
func TestGetToken(t *testing.T) {
	t.Parallel()
	c := genericoauth.Config{
		ProviderID: "id", ClientID: "client", AuthorizationURL: "https://id.example/a", UserInfoURL: "https://id.example/u",
		AccessTokenExpiresIn: time.Minute,
		GetToken: func(ctx context.Context, client *oauth.Client, r oauth.ExchangeRequest) (oauth.Tokens, error) {
			answer, err := client.GetClaims(ctx, oauth.Request{URL: "https://id.example/own?" + url.Values{
				"c": {r.Code}, "v": {r.Verifier}, "r": {r.RedirectURI}, "d": {r.DeviceID},
			}.Encode()})
			return oauth.Tokens{AccessToken: answer.Text("token")}, err
		},
	}
	provider, e := start(t, c, map[string]any{"https://id.example/own?c=code&d=device&r=https%3A%2F%2Fapp.example%2Fcb&v=verifier": m{"token": "t"}})
	p, err := provider.Describe(t.Context(), e.client)
	if err != nil {
		t.Fatal(err)
	}
	in := oauth.ExchangeRequest{Code: "code", Verifier: "verifier", RedirectURI: "https://app.example/cb", DeviceID: "device"}
	got, err := e.client.Exchange(t.Context(), p, in)
	if err != nil || got.AccessToken != "t" || !got.AccessTokenExpiresAt.Equal(e.clock.at.Add(time.Minute)) {
		t.Errorf("got %q until %v, %v", got.AccessToken, got.AccessTokenExpiresAt, err)
	}
	in.Code = "another"
	_, err = e.client.Exchange(t.Context(), p, in)
	if failed, ok := errors.AsType[*oauth.Error](err); !ok || failed.Code != oauth.CodeInvalidCode {
		t.Errorf("got %v, want %s", err, oauth.CodeInvalidCode)
	}
	in.Code = ""
	if _, err = e.client.Exchange(t.Context(), p, in); err == nil || e.service.asked.Load() != 2 {
		t.Errorf("a callback without a code: got %v after %d requests, want none", err, e.service.asked.Load())
	}
}

// TestDiscoveryHeaders: the keys are asked for with them, unless they are
// elsewhere.
func TestDiscoveryHeaders(t *testing.T) {
	t.Parallel()
	for keys, want := range map[string]int{
		"https://id.example/k": 1, "https://keys.example/k": 0, "http://id.example/k": 0, "https://id.example:8443/k": 0,
	} {
		c := config()
		c.DiscoveryHeaders = map[string]string{"Epic-Client-ID": "7"}
		provider, e := start(t, c, map[string]any{discovery: document(m{"jwks_uri": keys})})
		p, err := provider.Describe(t.Context(), e.client)
		if err != nil || len(p.IDToken.JWKSHeader) != want {
			t.Errorf("%s: got %d headers, want %d (%v)", keys, len(p.IDToken.JWKSHeader), want, err)
		}
	}
}

// TestCustomizeRequest: the application's own way to prove who it is takes the
// place of all others.
func TestCustomizeRequest(t *testing.T) {
	t.Parallel()
	c := config()
	c.CustomizeRequest = func(r *oauth.TokenRequest) error {
		if r.Grant == oauth.GrantRefresh {
			return errors.New("no")
		}
		r.Params.Set("app", "shop")
		r.Header["X-Proof"] = "signed"
		return nil
	}
	provider, e := start(t, c, map[string]any{discovery: document(nil), "https://id.example/t": m{"access_token": "new"}})
	p, err := provider.Describe(t.Context(), e.client)
	if err != nil {
		t.Fatal(err)
	}
	in := oauth.ExchangeRequest{Code: "code", Verifier: "verifier", RedirectURI: "https://app.example/cb"}
	const want = "grant_type=authorization_code&code=code&code_verifier=verifier&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&app=shop"
	if _, err := e.client.Exchange(t.Context(), p, in); err != nil || e.service.header.Get("X-Proof") != "signed" || !sameParams(e.service.body, want) {
		t.Errorf("got %v, sent %v and %s", err, e.service.header, e.service.body)
	}
	if _, err := e.client.Refresh(t.Context(), p, "old"); err == nil {
		t.Error("an error of the program does not stop a refresh")
	}
}

// TestRefreshTokenParams: those of the moment count more than the fixed ones, and
// neither replaces what a refresh is made of.
func TestRefreshTokenParams(t *testing.T) {
	t.Parallel()
	type key struct{}
	c := config()
	c.RefreshTokenParams = oauth.Params{{Name: "scope", Value: "fixed"}, {Name: "audience", Value: "api"}, {Name: "grant_type", Value: "evil"}}
	c.RefreshTokenParamsFunc = func(ctx context.Context) (oauth.Params, error) {
		org, _ := ctx.Value(key{}).(string)
		if org == "" {
			return nil, errors.New("no organization")
		}
		return oauth.Params{{Name: "scope", Value: org}, {Name: "refresh_token", Value: "evil"}, {Name: "client_id", Value: "evil"}}, nil
	}
	provider, e := start(t, c, map[string]any{discovery: document(nil), "https://id.example/t": m{"access_token": "new"}})
	p, err := provider.Describe(t.Context(), e.client)
	if err != nil {
		t.Fatal(err)
	}
	got, err := e.client.Refresh(context.WithValue(t.Context(), key{}, "org-1"), p, "old")
	const want = "grant_type=refresh_token&refresh_token=old&scope=org-1&client_id=client&audience=api&client_secret=secret"
	if err != nil || got.AccessToken != "new" || !sameParams(e.service.body, want) {
		t.Errorf("got %q, %v, sent %s\nwant %s", got.AccessToken, err, e.service.body, want)
	}
	asked := e.service.asked.Load()
	_, err = e.client.Refresh(t.Context(), p, "old")
	if failed, ok := errors.AsType[*oauth.Error](err); !ok || failed.Code != oauth.CodeRefreshFailed || e.service.asked.Load() != asked {
		t.Errorf("got %v after %d requests, want %s and no request", err, e.service.asked.Load()-asked, oauth.CodeRefreshFailed)
	}
}

// sameParams reports whether two forms have the same parameters in any order.
func sameParams(a, b string) bool {
	x, errA := url.ParseQuery(a)
	y, errB := url.ParseQuery(b)
	return errA == nil && errB == nil && x.Encode() == y.Encode()
}
