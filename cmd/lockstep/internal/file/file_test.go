package file_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	lockstep "github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/file"
	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/plugin"
	"github.com/lockstep-auth/lockstep/schema"
)

const day = 24 * time.Hour

func TestParse(t *testing.T) {
	tests := []struct {
		name, text string
		want       lockstep.Config
	}{
		{"an empty file sets nothing", "", lockstep.Config{}},
		{"a file of comments sets nothing", "# appName: x\n", lockstep.Config{}},
		{"an option without a value is not set", "appName:\nsession:\n", lockstep.Config{}},
		{"text, lists and switches", `
appName: Shop
baseURL: https://shop.example.com
basePath: /auth
secret: "0123456789"
trustedOrigins: [https://app.example.com, "myapp://"]
disabledPaths:
  - /sign-up/email
emailAndPassword: {enabled: true, autoSignIn: false, minPasswordLength: 12}
user: {deleteUser: {enabled: true}}
onAPIError: {errorURL: /oops}
`, lockstep.Config{
			AppName: "Shop", BaseURL: "https://shop.example.com", BasePath: "/auth", Secret: "0123456789",
			TrustedOrigins: []string{"https://app.example.com", "myapp://"}, DisabledPaths: []string{"/sign-up/email"},
			EmailAndPassword: lockstep.EmailAndPassword{Enabled: true, AutoSignIn: new(false), MinPasswordLength: 12},
			User:             lockstep.UserOptions{DeleteUser: lockstep.DeleteUser{Enabled: true}},
			OnAPIError:       lockstep.OnAPIError{ErrorURL: "/oops"},
		}},
		{"baseURL as a section", `
baseURL:
  allowedHosts: [example.com, "*.example.com"]
  fallback: https://example.com
  protocol: https
`, lockstep.Config{DynamicBaseURL: lockstep.DynamicBaseURL{
			AllowedHosts: []string{"example.com", "*.example.com"}, Fallback: "https://example.com", Protocol: "https",
		}}},
		{
			"versions of the secret keep their order", "secrets:\n- {version: 2, value: new}\n- {version: 1, value: old}\n",
			lockstep.Config{Secrets: []lockstep.Secret{{Version: 2, Value: "new"}, {Version: 1, Value: "old"}}},
		},
		{"durations are seconds, and zero is a value", `
session:
  expiresIn: 604800
  updateAge: 0
  freshAge: 0.5
  cookieCache: {enabled: true, maxAge: 300, strategy: jwe, version: "2"}
`, lockstep.Config{Session: lockstep.SessionOptions{
			ExpiresIn: 7 * day, UpdateAge: new(time.Duration(0)), FreshAge: new(500 * time.Millisecond),
			CookieCache: lockstep.CookieCache{Enabled: true, MaxAge: 5 * time.Minute, Strategy: "jwe", Version: "2"},
		}}},
		{
			"refreshCache as a switch", "session: {cookieCache: {refreshCache: false}}",
			lockstep.Config{Session: lockstep.SessionOptions{CookieCache: lockstep.CookieCache{RefreshCache: new(false)}}},
		},
		{
			"refreshCache as a section", "session: {cookieCache: {refreshCache: {updateAge: 60}}}",
			lockstep.Config{Session: lockstep.SessionOptions{CookieCache: lockstep.CookieCache{
				RefreshCache: new(true), RefreshUpdateAge: time.Minute,
			}}},
		},
		{"rules keep their order", `
rateLimit:
  enabled: true
  window: 60
  max: 10
  storage: database
  customRules:
    /sign-in/*: {window: 10, max: 3}
    /get-session: false
`, lockstep.Config{RateLimit: lockstep.RateLimit{
			Enabled: new(true), Window: time.Minute, Max: 10, Storage: "database",
			CustomRules: []lockstep.RateLimitRule{
				{Path: "/sign-in/*", Window: 10 * time.Second, Max: 3}, {Path: "/get-session", Skip: true},
			},
		}}},
		{
			"disableOriginCheck as a switch", "advanced: {disableOriginCheck: true}",
			lockstep.Config{Advanced: lockstep.Advanced{DisableOriginCheck: true}},
		},
		{
			"disableOriginCheck as paths", "advanced: {disableOriginCheck: [/callback]}",
			lockstep.Config{Advanced: lockstep.Advanced{DisableOriginCheckPaths: []string{"/callback"}}},
		},
		{"advanced sections", `
advanced:
  ipAddress: {ipAddressHeaders: [x-real-ip], trustedProxies: [10.0.0.0/8], proxySecret: shared, ipv6Subnet: 56, disableIpTracking: true}
  useSecureCookies: false
  crossSubDomainCookies: {enabled: true, domain: example.com}
  cookiePrefix: shop
  cookies:
    session_token: {name: sid, attributes: {sameSite: none, maxAge: 0, partitioned: true}}
  defaultCookieAttributes: {httpOnly: true}
`, lockstep.Config{Advanced: lockstep.Advanced{
			IPAddress: lockstep.IPAddress{
				IPAddressHeaders: []string{"x-real-ip"}, TrustedProxies: []string{"10.0.0.0/8"}, ProxySecret: "shared",
				IPv6Subnet: 56, DisableIPTracking: true,
			},
			UseSecureCookies:      new(false),
			CrossSubDomainCookies: lockstep.CrossSubDomainCookies{Enabled: true, Domain: "example.com"},
			CookiePrefix:          "shop",
			Cookies: map[string]lockstep.CookieOptions{"session_token": {
				Name: "sid", Attributes: lockstep.CookieAttributes{SameSite: new("none"), MaxAge: new(0), Partitioned: new(true)},
			}},
			DefaultCookieAttributes: lockstep.CookieAttributes{HTTPOnly: new(true)},
		}}},
		{"accounts at services", `
account:
  updateAccountOnSignIn: false
  accountLinking:
    enabled: false
    disableImplicitLinking: true
    requireLocalEmailVerified: false
    trustedProviders: [google, email-password]
    allowDifferentEmails: true
    allowUnlinkingAll: true
    updateUserInfoOnLink: true
  encryptOAuthTokens: true
  skipStateCookieCheck: true
  storeStateStrategy: cookie
  storeAccountCookie: true
`, lockstep.Config{Account: lockstep.AccountOptions{
			UpdateAccountOnSignIn: new(false),
			AccountLinking: lockstep.AccountLinking{
				Enabled: new(false), DisableImplicitLinking: true, RequireLocalEmailVerified: new(false),
				TrustedProviders: []string{"google", "email-password"}, AllowDifferentEmails: true, AllowUnlinkingAll: true, UpdateUserInfoOnLink: true,
			},
			EncryptOAuthTokens: true, SkipStateCookieCheck: true, StoreStateStrategy: "cookie", StoreAccountCookie: true,
		}}},
		{
			"how services are reached", "oauth: {timeout: 2.5, insecureAllowPrivateNetworks: true}",
			lockstep.Config{OAuth: lockstep.OAuthOptions{Timeout: 2500 * time.Millisecond, InsecureAllowPrivateNetworks: true}},
		},
		{
			"renamed tables and fields", "user: {modelName: users, fields: {email: email_address}}",
			lockstep.Config{User: lockstep.UserOptions{TableOptions: lockstep.TableOptions{
				ModelName: "users", Fields: map[string]string{"email": "email_address"},
			}}},
		},
		{"additional fields keep their order and are required, taken and sent unless they say otherwise", `
user:
  additionalFields:
    zeta: {type: string}
    alpha: {type: number, required: false, input: false, returned: false, unique: true, fieldName: alpha_col, bigint: true, sortable: true}
    mid: {type: string, index: true, references: {model: team, field: id, onDelete: cascade}}
    role: {type: [user, admin]}
`, lockstep.Config{User: lockstep.UserOptions{TableOptions: lockstep.TableOptions{AdditionalFields: []schema.Field{
			{Name: "zeta", Required: true},
			{Name: "alpha", Type: schema.Number, NoInput: true, NoOutput: true, Unique: true, FieldName: "alpha_col", BigInt: true},
			{Name: "mid", Required: true, Index: true, References: &schema.Reference{Table: "team", Field: "id"}},
			{Name: "role", Required: true, Enum: []string{"user", "admin"}},
		}}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := file.Parse("lockstep.yaml", []byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(s.Auth, tt.want, compareConfig()...); diff != "" {
				t.Errorf("got -, want +:\n%s", diff)
			}
		})
	}
}

// compareConfig leaves out functions, which cannot be compared.
func compareConfig() []cmp.Option {
	return []cmp.Option{
		cmpopts.IgnoreFields(schema.Field{}, "Default", "Validate"),
		cmpopts.IgnoreTypes(plugin.Hook{}, identity.Hooks{}),
	}
}

func TestParseDatabase(t *testing.T) {
	tests := []struct {
		name, text string
		want       file.Database
	}{
		{"none", "appName: x", file.Database{}},
		{"SQLite", "database: {sqlite: ./a.db}", file.Database{SQLite: "./a.db"}},
		{
			"Convex", "database: {convex: {url: https://happy-animal-123.convex.cloud, deployKey: key}}",
			file.Database{Convex: file.Convex{URL: "https://happy-animal-123.convex.cloud", DeployKey: "key"}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := file.Parse("lockstep.yaml", []byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(s.Database, tt.want); diff != "" {
				t.Errorf("got -, want +:\n%s", diff)
			}
		})
	}
}

func TestSettingsPrintRedacted(t *testing.T) {
	s, err := file.Parse("lockstep.yaml", []byte("secret: canary\ndatabase: {convex: {url: 'https://a', deployKey: canary}}"))
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(format+format+format, s, *s, s.Database); strings.Contains(got, "canary") {
			t.Errorf("%s shows the secret: %s", format, got)
		}
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	good, large := filepath.Join(dir, "good.yaml"), filepath.Join(dir, "large.yaml")
	if err := os.WriteFile(good, []byte("appName: Shop"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(large, make([]byte, 1<<20+1), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := file.Load(good)
	if err != nil || s.Auth.AppName != "Shop" {
		t.Errorf("got %v and %v, want the application's name", s, err)
	}
	if _, err := file.Load(large); err == nil || !strings.Contains(err.Error(), "larger than 1048576 bytes") {
		t.Errorf("got %v, want an error that names the limit", err)
	}
	if _, err := file.Load(dir); err == nil {
		t.Error("got no error for a folder")
	}
}

// TestYAML protects that what is printed says the same as what was read.
func TestYAML(t *testing.T) {
	text, err := os.ReadFile("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, err := file.Parse("full.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	printed, err := s.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(printed), "canary") {
		t.Errorf("a secret is shown:\n%s", printed)
	}
	again, err := file.Parse("printed.yaml", printed)
	if err != nil {
		t.Fatalf("%v in:\n%s", err, printed)
	}
	options := append(compareConfig(), cmpopts.IgnoreFields(lockstep.Config{}, "Secret"), cmpopts.IgnoreFields(lockstep.Secret{}, "Value"),
		cmpopts.IgnoreFields(lockstep.IPAddress{}, "ProxySecret"))
	if diff := cmp.Diff(again.Auth, s.Auth, options...); diff != "" {
		t.Errorf("printed -, read +:\n%s", diff)
	}
	if again.Database.Convex.URL != s.Database.Convex.URL {
		t.Errorf("got database %v, want %v", again.Database, s.Database)
	}
}
