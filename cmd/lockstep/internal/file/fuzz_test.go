package file_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/file"
)

// FuzzParse holds that what is refused has a line in every problem, and that
// what is accepted says the same after it was printed and read again.
func FuzzParse(f *testing.F) {
	full, err := os.ReadFile("testdata/full.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(full)
	for _, text := range []string{
		"", "- 1", "a: [", "appName: 2024-01-01", "session: {expiresIn: 1e3, updateAge: 0x10}", "baseURL: *a", "secret: &a [*a]",
		"rateLimit: {customRules: {/a: false, /b: {window: 1, max: 2}}}", "user: {additionalFields: {f: {type: json, defaultValue: [.nan]}}}",
		"advanced: {cookies: {a: {}, b: }, disableOriginCheck: false}", "appName: \"\\x85\\u2028\\t\"", "? {a: 1}\n: 2", "secrets: [{}]",
		"mail: {smtp: {url: 'smtp://a:b@c?tls=none'}}", "mail: {webhook: {url: a, secret: b}, locale: de}",
		"verification: {storeIdentifier: {default: plain, overrides: {'': hashed, b: ''}}}", "verification: {storeIdentifier: ''}",
		"socialProviders: {github: {}, google: {clientId: ['', a]}, line: , tiktok: {clientKey: '', scope: []}}",
		"plugins: [jwt: {jwt: {audience: a, expirationTime: 1.5h}}, bearer, genericOAuth: {config: [{providerId: a, tokenUrlParams: {b: ''}}, line: {}]}]",
	} {
		f.Add([]byte(text))
	}
	line := regexp.MustCompile(`^f\.yaml:\d+: `)
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := file.Parse("f.yaml", data)
		if err != nil {
			for problem := range strings.SplitSeq(err.Error(), "\n") {
				if !line.MatchString(problem) {
					t.Fatalf("problem without a line: %q", problem)
				}
			}
			return
		}
		printed := print(t, s)
		again, err := file.Parse("f.yaml", printed)
		if err != nil {
			t.Fatalf("%v in what was printed:\n%s", err, printed)
		}
		if twice := print(t, again); string(twice) != string(printed) {
			t.Fatalf("first\n%s\nthen\n%s", printed, twice)
		}
	})
}

func print(t *testing.T, s *file.Settings) []byte {
	t.Helper()
	printed, err := s.YAML()
	if err != nil {
		t.Fatal(err)
	}
	return printed
}
