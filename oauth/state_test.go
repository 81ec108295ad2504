package oauth_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/oauth"
)

func fullState() oauth.StateData {
	return oauth.StateData{
		Additional:  json.RawMessage(`{"z":1,"a":{"b":"<&>"}}`),
		CallbackURL: "https://app.test/?a=1&b=2", Verifier: "v", ErrorURL: "/error", NewUserURL: "/welcome",
		Link:       &oauth.StateLink{UserID: "u", Email: "a@b.test", EncryptedSessionToken: "enc"},
		ProviderID: "github", ExpiresAt: start.Add(oauth.StateLifetime), RequestSignUp: new(false), Nonce: "n", State: "s",
	}
}

// TestStateOrder: the members have upstream's order.
func TestStateOrder(t *testing.T) {
	got, err := fullState().Encode()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"z":1,"a":{"b":"<&>"},"callbackURL":"https://app.test/?a=1&b=2","codeVerifier":"v","errorURL":"/error","newUserURL":"/welcome",` +
		`"link":{"userId":"u","email":"a@b.test","encryptedSessionToken":"enc"},"serverContext":{"lockstepProvider":"github"},` +
		`"expiresAt":1760000600000,"requestSignUp":false,"idTokenNonce":"n","oauthState":"s"}`
	if string(got) != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	minimal := oauth.StateData{CallbackURL: "/", Verifier: "v", ExpiresAt: start, State: "s"}
	got, err = minimal.Encode()
	if want := `{"callbackURL":"/","codeVerifier":"v","expiresAt":1760000000000,"oauthState":"s"}`; err != nil || string(got) != want {
		t.Errorf("minimal: got %s, %v\nwant %s", got, err, want)
	}
}

func TestStateRoundTrip(t *testing.T) {
	want := fullState()
	encoded, err := want.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := oauth.ParseState(encoded)
	if err != nil {
		t.Fatal(err)
	}
	want.ServerContext = got.ServerContext
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b oauth.Claims) bool { return string(a.JSON()) == string(b.JSON()) })); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
	if got.Expired(start.Add(10*time.Minute)) || !got.Expired(start.Add(10*time.Minute+time.Millisecond)) {
		t.Error("it expires at another time than after 10 minutes")
	}
}

// TestUpstreamState: what a server of Better Auth wrote is read, and its plugins'
// server context is kept.
func TestUpstreamState(t *testing.T) {
	got, err := oauth.ParseState([]byte(`{"callbackURL":"/x","codeVerifier":"v","link":{"email":"a@b.test","userId":5},"serverContext":{"k":[1]},"expiresAt":1760000600000.5,"requestSignUp":true,"custom":1}`))
	if err != nil {
		t.Fatal(err)
	}
	if got.Link.UserID != "5" || !*got.RequestSignUp || string(got.Additional) != `{"custom":1}` || string(got.ServerContext.JSON()) != `{"k":[1]}` || got.ProviderID != "" || got.State != "" {
		t.Errorf("got %s, link %+v, provider %q", got.Additional, got.Link, got.ProviderID)
	}
}

func TestStateThatCannotBe(t *testing.T) {
	valid := func(more string) string { return `{"callbackURL":"/","codeVerifier":"v","expiresAt":1` + more + `}` }
	if _, err := oauth.ParseState([]byte(valid(""))); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string]string{
		"not JSON": `x`, "a list": `[]`, "nothing in it": `{}`, "no callback URL": `{"codeVerifier":"v","expiresAt":1}`,
		"no verifier": `{"callbackURL":"/","expiresAt":1}`, "no expiry": `{"callbackURL":"/","codeVerifier":"v"}`,
		"an expiry that is text":          `{"callbackURL":"/","codeVerifier":"v","expiresAt":"1"}`,
		"an expiry beyond all dates":      `{"callbackURL":"/","codeVerifier":"v","expiresAt":1e300}`,
		"an expiry before all dates":      `{"callbackURL":"/","codeVerifier":"v","expiresAt":-1}`,
		"a callback URL that is a list":   `{"callbackURL":["/"],"codeVerifier":"v","expiresAt":1}`,
		"an error URL that is null":       valid(`,"errorURL":null`),
		"a link that is text":             valid(`,"link":"u"`),
		"a link to nobody":                valid(`,"link":{"email":"a@b.test"}`),
		"a link without an address":       valid(`,"link":{"userId":"u"}`),
		"a sign-up that is text":          valid(`,"requestSignUp":"true"`),
		"a nonce that is a number":        valid(`,"idTokenNonce":1`),
		"a state that is a number":        valid(`,"oauthState":1`),
		"a server context that is a list": valid(`,"serverContext":[]`),
		"a member twice":                  valid(`,"callbackURL":"/evil"`),
		"something behind it":             valid("") + "{}",
	} {
		if got, err := oauth.ParseState([]byte(data)); err == nil {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

// TestAdditionalData: a client cannot write what is the server's.
func TestAdditionalData(t *testing.T) {
	for _, name := range []string{
		"callbackURL", "codeVerifier", "errorURL", "newUserURL", "link", "serverContext", "expiresAt", "requestSignUp", "idTokenNonce", "oauthState",
		"__proto__", "constructor", "prototype", `call\u0062ackURL`,
	} {
		data := json.RawMessage(`{"ok":1,"` + name + `":"evil"}`)
		d := fullState()
		d.Additional = data
		if err := oauth.CheckAdditional(data); err == nil {
			t.Errorf("%s is accepted", name)
		}
		if got, err := d.Encode(); err == nil {
			t.Errorf("%s is encoded: %s", name, got)
		}
	}
	for _, bad := range []string{`[]`, `"x"`, `null`, `{"a":1,"a":2}`, `{} {}`, `{`} {
		if err := oauth.CheckAdditional(json.RawMessage(bad)); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
	for _, good := range []string{``, `{}`, `{"state":"mine","CallbackURL":"x","a":[{"link":1}]}`} {
		if err := oauth.CheckAdditional(json.RawMessage(good)); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for name, change := range map[string]func(d *oauth.StateData){
		"callback URL": func(d *oauth.StateData) { d.CallbackURL = "" },
		"verifier":     func(d *oauth.StateData) { d.Verifier = "" },
		"state":        func(d *oauth.StateData) { d.State = "" },
		"expiry":       func(d *oauth.StateData) { d.ExpiresAt = time.Time{} },
	} {
		d := fullState()
		change(&d)
		if _, err := d.Encode(); err == nil {
			t.Errorf("no %s is encoded", name)
		}
	}
}

// FuzzState: what is read can be written and reads the same; the server's own
// members never end up in the additional data.
func FuzzState(f *testing.F) {
	full, err := fullState().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(full)
	f.Add([]byte(`{"callbackURL":"/x","codeVerifier":"v","expiresAt":1,"oauthState":"s","x":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := oauth.ParseState(data)
		if err != nil {
			return
		}
		if strings.Contains(string(d.Additional), `"__proto__"`) || strings.Contains(string(d.Additional), `"constructor"`) || strings.Contains(string(d.Additional), `"prototype"`) {
			return // Encode refuses them; Better Auth could have stored them
		}
		if err := oauth.CheckAdditional(d.Additional); err != nil {
			t.Fatalf("additional data %s: %v", d.Additional, err)
		}
		encoded, err := d.Encode()
		if err != nil {
			return // incomplete, as upstream may have written it
		}
		again, err := oauth.ParseState(encoded)
		if err != nil || again.CallbackURL != d.CallbackURL || again.Verifier != d.Verifier || again.State != d.State || !again.ExpiresAt.Equal(d.ExpiresAt) || (again.Link == nil) != (d.Link == nil) {
			t.Errorf("%s reads differently: %v", encoded, err)
		}
	})
}
