package clientip

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// A front end that has the proxy secret names the client in one header and
// proves in the other that it did. The secret itself never travels. The Nuxt
// module writes them (js/nuxt, proof.ts).
const (
	clientHeader = "Lockstep-Client"
	proofHeader  = "Lockstep-Proof"
)

const (
	// minProxySecret is what a secret needs to be hard to guess, in bytes.
	minProxySecret = 32

	// proofWindow is how old a proof can be, and how far ahead of this clock.
	proofWindow = 5 * time.Minute

	// maxAddress is more than the longest text of an address.
	maxAddress = 64
)

// proof returns the proof that a front end with the secret names this address at a
// time: the seconds since 1970, a dot, and in base64url the HMAC-SHA256 of
// "lockstep-client", the seconds and the address, each on a line.
func proof(secret, address, seconds string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("lockstep-client\n" + seconds + "\n" + address))
	return seconds + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// proven returns the client that a front end with the secret names. A proof
// that is wrong, too old or there twice is none.
func (r *Resolver) proven(h http.Header) (netip.Addr, bool) {
	client, given := h[clientHeader], h[proofHeader]
	if r.proxySecret == "" || len(client) != 1 || len(given) != 1 || len(client[0]) > maxAddress {
		return netip.Addr{}, false
	}
	seconds, _, _ := strings.Cut(given[0], ".")
	at, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || !hmac.Equal([]byte(given[0]), []byte(proof(r.proxySecret, client[0], strconv.FormatInt(at, 10)))) {
		return netip.Addr{}, false
	}
	if age := r.now().Sub(time.Unix(at, 0)); age > proofWindow || age < -proofWindow {
		return netip.Addr{}, false
	}
	return parse(client[0])
}
