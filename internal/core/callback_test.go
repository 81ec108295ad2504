package core_test

import (
	"strings"
	"testing"

	"github.com/lockstep-auth/lockstep/internal/core"
)

func TestStoredEmail(t *testing.T) {
	t.Parallel()
	for email, want := range map[string]string{
		"Ada@Example.COM":   "ada@example.com",
		"\u212aim@x.co":     "\u212aim@x.co", // the Kelvin sign, which Unicode folds to k
		"ad\u0131@x.co":     "ad\u0131@x.co",
		"":                  "",
		"ada":               "",
		"@x.co":             "",
		"ada@":              "",
		"a da@x.co":         "",
		"ada@x.co\r\nBcc:e": "",
		"ada\x00@x.co":      "",
	} {
		if got := core.StoredEmail(email); got != want {
			t.Errorf("%q: got %q, want %q", email, got, want)
		}
	}
}

// FuzzStoredEmail: two addresses are one only if they differ in the case of ASCII
// letters alone, and nothing that breaks a line gets through.
func FuzzStoredEmail(f *testing.F) {
	f.Add("Ada@example.com", "ada@EXAMPLE.com")
	f.Add("\u212aim@x.co", "kim@x.co")
	f.Fuzz(func(t *testing.T, a, b string) {
		x, y := core.StoredEmail(a), core.StoredEmail(b)
		if x == "" {
			return
		}
		if core.StoredEmail(x) != x || strings.ContainsAny(x, " \r\n\t\x00ABCXYZ") {
			t.Errorf("%q is stored as %q", a, x)
		}
		if x == y && (len(a) != len(b) || !strings.EqualFold(a, b)) {
			t.Errorf("%q and %q are both %q", a, b, x)
		}
	})
}
