package file_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/file"
)

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
			"a cookie that there is not is found", "advanced:\n  cookies:\n    session_tokn: {name: sid}\n",
			[]string{"lockstep.yaml:3: unknown option advanced.cookies.session_tokn: did you mean advanced.cookies.session_token?"},
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
