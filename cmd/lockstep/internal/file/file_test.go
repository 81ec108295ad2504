package file_test

import (
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"reflect"
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

func TestDefaultValues(t *testing.T) {
	tests := []struct {
		typ, value string
		want       any
	}{
		{"string", "hello", "hello"},
		{"string", `"5"`, "5"},
		{"number", "5", 5.0},
		{"number", "0.5", 0.5},
		{"boolean", "false", false},
		{"date", "2026-01-02T03:04:05.678Z", time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC)},
		{"json", "{a: [1, x, true, null]}", map[string]any{"a": []any{1.0, "x", true, nil}}},
		{"'string[]'", "[a, b]", []string{"a", "b"}},
		{"'number[]'", "[1, 2.5]", []float64{1, 2.5}},
		{"[user, admin]", "admin", "admin"},
	}
	for _, tt := range tests {
		t.Run(tt.typ+" "+tt.value, func(t *testing.T) {
			text := fmt.Sprintf("user: {additionalFields: {f: {type: %s, defaultValue: %s}}}", tt.typ, tt.value)
			s, err := file.Parse("lockstep.yaml", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			f := s.Auth.User.AdditionalFields[0]
			if diff := cmp.Diff(f.Default(), tt.want); diff != "" {
				t.Errorf("got -, want +:\n%s", diff)
			}
			if err := f.Check(f.Default()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestDefaultValueIsNewEachTime(t *testing.T) {
	s, err := file.Parse("lockstep.yaml", []byte("user: {additionalFields: {f: {type: json, defaultValue: {a: 1}}}}"))
	if err != nil {
		t.Fatal(err)
	}
	value := s.Auth.User.AdditionalFields[0].Default
	value().(map[string]any)["a"] = "changed"
	if diff := cmp.Diff(value(), any(map[string]any{"a": 1.0})); diff != "" {
		t.Errorf("one row's change is in the next one:\n%s", diff)
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string // a line for each problem
	}{
		{
			"a swap of letters is found", "session:\n  cookieCache:\n    mxaAge: 5\n",
			[]string{"lockstep.yaml:3: unknown option session.cookieCache.mxaAge: did you mean session.cookieCache.maxAge?"},
		},
		{
			"case matters, and is found", "baseUrl: https://example.com\n",
			[]string{"lockstep.yaml:1: unknown option baseUrl: did you mean baseURL?"},
		},
		{
			"an option of another section is found", "trustedProxies: [10.0.0.0/8]\n",
			[]string{"lockstep.yaml:1: unknown option trustedProxies: did you mean advanced.ipAddress.trustedProxies?"},
		},
		{
			"an option that is refused is found, too", "socialProvider: {}\n",
			[]string{"lockstep.yaml:1: unknown option socialProvider: did you mean socialProviders?"},
		},
		{
			"a path as a name", "session.expiresIn: 5\n",
			[]string{`lockstep.yaml:1: unknown option ["session.expiresIn"]: write a section for each part of it`},
		},
		{
			"a name without end", strings.Repeat("a", 201) + ": 5\n",
			[]string{"lockstep.yaml:1: a name in the file has more than 200 bytes"},
		},
		{
			"without a likely option there is the list", "user: {deleteUser: {frobnicate: 1}}\n",
			[]string{"lockstep.yaml:1: unknown option user.deleteUser.frobnicate: there is deleteTokenExpiresIn, enabled"},
		},
		{
			"every problem has its line", "appNmae: x\nrateLimit:\n  max: many\n",
			[]string{
				"lockstep.yaml:1: unknown option appNmae: did you mean appName?",
				"lockstep.yaml:3: rateLimit.max must be a whole number, not text",
			},
		},
		{
			"later options are no unknown ones", "secondaryStorage:\n  redis: {url: x}\n",
			[]string{"lockstep.yaml:1: option secondaryStorage is not supported yet by this version of Lockstep"},
		},
		{
			"sections in which a file can set nothing", "advanced: {database: {generateId: serial, x: 1, joins: true}}\n",
			[]string{
				"lockstep.yaml:1: option advanced.database.generateId is not supported yet by this version of Lockstep",
				"lockstep.yaml:1: unknown option advanced.database.x",
				"lockstep.yaml:1: option advanced.database.joins is about the JavaScript program and means nothing here",
			},
		},
		{
			"later options inside of sections", "verification: {storeInDatabase: true}\n",
			[]string{"lockstep.yaml:1: option verification.storeInDatabase is not supported yet by this version of Lockstep"},
		},
		{
			"functions that send mail", "user: {changeEmail: {enabled: true, sendChangeEmailConfirmation: x}}\n",
			[]string{"lockstep.yaml:1: option user.changeEmail.sendChangeEmailConfirmation is code: the section mail sends this mail"},
		},
		{
			"functions need a program", "databaseHooks: {user: {}}\nuser: {additionalFields: {f: {type: string, validator: {}}}}\n",
			[]string{
				"lockstep.yaml:1: option databaseHooks is code: set it in a Go program, with lockstep.Config",
				"lockstep.yaml:2: option user.additionalFields.f.validator is code: set it in a Go program, with lockstep.Config",
			},
		},
		{
			"telemetry is none", "telemetry: {enabled: false}\n",
			[]string{"lockstep.yaml:1: option telemetry is about the JavaScript program and means nothing here"},
		},
		{
			"a number as text", "secret: 12345678901234567890123456789012\n",
			[]string{"lockstep.yaml:1: secret must be text, not a number (put it in quotes)"},
		},
		{
			"a duration with a unit", "session: {expiresIn: 7d}\n",
			[]string{"lockstep.yaml:1: session.expiresIn must be a number of seconds, not text"},
		},
		{
			"a negative duration", "session: {expiresIn: -1}\n",
			[]string{"lockstep.yaml:1: session.expiresIn must be a number of seconds from 0 to 3162240000"},
		},
		{
			"a duration without end", "session: {expiresIn: .inf}\n",
			[]string{"lockstep.yaml:1: session.expiresIn must be a number of seconds, not a number"},
		},
		{
			"a part of a whole number", "rateLimit: {max: 1.5}\n",
			[]string{"lockstep.yaml:1: rateLimit.max must be a whole number, not a number"},
		},
		{
			"yes is text", "emailAndPassword: {enabled: yes}\n",
			[]string{"lockstep.yaml:1: emailAndPassword.enabled must be true or false, not text"},
		},
		{
			"one value as a list", "trustedOrigins: https://example.com\n",
			[]string{"lockstep.yaml:1: trustedOrigins must be a list, not text"},
		},
		{
			"an item of a list", "trustedOrigins:\n- https://example.com\n- 5\n",
			[]string{"lockstep.yaml:3: trustedOrigins[1] must be text, not a number (put it in quotes)"},
		},
		{
			"a section as a value", "session: jwe\n",
			[]string{"lockstep.yaml:1: session must be a section of options, not text"},
		},
		{
			"a file that is a list", "- appName\n",
			[]string{"lockstep.yaml:1: the file must be a section of options, not a list"},
		},
		{
			"an option that comes twice", "appName: a\nappName: b\n",
			[]string{"lockstep.yaml:2: appName is given twice, first in line 1"},
		},
		{
			"a second document", "appName: a\n---\nappName: b\n",
			[]string{"lockstep.yaml:2: a second document begins here, but only one is read"},
		},
		{
			"no YAML", "appName: [\n",
			[]string{"lockstep.yaml:2: not YAML: did not find expected node content"},
		},
		{
			"a secret that looks like an alias is not shown", "secret: *canary\n",
			[]string{"lockstep.yaml:1: not YAML: text that begins with one of * & ! needs quotes, and anchors are not supported"},
		},
		{
			"anchors and aliases", "appName: &a x\nbasePath: *a\n",
			[]string{
				"lockstep.yaml:1: text that begins with one of * & ! needs quotes, and anchors are not supported",
				"lockstep.yaml:2: basePath must be text, not an alias",
			},
		},
		{
			"unknown options without a value", "appNmae:\nsecondaryStorage:\n",
			[]string{
				"lockstep.yaml:1: unknown option appNmae: did you mean appName?",
				"lockstep.yaml:2: option secondaryStorage is not supported yet by this version of Lockstep",
			},
		},
		{
			"merges", "<<: {appName: x}\n",
			[]string{"lockstep.yaml:1: a name in the file must be plain text"},
		},
		{
			"a name that is odd", "\"a b\": 1\n",
			[]string{`lockstep.yaml:1: unknown option ["a b"]: there is ` + rootOptions},
		},
		{
			"baseURL as a list", "baseURL: [https://example.com]\n",
			[]string{"lockstep.yaml:1: baseURL must be a URL, or a section with allowedHosts, not a list"},
		},
		{
			"baseURL without hosts", "baseURL: {fallback: https://example.com}\n",
			[]string{"lockstep.yaml:1: baseURL.allowedHosts is missing: list the hosts that are served"},
		},
		{
			"a rule that is true", "rateLimit: {customRules: {/ok: true}}\n",
			[]string{`lockstep.yaml:1: rateLimit.customRules["/ok"] must be false or a section with window and max`},
		},
		{
			"a rule that is text", "rateLimit: {customRules: {/ok: no}}\n",
			[]string{`lockstep.yaml:1: rateLimit.customRules["/ok"] must be false or a section with window and max`},
		},
		{
			"half a rule", "rateLimit: {customRules: {/ok: {max: 1}}}\n",
			[]string{`lockstep.yaml:1: rateLimit.customRules["/ok"].window is missing`},
		},
		{
			"two databases", "database: {sqlite: a.db, convex: {url: https://a.convex.cloud}}\n",
			[]string{"lockstep.yaml:1: database is either sqlite or convex, not both"},
		},
		{
			"Convex without anything", "database: {convex: {}}\n",
			[]string{"lockstep.yaml:1: database.convex.url is missing"},
		},
		{
			"another database", "database: {postgres: x}\n",
			[]string{"lockstep.yaml:1: unknown option database.postgres: there is convex, sqlite"},
		},
		{
			"a field without a type", "user: {additionalFields: {f: {required: true}}}\n",
			[]string{"lockstep.yaml:1: user.additionalFields.f.type is missing: " + fieldTypes},
		},
		{
			"a field of an unknown type", "user: {additionalFields: {f: {type: int}}}\n",
			[]string{"lockstep.yaml:1: user.additionalFields.f.type must be " + fieldTypes},
		},
		{
			"a field that is no section", "user: {additionalFields: {f: string}}\n",
			[]string{"lockstep.yaml:1: user.additionalFields.f must be a section of options, not text"},
		},
		{
			"a default of another type", "user: {additionalFields: {f: {type: number, defaultValue: x}}}\n",
			[]string{"lockstep.yaml:1: user.additionalFields.f.defaultValue must be a number: it is text"},
		},
		{
			"a default of mixed types", "user: {additionalFields: {f: {type: 'string[]', defaultValue: [a, 1]}}}\n",
			[]string{"lockstep.yaml:1: user.additionalFields.f.defaultValue must be a string[]: item 2 has another type"},
		},
		{
			"a default that is no date", "user: {additionalFields: {f: {type: date, defaultValue: tomorrow}}}\n",
			[]string{"lockstep.yaml:1: user.additionalFields.f.defaultValue must be a date: write it as 2006-01-02T15:04:05Z"},
		},
		{
			"a default that is not allowed", "user: {additionalFields: {f: {type: [a, b], defaultValue: c}}}\n",
			[]string{"lockstep.yaml:1: user.additionalFields.f.defaultValue is not in the list of user.additionalFields.f.type"},
		},
		{
			"half a reference", "user: {additionalFields: {f: {type: string, references: {model: team}}}}\n",
			[]string{"lockstep.yaml:1: user.additionalFields.f.references needs model and field"},
		},
		{
			"another reference", "user: {additionalFields: {f: {type: string, references: {model: team, field: id, onDelete: restrict}}}}\n",
			[]string{"lockstep.yaml:1: user.additionalFields.f.references.onDelete must be cascade, the only one supported"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := file.Parse("lockstep.yaml", []byte(tt.text))
			if err == nil {
				t.Fatal("got no error")
			}
			if s != nil {
				t.Error("got settings with the error")
			}
			if diff := cmp.Diff(strings.Split(err.Error(), "\n"), tt.want); diff != "" {
				t.Errorf("got -, want +:\n%s", diff)
			}
		})
	}
}

const (
	fieldTypes  = "one of string, number, boolean, date, json, string[], number[], or a list of texts"
	rootOptions = "account, advanced, appName, basePath, baseURL, database, disabledPaths, emailAndPassword, " +
		"emailVerification, mail, oauth, onAPIError, plugins, rateLimit, secret, secrets, session, socialProviders, trustedOrigins, user, verification"
)

func TestErrorsNeverShowValues(t *testing.T) {
	const canary = "canary-5f2a9c"
	for _, text := range []string{
		"secret: [%s]", "secret: {value: %s}", "secrets: %s", "secrets: [{version: x, value: [%s]}]",
		"secret: *%s", "secret: !%s x", "secret: |\n%s", "secret: '%s", "database: {convex: {deployKey: [%s]}}", "database: %s",
		"secret: %s: x", "secret: &%s", "socialProviders: {github: {clientSecret: [%s]}}", "socialProviders: {github: %s}",
		"socialProviders: {apple: {privateKey: {%s: x}}}", "socialProviders: {google: {clientId: [a], clientSecret: {a: %s}}}",
	} {
		_, err := file.Parse("lockstep.yaml", fmt.Appendf(nil, text, canary))
		if err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("Parse(%q): got error %v, want one without the value", text, err)
		}
	}
}

func TestGiven(t *testing.T) {
	s, err := file.Parse("lockstep.yaml", []byte("emailAndPassword: {enabled: false}\nappName:\n"))
	if err != nil {
		t.Fatal(err)
	}
	for option, want := range map[string]bool{
		"emailAndPassword": true, "emailAndPassword.enabled": true, "emailAndPassword.autoSignIn": false, "appName": false,
	} {
		if got := s.Given(option); got != want {
			t.Errorf("Given(%q): got %v, want %v", option, got, want)
		}
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

// TestEveryOptionCanBeGiven protects that a new option of lockstep.Config has a
// type that a file can give.
func TestEveryOptionCanBeGiven(t *testing.T) {
	for path := range options("", reflect.TypeFor[lockstep.Config]()) {
		var text strings.Builder
		names := strings.Split(path, ".")
		for i, name := range names {
			fmt.Fprintf(&text, "%*s%s:\n", i, "", name)
		}
		fmt.Fprintf(&text, "%*s- - - x\n", len(names), "") // which no option is
		_, err := file.Parse("lockstep.yaml", []byte(text.String()))
		if err == nil || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "unknown") {
			t.Errorf("%s: got %v, want an error about its type", path, err)
		}
	}
}

// options are the paths of the options of a struct.
func options(prefix string, section reflect.Type) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, f := range reflect.VisibleFields(section) {
			name := f.Tag.Get("option")
			if name == "" || name == "-" {
				continue
			}
			if !yield(prefix + name) {
				return
			}
			if f.Type.Kind() == reflect.Struct {
				for path := range options(prefix+name+".", f.Type) {
					if !yield(path) {
						return
					}
				}
			}
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
