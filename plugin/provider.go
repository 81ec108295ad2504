package plugin

import (
	"context"

	"github.com/lockstep-auth/lockstep/oauth"
)

// A Provider is a service that users can sign in with. Of a service whose
// endpoints are known, StaticProvider makes one.
type Provider struct {
	ID   string // in URLs and in the providerId column
	Name string // for people; defaults to the ID

	// Describe returns the service. It may ask the service itself, with the
	// server's client, and is expected to remember the answer. It is called for
	// every request that is about the service, from several goroutines. After an
	// error the service is unavailable for that request, and nothing else is.
	Describe func(ctx context.Context, client *oauth.Client) (oauth.Provider, error)

	// Logout, if not nil, returns where to send a browser that has signed out
	// here, so that it signs out there as well (OpenID Connect RP-Initiated
	// Logout 1.0), or "".
	Logout func(ctx context.Context, client *oauth.Client, l Logout) (string, error)
}

// A Logout is a sign-out that a service is to be told of.
type Logout struct {
	IDToken string // of the account, empty if there is none

	// CallbackURL is where the service sends the browser afterwards, an absolute
	// URL, with State. Empty leaves it to the service.
	CallbackURL string
	State       string

	// BaseURL is the base URL of the server.
	BaseURL string
}

// String returns "[redacted]".
func (Logout) String() string { return "[redacted]" }

// GoString returns "[redacted]".
func (Logout) GoString() string { return "[redacted]" }

// StaticProvider returns the Provider of a service that needs not be asked about
// itself.
func StaticProvider(p oauth.Provider) Provider {
	return Provider{
		ID: p.ID, Name: p.Name,
		Describe: func(context.Context, *oauth.Client) (oauth.Provider, error) { return p, nil },
	}
}
