package lockstep

import (
	"time"

	"github.com/lockstep-auth/lockstep/plugin"
)

// RateLimit bounds how often one client may call.
type RateLimit struct {
	// Enabled defaults to true, and to false in Development.
	Enabled *bool `option:"enabled"`

	// Window and Max are the rule for paths without a stricter one. They
	// default to 100 requests in 10 seconds.
	Window time.Duration `option:"window"`
	Max    int           `option:"max"`

	// Storage is "memory" (the default) or "database", for several servers.
	Storage string `option:"storage"`

	// ModelName and Fields are what the database calls the table rateLimit and
	// its fields.
	ModelName string            `option:"modelName"`
	Fields    map[string]string `option:"fields"`

	CustomRules []RateLimitRule `option:"-"`

	// MailsPerAddress is how many mails of one kind clients can have sent to
	// one address in an hour. More are not sent, and nothing shows that they
	// are not. Defaults to 5. It is counted in this process.
	MailsPerAddress int `option:"-"`
}

// A RateLimitRule is the rule for one path.
type RateLimitRule struct {
	Path   string // below the base path; "*" and "?" are wildcards
	Window time.Duration
	Max    int
	Skip   bool // no limit at all
}

// Advanced are the options that most servers leave alone.
type Advanced struct {
	IPAddress IPAddress `option:"ipAddress"`

	// UseSecureCookies sets Secure and the __Secure- prefix. Defaults to
	// whether BaseURL is https.
	UseSecureCookies *bool `option:"useSecureCookies"`

	// DisableCSRFCheck and DisableOriginCheck switch protection off.
	DisableCSRFCheck   bool `option:"disableCSRFCheck"`
	DisableOriginCheck bool `option:"-"`

	// DisableOriginCheckPaths switches the origin check off below paths.
	DisableOriginCheckPaths []string `option:"-"`

	CrossSubDomainCookies   CrossSubDomainCookies    `option:"crossSubDomainCookies"`
	Cookies                 map[string]CookieOptions `option:"cookies"`
	DefaultCookieAttributes CookieAttributes         `option:"defaultCookieAttributes"`

	// CookiePrefix begins the names of cookies. Defaults to "better-auth".
	CookiePrefix string `option:"cookiePrefix"`

	Database DatabaseOptions `option:"database"`

	// TrustedProxyHeaders believes X-Forwarded-Host and X-Forwarded-Proto of a
	// trusted proxy; see IPAddress.TrustedProxies.
	TrustedProxyHeaders bool `option:"trustedProxyHeaders"`

	// SkipTrailingSlashes serves paths with a slash at the end as without.
	SkipTrailingSlashes bool `option:"skipTrailingSlashes"`
}

// IPAddress says how the address of a client is found.
type IPAddress struct {
	// IPAddressHeaders are believed when they come from a trusted proxy.
	// Defaults to X-Forwarded-For.
	IPAddressHeaders []string `option:"ipAddressHeaders"`

	// TrustedProxies are addresses and CIDR ranges. Defaults to loopback and
	// private addresses.
	TrustedProxies []string `option:"trustedProxies"`

	// ProxySecret is shared with a front end that forwards requests, such as
	// the Nuxt module: the address that it proves counts, whatever address it
	// has itself. 32 characters or more. Defaults to none.
	ProxySecret string `option:"proxySecret"`

	// IPv6Subnet is how many bits of an IPv6 address count. Defaults to 64.
	IPv6Subnet int `option:"ipv6Subnet"`

	// DisableIPTracking stores no addresses and sets no rate limits.
	DisableIPTracking bool `option:"disableIpTracking"`
}

// String returns "[redacted]": it holds the proxy secret.
func (IPAddress) String() string { return "[redacted]" }

// GoString returns "[redacted]".
func (IPAddress) GoString() string { return "[redacted]" }

// CrossSubDomainCookies shares the cookies with subdomains.
type CrossSubDomainCookies struct {
	Enabled bool `option:"enabled"`

	// Domain defaults to the host of BaseURL.
	Domain string `option:"domain"`
}

// CookieOptions change one cookie, such as "session_token".
type CookieOptions struct {
	Name       string           `option:"name"`
	Attributes CookieAttributes `option:"attributes"`
}

// CookieAttributes change the attributes that are not nil.
type CookieAttributes struct {
	MaxAge      *int    `option:"maxAge"` // seconds
	Domain      *string `option:"domain"`
	Path        *string `option:"path"`
	HTTPOnly    *bool   `option:"httpOnly"`
	Secure      *bool   `option:"secure"`
	SameSite    *string `option:"sameSite"`
	Partitioned *bool   `option:"partitioned"`
}

// DatabaseOptions say how rows are made.
type DatabaseOptions struct {
	// GenerateID makes the ids of new rows. Defaults to what the store makes:
	// 32 random letters and digits, or the database's own ids.
	GenerateID func(table string) string `option:"-"`
}

// OnAPIError says what happens when an endpoint fails.
type OnAPIError struct {
	// ErrorURL is where GET /error sends a browser.
	ErrorURL string `option:"errorURL"`

	// OnError sees every error that a client is sent.
	OnError func(*plugin.Call, error) `option:"-"`
}
