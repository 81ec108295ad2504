package clientip_test

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep/internal/clientip"
)

const proxySecret = "0123456789abcdef0123456789abcdef"

var noon = time.Unix(1_700_000_000, 0)

// proving is for a server with public front ends that have the secret.
func proving() clientip.Config {
	return clientip.Config{ProxySecret: proxySecret, Now: func() time.Time { return noon }}
}

// named returns a request from a public address that names a client.
func named(client, proof string) *http.Request {
	return &http.Request{RemoteAddr: "198.51.100.7:5000", Header: http.Header{"Lockstep-Client": {client}, "Lockstep-Proof": {proof}}}
}

// TestProveExamples has the examples that js/nuxt is tested with too.
func TestProveExamples(t *testing.T) {
	data, err := os.ReadFile("testdata/proof.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		Name    string `json:"name"`
		Secret  string `json:"secret"`
		Address string `json:"address"`
		Seconds int64  `json:"seconds"`
		Proof   string `json:"proof"`
	}
	if err := json.Unmarshal(data, &rows); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		at := time.Unix(row.Seconds, 0)
		if got := clientip.Prove(row.Secret, row.Address, at); got != row.Proof {
			t.Errorf("%s: got %q, want %q", row.Name, got, row.Proof)
		}
		r := mustNew(t, clientip.Config{ProxySecret: row.Secret, Now: func() time.Time { return at }})
		want := r.IP(&http.Request{RemoteAddr: net.JoinHostPort(row.Address, "1")})
		if got := r.IP(named(row.Address, row.Proof)); got != want {
			t.Errorf("%s: got address %q, want %q", row.Name, got, want)
		}
	}
}

func TestProof(t *testing.T) {
	const client, peer = "203.0.113.7", "198.51.100.7"
	good := clientip.Prove(proxySecret, client, noon)
	seconds, mac, _ := strings.Cut(good, ".")
	without := proving()
	without.ProxySecret = ""
	edge := proving()
	edge.TrustedProxies = []string{"10.9.9.9"}
	for _, tt := range []struct {
		name   string
		config clientip.Config
		req    *http.Request
		want   string
	}{
		{"from whatever address", proving(), named(client, good), client},
		{"from an address that is no trusted proxy", edge, named(client, good), client},
		{"with a port and the IPv6 form", proving(), named("[::ffff:203.0.113.7]:80", clientip.Prove(proxySecret, "[::ffff:203.0.113.7]:80", noon)), client},
		{"five minutes old", proving(), named(client, clientip.Prove(proxySecret, client, noon.Add(-5*time.Minute))), client},
		{"five minutes ahead", proving(), named(client, clientip.Prove(proxySecret, client, noon.Add(5*time.Minute))), client},
		{"it counts more than X-Forwarded-For", proving(), &http.Request{RemoteAddr: "10.0.0.1:80", Header: http.Header{
			"X-Forwarded-For": {"6.6.6.6"}, "Lockstep-Client": {client}, "Lockstep-Proof": {good},
		}}, client},

		{"no secret: none counts", without, named(client, good), peer},
		{"too old", proving(), named(client, clientip.Prove(proxySecret, client, noon.Add(-5*time.Minute-time.Second))), peer},
		{"too far ahead", proving(), named(client, clientip.Prove(proxySecret, client, noon.Add(5*time.Minute+time.Second))), peer},
		{"a time that overflows", proving(), named(client, "9223372036854775807."+mac), peer},
		{"another secret", proving(), named(client, clientip.Prove(strings.Repeat("x", 32), client, noon)), peer},
		{"another address", proving(), named("203.0.113.8", good), peer},
		{"another time", proving(), named(client, "1700000001."+mac), peer},
		{"another spelling of the time", proving(), named(client, "+"+good), peer},
		{"no address", proving(), named("unknown", clientip.Prove(proxySecret, "unknown", noon)), peer},
		{"an address that is too long", proving(), named(strings.Repeat("1", 65), clientip.Prove(proxySecret, strings.Repeat("1", 65), noon)), peer},
		{"no code", proving(), named(client, seconds), peer},
		{"an empty code", proving(), named(client, seconds+"."), peer},
		{"no proof", proving(), &http.Request{RemoteAddr: peer + ":1", Header: http.Header{"Lockstep-Client": {client}}}, peer},
		{"two proofs", proving(), &http.Request{RemoteAddr: peer + ":1", Header: http.Header{
			"Lockstep-Client": {client}, "Lockstep-Proof": {good, good},
		}}, peer},
		{"two addresses", proving(), &http.Request{RemoteAddr: peer + ":1", Header: http.Header{
			"Lockstep-Client": {client, "6.6.6.6"}, "Lockstep-Proof": {good},
		}}, peer},
		{"a bad proof is none: the rule for proxies applies", proving(), &http.Request{RemoteAddr: "10.0.0.1:80", Header: http.Header{
			"X-Forwarded-For": {"1.2.3.4"}, "Lockstep-Client": {client}, "Lockstep-Proof": {"x"},
		}}, "1.2.3.4"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := mustNew(t, tt.config).IP(tt.req); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestProxySecretIsChecked(t *testing.T) {
	short := proving()
	short.ProxySecret = "canary-short"
	if _, err := clientip.New(short); err == nil || !strings.Contains(err.Error(), "32 or more") || strings.Contains(err.Error(), "canary") {
		t.Errorf("got error %v, want one that names the length and not the secret", err)
	}
	if _, err := clientip.New(clientip.Config{ProxySecret: proxySecret}); err == nil {
		t.Error("got no error for a secret without a clock")
	}
}

// FuzzProof holds that only what Prove makes is a proof.
func FuzzProof(f *testing.F) {
	good := clientip.Prove(proxySecret, "203.0.113.7", noon)
	for _, seed := range []string{good, "", ".", "1700000000.", "-1." + good, good + "=", " " + good} {
		f.Add("203.0.113.7", seed)
	}
	f.Fuzz(func(t *testing.T, client, proof string) {
		if mustNew(t, proving()).IP(named(client, proof)) == "198.51.100.7" || strings.HasPrefix(client, "198.51.100.7") {
			return
		}
		for offset := -5 * time.Minute; offset <= 5*time.Minute; offset += time.Second {
			if clientip.Prove(proxySecret, client, noon.Add(offset)) == proof {
				return
			}
		}
		t.Errorf("%q counts as a proof for %q", proof, client)
	})
}
