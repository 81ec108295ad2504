package social

import (
	"strings"

	"github.com/lockstep-auth/lockstep/oauth"
)

// RedditOptions are the options of Reddit.
type RedditOptions struct {
	Options

	// Duration is "temporary" or "permanent", which asks for a refresh token.
	Duration string `option:"duration"`
}

// Reddit signs users in with Reddit, which tells no email address.
//
// https://github.com/reddit-archive/reddit/wiki/OAuth2
func Reddit(o RedditOptions) oauth.Provider {
	p := o.apply(oauth.Provider{
		ID:          "reddit",
		Name:        "Reddit",
		NeedsSecret: true,
		Auth:        oauth.AuthBasic,
		AuthURL:     "https://www.reddit.com/api/v1/authorize",
		TokenURL:    "https://www.reddit.com/api/v1/access_token",
		UserInfoURL: "https://oauth.reddit.com/api/v1/me",
		Scopes:      []string{"identity"},
		NoPKCE:      true,
		Profile:     redditProfile,
	})
	if o.Duration != "" {
		p.Params = oauth.Params{{Name: "duration", Value: o.Duration}}
	}
	return p
}

func redditProfile(c oauth.Claims) (oauth.Profile, error) {
	id := c.Identifier("id")
	email, err := placeholder(id, "reddit")
	if err != nil {
		return oauth.Profile{}, err
	}
	image, _, _ := strings.Cut(c.Text("icon_img"), "?")
	return oauth.Profile{Subject: id, Name: c.Text("name"), Email: email, Image: image}, nil
}
