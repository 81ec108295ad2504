package cookie_test

import (
	"strings"
	"testing"

	"github.com/lockstep-auth/lockstep/internal/cookie"
	"github.com/lockstep-auth/lockstep/internal/secure"
)

// browserHeader is what a browser sends to a site with a session cache and the
// usual analytics, about 1.6 kB.
func browserHeader(value string) []string {
	return []string{strings.Join([]string{
		"_ga=GA1.1.1234567890.1700000000", "_ga_ABCDEF=GS1.1.1700000000.1.1.1700000000.0.0.0", "theme=dark", "locale=en-GB", "sidebar=open", "consent=%7B%22a%22%3A1%7D",
		"__Secure-better-auth.session_token=Zt3kV9q1mC2xR7pL0sYdW8eBnHfGuJ4a.xQi%2BYoonvbA8WaZ0Go3cMe0GB5XGoW7fuNNSmPOnehA%3D",
		"__Secure-better-auth.session_data=" + value,
	}, "; ")}
}

func BenchmarkRequest(b *testing.B) {
	const name = "__Secure-better-auth."
	value := newCache(b, cookie.Compact, secure.NewSecrets(testSecret)).Encode(testPayload(), vectorTime(), 300)
	headers := browserHeader(value)
	b.ReportAllocs()
	for b.Loop() {
		r := cookie.Parse(headers)
		_, hasToken := r.Get(name + "session_token")
		_, hasData := r.Joined(name + "session_data")
		_, hasFlag := r.Get(name + "dont_remember")
		if !hasToken || !hasData || hasFlag {
			b.Fatal("not read")
		}
	}
}

func BenchmarkJoinedSlices(b *testing.B) {
	cookies, _ := cookie.Split("better-auth.session_data", strings.Repeat("v", 10_000), cookie.Attributes{Path: "/"})
	var headers []string
	for _, c := range cookies {
		pair, _, _ := strings.Cut(c.String(), ";")
		headers = append(headers, pair)
	}
	r := cookie.Parse(headers)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := r.Joined("better-auth.session_data"); !ok {
			b.Fatal("not read")
		}
	}
}

func BenchmarkString(b *testing.B) {
	names, err := cookie.NewNames(cookie.Config{Secure: true})
	if err != nil {
		b.Fatal(err)
	}
	maxAge := new(604800)
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		c := names.Make(cookie.SessionToken, maxAge)
		c.Value = "Zt3kV9q1mC2xR7pL0sYdW8eBnHfGuJ4a.xQi+YoonvbA8WaZ0Go3cMe0GB5XGoW7fuNNSmPOnehA="
		buf = c.Append(buf[:0])
	}
}

func BenchmarkEncode(b *testing.B) {
	for _, s := range strategies() {
		b.Run(string(s), func(b *testing.B) {
			c := newCache(b, s, secure.NewSecrets(testSecret))
			p := testPayload()
			b.ReportAllocs()
			for b.Loop() {
				c.Encode(p, vectorTime(), 300)
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, s := range strategies() {
		b.Run(string(s), func(b *testing.B) {
			c := newCache(b, s, secure.NewSecrets(testSecret))
			value := c.Encode(testPayload(), vectorTime(), 300)
			b.ReportAllocs()
			for b.Loop() {
				if _, _, ok := c.Decode(value, vectorTime()); !ok {
					b.Fatal("not decoded")
				}
			}
		})
	}
}
