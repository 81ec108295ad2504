package origin

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Resolve returns the location that r was sent to. X-Forwarded-Host and
// X-Forwarded-Proto count only with BaseConfig.TrustProxyHeaders and if trusted
// says that r comes from a trusted proxy; a header with several values never
// counts. The error is ErrHost.
func (b *Base) Resolve(r *http.Request, trusted bool) (Location, error) {
	if b.static != nil {
		return *b.static, nil
	}
	var host, scheme string
	if trusted && b.proxy {
		host, scheme = forwardedHost(r.Header), forwardedScheme(r.Header)
	}
	if !b.Dynamic() {
		return b.infer(r, scheme, host)
	}
	return b.allowed(r, scheme, cmp.Or(host, r.Host))
}

// infer takes the location from the request. As upstream, the forwarded host
// and scheme count only together.
func (b *Base) infer(r *http.Request, scheme, host string) (Location, error) {
	if scheme == "" || host == "" {
		scheme, host = connectionScheme(r), r.Host
	}
	origin, ok := serialise(scheme, host)
	if !ok {
		return Location{}, fmt.Errorf("%w: %.100q", ErrHost, host)
	}
	return Location{Origin: origin, Path: b.path}, nil
}

// allowed returns the location of an allowed host, or else the fallback.
func (b *Base) allowed(r *http.Request, scheme, host string) (Location, error) {
	origin, ok := serialise(b.scheme(r, scheme, host), host)
	if ok && slices.ContainsFunc(b.hosts, func(p hostPattern) bool { return p.matchHost(origin) }) {
		return Location{Origin: origin, Path: b.path}, nil
	}
	if b.fallback != nil {
		return *b.fallback, nil
	}
	return Location{}, fmt.Errorf("%w: %.100q: add it to the allowed hosts or set a fallback", ErrHost, host)
}

// matchHost reports whether the host and port of origin match, whatever its
// scheme.
func (p *hostPattern) matchHost(origin string) bool {
	if p.wild {
		return p.match(origin)
	}
	_, authority, _ := strings.Cut(origin, "://")
	return authority == p.authority
}

// scheme returns the scheme of a location: the configured one, the forwarded
// one, or that of the connection. Without TLS, and with no protocol configured,
// it is that of Origins, so that a server behind a proxy makes https links.
func (b *Base) scheme(r *http.Request, forwarded, host string) string {
	switch {
	case b.protocol == "http" || b.protocol == "https":
		return b.protocol
	case forwarded != "":
		return forwarded
	case b.protocol == "auto" || r.TLS != nil || isLoopback(strings.ToLower(hostOf(host))):
		return connectionScheme(r)
	}
	return "https"
}

// connectionScheme returns the scheme of the connection. The URL of r is what
// the client says.
func connectionScheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// forwardedHost returns the X-Forwarded-Host, if it is one valid host.
func forwardedHost(h http.Header) string {
	values := h.Values("X-Forwarded-Host")
	if len(values) != 1 {
		return ""
	}
	if _, ok := serialise("https", values[0]); !ok {
		return ""
	}
	return values[0]
}

// forwardedScheme returns the X-Forwarded-Proto, if it is exactly http or https.
func forwardedScheme(h http.Header) string {
	values := h.Values("X-Forwarded-Proto")
	if len(values) != 1 || values[0] != "http" && values[0] != "https" {
		return ""
	}
	return values[0]
}
