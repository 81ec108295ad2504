package clientip_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/lockstep-auth/lockstep/internal/clientip"
)

func mustNew(t testing.TB, c clientip.Config) *clientip.Resolver {
	t.Helper()
	r, err := clientip.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// from returns a request from a TCP peer with lines of X-Forwarded-For.
func from(peer string, lines ...string) *http.Request {
	return &http.Request{RemoteAddr: peer, Header: http.Header{"X-Forwarded-For": lines}}
}

func TestNormalAsUpstream(t *testing.T) {
	data, err := os.ReadFile("testdata/normal.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		IP     string `json:"ip"`
		Subnet int    `json:"subnet"`
		Normal string `json:"normal"`
	}
	if err := json.Unmarshal(data, &rows); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		r := mustNew(t, clientip.Config{IPv6Subnet: row.Subnet})
		if got := r.IP(from("10.0.0.1:80", row.IP)); got != row.Normal {
			t.Errorf("%s with %d bits: got %q, want %q", row.IP, row.Subnet, got, row.Normal)
		}
	}
}

func TestIP(t *testing.T) {
	const doc = "2001:0db8:0000:0000:0000:0000:0000:0000"
	lan := clientip.Config{}
	edge := clientip.Config{TrustedProxies: []string{"203.0.113.0/24", "2001:db8:ffff::1", "::ffff:198.51.100.9"}}
	for _, tt := range []struct {
		name   string
		config clientip.Config
		req    *http.Request
		want   string
	}{
		{"direct connection", lan, from("198.51.100.7:5000"), "198.51.100.7"},
		{"direct connection over IPv6", lan, from("[2001:db8::7]:5000"), doc},
		{"RL-03 an untrusted peer does not choose its address", lan, from("198.51.100.7:5000", "1.2.3.4"), "198.51.100.7"},
		{"proxy on this machine", lan, from("127.0.0.1:5000", "1.2.3.4"), "1.2.3.4"},
		{"proxy on the network", lan, from("10.1.2.3:5000", "1.2.3.4"), "1.2.3.4"},
		{"proxy with a unique local address", lan, from("[fd00::1]:5000", "1.2.3.4"), "1.2.3.4"},
		{"proxy with a link-local address", lan, from("[fe80::1%eth0]:5000", "1.2.3.4"), "1.2.3.4"},
		{"proxy with a mapped address", lan, from("[::ffff:10.0.0.1]:5000", "1.2.3.4"), "1.2.3.4"},
		{"proxy behind a Unix socket", lan, from("@", "1.2.3.4"), "1.2.3.4"},
		{"RL-03 the rightmost untrusted address", lan, from("10.0.0.1:80", "6.6.6.6, 1.2.3.4, 10.0.0.2"), "1.2.3.4"},
		{"RL-03 two header lines", lan, from("10.0.0.1:80", "6.6.6.6", "1.2.3.4,10.0.0.2", "10.0.0.3"), "1.2.3.4"},
		{"RL-03 empty elements", lan, from("10.0.0.1:80", ",, 1.2.3.4 ,\t,", ""), "1.2.3.4"},
		{"RL-03 a header of 10 kB", lan, from("10.0.0.1:80", strings.Repeat(" ", 10_000)+"1.2.3.4"), "10.0.0.1"},
		{"RL-03 many header lines", lan, from("10.0.0.1:80", strings.Fields(strings.Repeat("1.2.3.4 ", 1000))...), "10.0.0.1"},
		{"RL-03 headers that are not configured", lan, &http.Request{RemoteAddr: "10.0.0.1:80", Header: http.Header{"Cf-Connecting-Ip": {"1.2.3.4"}}}, "10.0.0.1"},
		{"an invalid element ends the search", lan, from("10.0.0.1:80", "1.2.3.4, unknown, 10.0.0.2"), "10.0.0.1"},
		{"elements behind an invalid one do not matter", lan, from("10.0.0.1:80", "unknown, 1.2.3.4"), "1.2.3.4"},
		{"all trusted: the leftmost", lan, from("10.0.0.1:80", "192.168.0.9, 10.0.0.2"), "192.168.0.9"},
		{"RL-04 no header: the peer", lan, from("10.0.0.1:80"), "10.0.0.1"},
		{"RL-04 an empty header: the peer", lan, from("10.0.0.1:80", " , "), "10.0.0.1"},
		{"Unix socket without header", lan, from(""), "127.0.0.1"},
		{"RL-04 what is no address is not trusted", lan, from("garbage", "1.2.3.4"), "0.0.0.0"},

		{"listed proxy", edge, from("203.0.113.5:80", "1.2.3.4"), "1.2.3.4"},
		{"listed IPv6 proxy", edge, from("[2001:db8:ffff::1]:80", "1.2.3.4"), "1.2.3.4"},
		{"proxy listed with a mapped address", edge, from("198.51.100.9:80", "1.2.3.4"), "1.2.3.4"},
		{"a list replaces the private addresses", edge, from("10.0.0.1:80", "1.2.3.4"), "10.0.0.1"},
		{"a private address is a client if it is not listed", edge, from("203.0.113.5:80", "6.6.6.6, 10.0.0.1, 203.0.113.6"), "10.0.0.1"},

		{"first header with a value", clientip.Config{Headers: []string{"cf-connecting-ip", "x-real-ip"}}, &http.Request{
			RemoteAddr: "10.0.0.1:80", Header: http.Header{"Cf-Connecting-Ip": {""}, "X-Real-Ip": {"1.2.3.4"}, "X-Forwarded-For": {"6.6.6.6"}},
		}, "1.2.3.4"},
		{"disabled", clientip.Config{Disabled: true}, from("198.51.100.7:5000", "1.2.3.4"), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := mustNew(t, tt.config).IP(tt.req); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// RL-01: one network has one address.
func TestSubnetIsOneClient(t *testing.T) {
	r := mustNew(t, clientip.Config{})
	seen := make(map[string]bool)
	for i := range 1000 {
		seen[r.IP(from(fmt.Sprintf("[2001:db8::%x:%x]:80", i, i+1)))] = true
	}
	if len(seen) != 1 {
		t.Errorf("got %d addresses for one /64, want 1", len(seen))
	}
	if r.IP(from("[2001:db8:0:1::1]:80")) == r.IP(from("[2001:db8:0:2::1]:80")) {
		t.Error("two /64 have one address")
	}
}

// RL-02: one address has one spelling.
func TestSpellings(t *testing.T) {
	for want, spellings := range map[string][]string{
		"1.2.3.4": {"1.2.3.4", "1.2.3.4:555", "::ffff:1.2.3.4", "::ffff:102:304", "[::ffff:1.2.3.4]", "[::FFFF:102:304]:80", "::ffff:1.2.3.4%eth0", "0:0:0:0:0:ffff:1.2.3.4"},
		"2001:0db8:0000:0000:0000:0000:0000:0000": {
			"2001:db8::1", "2001:DB8::1", "2001:db8:0:0:0:0:0:1", "[2001:db8::1]", "[2001:db8::1]:443", "2001:db8::1%eth0", "[2001:db8::1%25eth0]:443", "2001:0db8::2",
		},
		// Not addresses: the peer stands.
		"10.0.0.1": {
			"01.2.3.4", "1.2.3", "1.2.3.4.5", "0x1.2.3.4", "1.2.3.4:", "1.2.3.4:x", "1.2.3.4:123456", "[1.2.3.4]", "[2001:db8::1", "2001:db8::1]", "[2001:db8::1]x", "[2001:db8::1]:",
			"1.2.3.4%eth0", "\"1.2.3.4\"", "for=1.2.3.4", "unknown", "_hidden", "1.2.3.4;5", "1.2.3.4 5.6.7.8", "::ffff:1.2.3.400", "\u0661.2.3.4",
		},
	} {
		r := mustNew(t, clientip.Config{})
		for _, spelling := range spellings {
			if got := r.IP(from("10.0.0.1:80", spelling)); got != want {
				t.Errorf("%q: got %q, want %q", spelling, got, want)
			}
		}
	}
}

func TestTrustedPeer(t *testing.T) {
	lan := mustNew(t, clientip.Config{})
	listed := mustNew(t, clientip.Config{TrustedProxies: []string{"203.0.113.5"}})
	for peer, want := range map[string]struct{ lan, listed bool }{
		"127.0.0.1:1": {true, false}, "[::1]:1": {true, false}, "10.9.9.9:1": {true, false}, "172.16.0.1:1": {true, false}, "192.168.1.1:1": {true, false},
		"169.254.1.1:1": {true, false}, "[fd00::1]:1": {true, false}, "[fe80::1%en0]:1": {true, false}, "@": {true, false}, "": {true, false},
		"172.32.0.1:1": {false, false}, "100.64.0.1:1": {false, false}, "8.8.8.8:1": {false, false}, "0.0.0.0:1": {false, false}, "garbage": {false, false},
		"[2001:db8::1]:1": {false, false}, "203.0.113.5:1": {false, true}, "[::ffff:203.0.113.5]:1": {false, true}, "203.0.113.6:1": {false, false},
	} {
		if got := lan.TrustedPeer(from(peer)); got != want.lan {
			t.Errorf("%q by default: got %v, want %v", peer, got, want.lan)
		}
		if got := listed.TrustedPeer(from(peer)); got != want.listed {
			t.Errorf("%q with a list: got %v, want %v", peer, got, want.listed)
		}
	}
}

func TestNewNamesWhatIsWrong(t *testing.T) {
	for _, tt := range []struct {
		name   string
		config clientip.Config
		want   string
	}{
		{"not an address", clientip.Config{TrustedProxies: []string{"10.0.0.0/8", "proxy.test"}}, `"proxy.test"`},
		{"prefix too long", clientip.Config{TrustedProxies: []string{"10.0.0.0/33"}}, `"10.0.0.0/33"`},
		{"zone", clientip.Config{TrustedProxies: []string{"fe80::1%eth0"}}, `"fe80::1%eth0"`},
		{"network of mapped addresses", clientip.Config{TrustedProxies: []string{"::ffff:10.0.0.0/104"}}, `"::ffff:10.0.0.0/104"`},
		{"empty", clientip.Config{TrustedProxies: []string{""}}, `""`},
		{"everybody", clientip.Config{TrustedProxies: []string{"0.0.0.0/0"}}, "every client"},
		{"everybody over IPv6", clientip.Config{TrustedProxies: []string{"::/0"}}, "every client"},
		{"subnet too long", clientip.Config{IPv6Subnet: 129}, "129 bits"},
		{"negative subnet", clientip.Config{IPv6Subnet: -1}, "-1 bits"},
		{"list in one header name", clientip.Config{Headers: []string{"x-real-ip, x-forwarded-for"}}, "write a name"},
		{"empty header name", clientip.Config{Headers: []string{""}}, "write a name"},
		{"header with another syntax", clientip.Config{Headers: []string{"forwarded"}}, "RFC 7239"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := clientip.New(tt.config); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want %s", err, tt.want)
			}
		})
	}
}

func TestIPAllocatesOnlyItsResult(t *testing.T) {
	r := mustNew(t, clientip.Config{TrustedProxies: []string{"10.0.0.0/8", "fd00::/8"}})
	for _, req := range []*http.Request{
		from("198.51.100.7:5000", "1.2.3.4"),
		from("10.0.0.1:5000", "6.6.6.6, [2001:db8::1]:443, 10.0.0.2", "10.0.0.3"),
		from("[fd00::1%eth0]:5000", "1.2.3.4"),
	} {
		if n := testing.AllocsPerRun(100, func() { r.IP(req) }); n > 1 {
			t.Errorf("peer %s: got %v allocations, want at most 1", req.RemoteAddr, n)
		}
	}
}

// normal reports whether ip is an address as IP writes it.
func normal(ip string) bool {
	addr, err := netip.ParseAddr(ip)
	if err != nil || addr.Is4() {
		return err == nil && addr.String() == ip
	}
	return addr.StringExpanded() == ip && !addr.Is4In6() && netip.PrefixFrom(addr, 64).Masked().Addr() == addr
}

func FuzzIP(f *testing.F) {
	f.Add("10.0.0.1:80", "6.6.6.6, 1.2.3.4, 10.0.0.2")
	f.Add("198.51.100.7:80", "[2001:db8::1]:443")
	f.Add("[fe80::1%eth0]:80", "::ffff:1.2.3.4, fe80::1%eth0, unknown")
	f.Add("@", "::ffff:102:304")
	f.Add("garbage", ",,")
	def := mustNew(f, clientip.Config{})
	listed := mustNew(f, clientip.Config{TrustedProxies: []string{"203.0.113.0/24", "fd00::/8"}})
	f.Fuzz(func(t *testing.T, peer, header string) {
		for _, r := range []*clientip.Resolver{def, listed} {
			req, bare := from(peer, header), from(peer)
			got := r.IP(req)
			if !normal(got) {
				t.Errorf("peer %q, header %q: got %q, which is not normal", peer, header, got)
			}
			if !r.TrustedPeer(req) && got != r.IP(bare) {
				t.Errorf("peer %q is not trusted, its header %q gave it address %q", peer, header, got)
			}
			if again := r.IP(from(peer, "6.6.6.6, "+header)); again != got && again != "6.6.6.6" && again != r.IP(bare) {
				t.Errorf("an element at the left of %q changed %q into %q", header, got, again)
			}
		}
	})
}

func BenchmarkIP(b *testing.B) {
	r := mustNew(b, clientip.Config{})
	req := from("10.0.0.1:5000", "6.6.6.6, 2001:db8::1, 10.0.0.2")
	for b.Loop() {
		r.IP(req)
	}
}
