package origin

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// defaultBasePath is where Better Auth mounts its endpoints.
const defaultBasePath = "/api/auth"

// ErrHost means that a request was sent to a host that is not allowed, or that
// is not a host at all. It is the client's fault.
var ErrHost = errors.New("origin: host not allowed")

// A BaseConfig says where the server is reached. Either URL or AllowedHosts
// should be set: without them the location is whatever the client says, which
// is for development only.
type BaseConfig struct {
	// URL is the server's address, such as "https://example.com". A path in it
	// takes the place of BasePath.
	URL string

	// BasePath is where the endpoints are mounted. Defaults to "/api/auth"; "/"
	// mounts them at the root.
	BasePath string

	// AllowedHosts are the hosts of a server that has several, as hosts
	// ("example.com", "localhost:3000") or host patterns ("*.example.com").
	AllowedHosts []string

	// Fallback is the address that stands in for a host that is not allowed.
	// Without it such requests fail with ErrHost. Needs AllowedHosts.
	Fallback string

	// Protocol is the scheme of the allowed hosts: "http", "https", or "auto"
	// for that of the connection. Defaults to https, but http on loopback
	// hosts and https on any TLS connection. Needs AllowedHosts.
	Protocol string

	// TrustProxyHeaders takes host and scheme from X-Forwarded-Host and
	// X-Forwarded-Proto if the peer is a trusted proxy.
	TrustProxyHeaders bool
}

// A Base knows the server's own address. It keeps nothing of a request, and is
// safe for concurrent use.
type Base struct {
	static   *Location
	fallback *Location
	path     string
	hosts    []hostPattern
	protocol string
	proxy    bool
}

// A hostPattern is an entry of AllowedHosts.
type hostPattern struct {
	webPattern
	scheme string // empty if the entry had none
}

// A Location is where the endpoints of the server are.
type Location struct {
	Origin string // such as "https://example.com:8443"
	Path   string // such as "/api/auth"; never ends in a slash, empty at the root
}

// URL returns the location as one URL, without a slash at the end.
func (l Location) URL() string { return l.Origin + l.Path }

// NewBase checks the configuration. Its errors say what to write.
func NewBase(c BaseConfig) (*Base, error) {
	path, err := cleanBasePath(c.BasePath)
	errs := []error{err}
	b := &Base{path: path, protocol: c.Protocol, proxy: c.TrustProxyHeaders}
	if len(c.AllowedHosts) == 0 && (c.Fallback != "" || c.Protocol != "") {
		errs = append(errs, errors.New(`origin: base URL: allowed hosts are empty: list at least one, such as "example.com"`))
	}
	if len(c.AllowedHosts) > 0 && c.URL != "" {
		errs = append(errs, errors.New("origin: base URL: set the URL or allowed hosts, not both"))
	}
	if !slices.Contains([]string{"", "auto", "http", "https"}, c.Protocol) {
		errs = append(errs, fmt.Errorf(`origin: base URL: protocol %q: write "http", "https" or "auto"`, c.Protocol))
	}
	b.static, err = parseLocation(c.URL, path)
	errs = append(errs, err)
	b.fallback, err = parseLocation(c.Fallback, path)
	errs = append(errs, err)
	for _, host := range c.AllowedHosts {
		p, err := newHostPattern(host)
		if err != nil {
			errs = append(errs, fmt.Errorf("origin: allowed host %s: %w", show(host), err))
		}
		b.hosts = append(b.hosts, p)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return b, nil
}

// cleanBasePath returns path with a slash at its start and none at its end.
func cleanBasePath(path string) (string, error) {
	path = "/" + strings.TrimPrefix(cmp.Or(path, defaultBasePath), "/")
	clean := strings.TrimRight(path, "/")
	for segment := range strings.SplitSeq(strings.TrimPrefix(clean, "/"), "/") {
		if clean != "" && (segment == "" || segment == "." || segment == "..") || !only(segment, isPathByte) {
			return "", fmt.Errorf(`origin: base path %q: write letters, digits, "-", ".", "_" and "~" between single slashes, such as %q`, path, defaultBasePath)
		}
	}
	return clean, nil
}

// isPathByte reports whether c is unreserved in URLs (RFC 3986 §2.3).
func isPathByte(c byte) bool {
	return isHostByte(c) || 'A' <= c && c <= 'Z' || c == '~'
}

// parseLocation reads a configured URL; basePath is for a URL without a path.
// The location of an empty URL is nil.
func parseLocation(url, basePath string) (*Location, error) {
	if url == "" {
		return nil, nil
	}
	origin, ok := Of(url)
	if !ok || strings.ContainsAny(url, "?#") {
		return nil, fmt.Errorf(`origin: base URL %s: write scheme, host and, if needed, port and path, such as "https://example.com"`, show(url))
	}
	_, rest, _ := strings.Cut(url, "://")
	_, path := cutAny(rest, "/")
	if strings.Trim(path, "/") == "" {
		return &Location{Origin: origin, Path: basePath}, nil
	}
	path, err := cleanBasePath(path)
	if err != nil {
		return nil, err
	}
	return &Location{Origin: origin, Path: path}, nil
}

// newHostPattern compiles an entry of AllowedHosts, which may have a scheme.
func newHostPattern(text string) (hostPattern, error) {
	if err := checkText(text); err != nil {
		return hostPattern{}, err
	}
	host := strings.ToLower(text)
	scheme, rest, ok := strings.Cut(host, "://")
	if !ok {
		scheme, rest = "", host
	}
	if scheme != "" && scheme != "http" && scheme != "https" {
		return hostPattern{}, fmt.Errorf("write the host alone, such as %q", rest)
	}
	if err := checkPortGlob(strings.TrimPrefix(rest, hostOf(rest)), scheme); err != nil {
		return hostPattern{}, err
	}
	p, err := newWebPattern(cmp.Or(scheme, "https") + "://" + rest)
	if err != nil {
		return hostPattern{}, err
	}
	p.text, p.anyScheme = p.authority, true
	return hostPattern{webPattern: p, scheme: scheme}, nil
}

// Static returns the location, if the configuration has exactly one.
func (b *Base) Static() (Location, bool) {
	if b.static == nil {
		return Location{}, false
	}
	return *b.static, true
}

// Dynamic reports whether the location is one of several allowed hosts.
func (b *Base) Dynamic() bool { return len(b.hosts) > 0 }

// Secure reports whether cookies are Secure: as the protocol of the allowed
// hosts or the scheme of the URL says, and in production if neither says. It
// never depends on a request (upstream cookies/index.ts).
func (b *Base) Secure(production bool) bool {
	switch {
	case b.protocol == "http" || b.protocol == "https":
		return b.protocol == "https"
	case b.static != nil:
		return strings.HasPrefix(b.static.Origin, "https://")
	}
	return production
}

// Origins returns the patterns for NewTrust that belong to the base: its own
// origin, or those of the allowed hosts and the fallback. There are none if the
// location is inferred; trust Location.Origin of each request then.
func (b *Base) Origins() []string {
	if b.static != nil {
		return []string{b.static.Origin}
	}
	var origins []string
	for _, p := range b.hosts {
		if p.scheme != "" {
			origins = append(origins, p.scheme+"://"+p.authority)
			continue
		}
		if b.protocol != "http" {
			origins = append(origins, "https://"+p.authority)
		}
		if b.protocol == "http" || b.protocol == "auto" || isLoopback(p.host) {
			origins = append(origins, "http://"+p.authority)
		}
	}
	if b.fallback != nil {
		origins = append(origins, b.fallback.Origin)
	}
	return origins
}
