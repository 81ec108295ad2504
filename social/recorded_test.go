package social_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/oauth"
	"github.com/lockstep-auth/lockstep/social"
)

// recordedNow is the time of testdata/recorded.json, in seconds.
const recordedNow = 1760000000

// recorded is what testdata/record.mjs wrote: what the real library does.
type recorded struct {
	Request, Full recordedRequest
	Providers     map[string]struct {
		IDToken map[string]any `json:"idToken"`
		Setups  []struct {
			Options  map[string]any
			URLs     []string
			Requests []sent
		}
		Samples []recordedSample
	}
}

type recordedRequest struct {
	State            string
	CodeVerifier     string
	RedirectURI      string
	Scopes           []string
	LoginHint        string
	AdditionalParams json.RawMessage
}

type recordedSample struct {
	Token     json.RawMessage
	Claims    json.RawMessage
	FormUser  string
	APIs      map[string]json.RawMessage
	Scopes    []string
	TokenType string
	Requests  []sent
	Subject   *string
	User      map[string]any
	Data      json.RawMessage
}

func readRecorded(t *testing.T) recorded {
	t.Helper()
	data, err := os.ReadFile("testdata/recorded.json")
	if err != nil {
		t.Fatal(err)
	}
	var r recorded
	decode(t, data, &r)
	return r
}

func (r recordedRequest) authorization(t *testing.T) oauth.AuthorizationRequest {
	t.Helper()
	a := oauth.AuthorizationRequest{
		State: r.State, Verifier: r.CodeVerifier, RedirectURI: r.RedirectURI, Scopes: r.Scopes, LoginHint: r.LoginHint,
	}
	if r.AdditionalParams != nil {
		params, err := oauth.ParseClaims(r.AdditionalParams)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range params.Names() {
			a.Params.Set(name, params.Text(name))
		}
	}
	return a
}

// provider makes a provider as a configuration file does.
func provider(t *testing.T, e social.Entry, values map[string]any) oauth.Provider {
	t.Helper()
	options := e.Options()
	fill(t, reflect.ValueOf(options).Elem(), values)
	p, enabled, err := e.Provider(options)
	if err != nil || !enabled {
		t.Fatalf("%s: enabled %v, error %v", e.ID, enabled, err)
	}
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	return p
}

// fill sets fields by their option tags.
func fill(t *testing.T, v reflect.Value, values map[string]any) {
	t.Helper()
	for name, value := range values {
		if list, ok := value.([]any); ok && name == "clientId" {
			fill(t, v, map[string]any{name: list[0]})
			v.FieldByName("MoreClientIDs").Set(reflect.ValueOf([]string{list[1].(string)}))
			continue
		}
		found := false
		for _, f := range reflect.VisibleFields(v.Type()) {
			if f.Tag.Get("option") == name {
				set(t, v.FieldByIndex(f.Index), value)
				found = true
			}
		}
		if !found {
			t.Fatalf("no option %s in %s", name, v.Type())
		}
	}
}

func set(t *testing.T, v reflect.Value, value any) {
	t.Helper()
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	switch value := value.(type) {
	case string:
		v.SetString(value)
	case bool:
		v.SetBool(value)
	case json.Number:
		n, err := value.Int64()
		if err != nil {
			t.Fatal(err)
		}
		v.SetInt(n)
	case []any:
		var list []string
		for _, item := range value {
			list = append(list, item.(string))
		}
		v.Set(reflect.ValueOf(list))
	case map[string]any:
		fill(t, v, value)
	default:
		t.Fatalf("option of type %T", value)
	}
}

// TestRecorded runs every provider through what the real library did: authorization
// URLs byte for byte, the requests for tokens, and the users that come out.
func TestRecorded(t *testing.T) {
	r := readRecorded(t)
	catalog := social.Catalog()
	if len(catalog) != len(r.Providers) {
		t.Errorf("catalog: got %d providers, want %d", len(catalog), len(r.Providers))
	}
	for _, e := range catalog {
		p := r.Providers[e.ID]
		t.Run(e.ID, func(t *testing.T) {
			for i, setup := range p.Setups {
				t.Run(fmt.Sprintf("setup %d", i), func(t *testing.T) {
					p := provider(t, e, setup.Options)
					for i, request := range []recordedRequest{r.Request, r.Full} {
						got, err := p.AuthorizationURL(request.authorization(t))
						if err != nil {
							t.Fatal(err)
						}
						if got != setup.URLs[i] {
							t.Errorf("authorization URL:\n got %s\nwant %s", got, setup.URLs[i])
						}
					}
					checkTokenRequests(t, p, setup.Requests, r.Request)
				})
			}
			for i, sample := range p.Samples {
				t.Run(fmt.Sprintf("sample %d", i), func(t *testing.T) {
					checkSample(t, provider(t, e, p.Setups[0].Options), sample)
				})
			}
		})
	}
}

func checkTokenRequests(t *testing.T, p oauth.Provider, want []sent, r recordedRequest) {
	t.Helper()
	s, client := newService(t)
	answer := json.RawMessage(`{"access_token":"at-1","refresh_token":"rt-1","expires_in":"3600","scope":"a b"}`)
	s.answers = map[string]any{p.TokenURL: answer, p.RefreshURL: answer}
	exchanged, err := client.Exchange(t.Context(), p, oauth.ExchangeRequest{
		Code: "c+d/e", Verifier: r.CodeVerifier, RedirectURI: r.RedirectURI, DeviceID: "dev-1",
	})
	if err != nil {
		t.Fatal(err)
	}
	refreshed, err := client.Refresh(t.Context(), p, "rt-0")
	if err != nil && !p.NoRefresh {
		t.Fatal(err)
	}
	for _, tokens := range []oauth.Tokens{exchanged, refreshed} {
		if want := time.Unix(recordedNow+3600, 0); !p.NoRefresh && (tokens.AccessToken != "at-1" || !tokens.AccessTokenExpiresAt.Equal(want)) {
			t.Errorf("tokens: expire at %v, want %v", tokens.AccessTokenExpiresAt, want)
		}
	}
	if p.ID == "tiktok" {
		// No challenge was sent, so a verifier must not be either (RFC 9700 §2.1.1).
		want[0].Body = strings.Replace(want[0].Body, "&code_verifier="+r.CodeVerifier, "", 1)
	}
	if diff := gocmp.Diff(want, s.requests()); diff != "" {
		t.Errorf("requests for tokens (-want +got):\n%s", diff)
	}
}

func checkSample(t *testing.T, p oauth.Provider, sample recordedSample) {
	t.Helper()
	s, client := newService(t)
	s.answers = map[string]any{}
	for endpoint, raw := range sample.APIs {
		var answer any
		decode(t, raw, &answer)
		switch answer.(type) {
		case string, json.Number:
			s.answers[endpoint] = answer
		default:
			s.answers[endpoint] = raw
		}
	}
	response := sample.Token
	if sample.Claims != nil {
		token, keys := signed(t, []byte(compact(t, sample.Claims)))
		response = json.RawMessage(strings.Replace(string(response), "<id token>", token, 1))
		s.answers[p.IDToken.JWKSURL] = keys
	}
	s.answers[p.TokenURL] = response
	tokens, err := client.Exchange(t.Context(), p, oauth.ExchangeRequest{Code: "c", Verifier: "v", RedirectURI: "https://app.test/cb"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(tokens.Scopes, " ")+tokens.TokenType, strings.Join(sample.Scopes, " ")+sample.TokenType; got != want {
		t.Errorf("scopes and type: got %q, want %q", got, want)
	}
	s.requests()
	profile, err := client.User(t.Context(), p, tokens, oauth.UserRequest{FormUser: sample.FormUser})
	if sample.User == nil || sample.Subject == nil {
		if err == nil {
			t.Errorf("got user %v, want none", profile.Subject)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	compareUser(t, profile, sample)
	if diff := gocmp.Diff(plainRequests(t, sample.Requests), plainRequests(t, s.requests())); diff != "" {
		t.Errorf("requests for the user (-want +got):\n%s", diff)
	}
}

func compareUser(t *testing.T, got oauth.Profile, sample recordedSample) {
	t.Helper()
	text := func(name string) string {
		value, _ := sample.User[name].(string)
		return value
	}
	verified, _ := sample.User["emailVerified"].(bool)
	want := oauth.Profile{
		Subject: *sample.Subject, Name: text("name"), Email: text("email"), EmailVerified: verified, Image: text("image"), Data: got.Data,
	}
	if got.Fields != nil {
		want.Fields = maps.Clone(sample.User)
		for _, name := range []string{"name", "email", "emailVerified", "image"} {
			delete(want.Fields, name)
		}
		if sex, ok := want.Fields["sex"].(json.Number); ok {
			want.Fields["sex"], _ = sex.Float64()
		}
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("user (-want +got):\n%s", diff)
	}
	// Byte for byte, apart from white space: the order of members is the wire's.
	if want := compact(t, sample.Data); string(got.Data) != want {
		t.Errorf("data:\n got %s\nwant %s", got.Data, want)
	}
}

func compact(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// plainRequests makes requests comparable: in any order, queries decoded, and the
// GraphQL query of Linear without its layout.
func plainRequests(t *testing.T, requests []sent) []string {
	t.Helper()
	var plain []string
	for _, r := range requests {
		u, err := url.Parse(r.URL)
		if err != nil {
			t.Fatal(err)
		}
		u.RawQuery = u.Query().Encode()
		if strings.Contains(r.Body, `"query"`) {
			r.Body = strings.Join(strings.Fields(strings.ReplaceAll(strings.ReplaceAll(r.Body, `\n`, " "), `\t`, " ")), "")
		}
		plain = append(plain, fmt.Sprint(r.Method, " ", u, " ", r.Headers, " ", r.Body))
	}
	slices.SortFunc(plain, cmp.Compare[string])
	return plain
}
