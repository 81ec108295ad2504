package oauth_test

import (
	"errors"
	"net"
	"testing"

	"github.com/lockstep-auth/lockstep/oauth"
)

func TestPublicAddresses(t *testing.T) {
	for address, want := range map[string]bool{
		"8.8.8.8": true, "1.1.1.1": true, "172.15.0.1": true, "172.32.0.1": true, "192.167.1.1": true, "223.255.255.1": true,
		"0.0.0.0": false, "0.1.2.3": false, "10.0.0.1": false, "100.64.0.1": false, "100.127.255.254": false, "127.0.0.1": false,
		"127.255.255.254": false, "169.254.169.254": false, "172.16.0.1": false, "172.31.255.254": false, "192.0.0.170": false,
		"192.0.2.1": false, "192.168.1.1": false, "198.18.0.1": false, "198.51.100.1": false, "203.0.113.1": false,
		"224.0.0.1": false, "240.0.0.1": false, "255.255.255.255": false,
		"2606:4700::1111": true, "2a00:1450::1": true,
		"::": false, "::1": false, "fe80::1": false, "fe80::1%eth0": false, "fc00::1": false, "fd12:3456::1": false, "ff02::1": false,
		"2001:db8::1": false, "2001::1": false, "3fff::1": false, "100::1": false, "5f00::1": false,
		"::ffff:8.8.8.8": true, "::ffff:127.0.0.1": false, "::ffff:169.254.169.254": false, "::127.0.0.1": false,
		"64:ff9b::8.8.8.8": true, "64:ff9b::127.0.0.1": false, "64:ff9b::a9fe:a9fe": false, "64:ff9b:1::8.8.8.8": false,
		"2002:808:808::1": true, "2002:7f00:1::1": false, "2002:a00:1::1": false,
	} {
		if got := oauth.IsPublic(address); got != want {
			t.Errorf("%s: got public %v, want %v", address, got, want)
		}
	}
}

func TestPrivateHosts(t *testing.T) {
	for host, want := range map[string]bool{
		"example.com": false, "127.0.0.1.nip.io": false, "localhost.example.com": false, "1e100.net": false, "8.8.8.8": false, "x.0xg": true,
		"localhost": true, "LOCALHOST": true, "localhost.": true, "a.localhost": true, "a.b.LocalHost.": true,
		"127.0.0.1": true, "127.1": true, "0x7f.1": true, "0x7f000001": true, "2130706433": true, "017700000001": true,
		"0177.0.0.01": true, "127.0.0.1.": true, "169.254.169.254": true, "0": true, "": true,
		"::1": true, "::ffff:127.0.0.1": true, "64:ff9b::7f00:1": true, "fd00::1": true, "fe80::1%25lo": true,
	} {
		if got := oauth.IsPrivateHost(host); got != want {
			t.Errorf("%s: got private %v, want %v", host, got, want)
		}
	}
}

// TestPrivateTargets: whatever URL is configured or discovered, nothing is sent
// into a private network.
func TestPrivateTargets(t *testing.T) {
	i := newIDP(t)
	_, port, err := net.SplitHostPort(i.url[len("http://"):])
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, func(cfg *oauth.Config) { cfg.InsecureAllowPrivateNetworks = false })
	for _, host := range []string{
		"127.0.0.1", "localhost", "idp.localhost", "127.1", "0x7f.1", "2130706433", "017700000001", "0.0.0.0", "[::1]", "[::]",
		"[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fd00::1]", "169.254.169.254", "10.0.0.1", "192.168.0.1",
	} {
		_, err := c.Do(t.Context(), oauth.Request{URL: "https://" + host + ":" + port + "/elsewhere"})
		if !errors.Is(err, oauth.ErrPrivate) {
			t.Errorf("%s: got %v, want %v", host, err, oauth.ErrPrivate)
		}
	}
	if _, err := c.Do(t.Context(), oauth.Request{URL: "http://example.com/"}); !errors.Is(err, oauth.ErrInsecure) {
		t.Errorf("plain http: got %v, want %v", err, oauth.ErrInsecure)
	}
	if got := i.elsewhere.Load(); got != 0 {
		t.Errorf("%d requests arrived", got)
	}
}

// TestDialGuard: the address that a name resolves to is what counts, so that it
// cannot change after the check.
func TestDialGuard(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	for _, host := range []string{"127.0.0.1", "localhost"} {
		conn, err := oauth.Dial(t.Context(), net.JoinHostPort(host, port))
		if !errors.Is(err, oauth.ErrPrivate) {
			t.Errorf("%s: got %v, want %v", host, err, oauth.ErrPrivate)
		}
		if conn != nil {
			conn.Close()
		}
	}
}

func TestURLsThatAreRefused(t *testing.T) {
	c := newClient(t, nil)
	for _, endpoint := range []string{
		"", "/path", "//host/", "https:host", "https://", "https:///path", "ftp://h/", "file:///etc/passwd", "javascript:alert(1)",
		"https://user@h/", "https://user:pw@h/", "https://h /", "https://h/\n", "https://h/\\x", "https://hé/", "https://h/%zz", "https://h:port/",
	} {
		if _, err := c.Do(t.Context(), oauth.Request{URL: endpoint}); err == nil {
			t.Errorf("%q was asked", endpoint)
		}
	}
}

// TestValidatePublic: what a client would refuse to ask is known before anybody
// signs in. Where only the browser goes is not its business.
func TestValidatePublic(t *testing.T) {
	for _, c := range []struct {
		name string
		p    oauth.Provider
		want error
	}{
		{"public", oauth.Provider{TokenURL: "https://service.example/token"}, nil},
		{"the page of a service on this machine", oauth.Provider{AuthURL: "http://localhost:3000/authorize"}, nil},
		{"plain http", oauth.Provider{TokenURL: "http://service.example/token"}, oauth.ErrInsecure},
		{"this machine", oauth.Provider{UserInfoURL: "https://localhost/me"}, oauth.ErrPrivate},
		{"a private network", oauth.Provider{RefreshURL: "https://10.0.0.1/token"}, oauth.ErrPrivate},
		{"the keys", oauth.Provider{IDToken: oauth.IDTokenRules{JWKSURL: "https://[::1]/keys"}}, oauth.ErrPrivate},
		{"one more API", oauth.Provider{ExtraURL: "https://0x7f.1/emails"}, oauth.ErrPrivate},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.p.ValidatePublic(); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}
