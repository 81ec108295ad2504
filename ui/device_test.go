package ui_test

import (
	"regexp"
	"testing"

	"github.com/lockstep-auth/lockstep/ui"
)

func TestDeviceName(t *testing.T) {
	for _, tt := range []struct{ want, userAgent string }{
		{"Chrome on Windows", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"},
		{"Chrome on Android", "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"},
		{"Chrome on iPhone", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0.7339.39 Mobile/15E148 Safari/604.1"},
		{"Chrome on ChromeOS", "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"},
		{"Edge on Windows", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0"},
		{"Firefox on Linux", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"},
		{"Firefox on iPhone", "Mozilla/5.0 (iPhone; CPU iPhone OS 15_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/142.0 Mobile/15E148 Safari/605.1.15"},
		{"Opera on Mac", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36 OPR/122.0.0.0"},
		{"Safari on Mac", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15"},
		{"Safari on iPad", "Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1"},
		{"Samsung Internet on Android", "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36"},
		{"An app on an Apple device", "Example/1 CFNetwork/1568.100.1 Darwin/24.0.0"},
		{"An app", "okhttp/4.12.0"},
		{"A browser on Linux", "SomethingNew/1.0 (X11; Linux)"},
		{"curl", "curl/8.15.0"},
		{"A program", "node"},
		{"Unknown device", ""},
		{"Unknown device", "<b>Firefox</b>"},
	} {
		t.Run(tt.want, func(t *testing.T) {
			if got := ui.DeviceName(tt.userAgent); got != tt.want {
				t.Errorf("DeviceName(%q) = %q, want %q", tt.userAgent, got, tt.want)
			}
		})
	}
}

// Nothing that a client writes gets into a page.
func FuzzDeviceName(f *testing.F) {
	f.Add("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	f.Add("<b>Edg/ Android")
	known := regexp.MustCompile(`^(Unknown device|(Edge|Opera|Vivaldi|Samsung Internet|Firefox|Chrome|Safari|curl|An app|A program|A browser)` +
		`( on (iPhone|iPad|Android|Windows|Mac|ChromeOS|an Apple device|Linux))?)$`)
	f.Fuzz(func(t *testing.T, userAgent string) {
		if got := ui.DeviceName(userAgent); !known.MatchString(got) {
			t.Errorf("DeviceName(%q) = %q, made up of what?", userAgent, got)
		}
	})
}

func TestWait(t *testing.T) {
	for _, tt := range []struct{ seconds, want string }{
		{"1", "in a second"},
		{"10", "in 10 seconds"},
		{"119", "in 119 seconds"},
		{"120", "in 2 minutes"},
		{"121", "in 3 minutes"},
		{"7199", "in 120 minutes"},
		{"7201", "in 3 hours"},
		{"", "in a moment"},
		{"-5", "in a moment"},
		{"Fri, 31 Dec 1999 23:59:59 GMT", "in a moment"},
	} {
		if got := ui.Wait(tt.seconds); got != tt.want {
			t.Errorf("Wait(%q) = %q, want %q", tt.seconds, got, tt.want)
		}
	}
}

func FuzzWait(f *testing.F) {
	f.Add("1")
	f.Add("9223372036854775807")
	words := regexp.MustCompile(`^in (a moment|a second|[1-9][0-9]* (seconds|minutes|hours))$`)
	f.Fuzz(func(t *testing.T, seconds string) {
		if got := ui.Wait(seconds); !words.MatchString(got) {
			t.Errorf("Wait(%q) = %q", seconds, got)
		}
	})
}
