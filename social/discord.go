package social

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/lockstep-auth/lockstep/oauth"
)

// DiscordOptions are the options of Discord.
type DiscordOptions struct {
	Options

	// Permissions are asked for when the scope bot is (a bit set).
	Permissions *int `option:"permissions"`
}

// Discord signs users in with Discord.
//
// https://discord.com/developers/docs/topics/oauth2
func Discord(o DiscordOptions) oauth.Provider {
	p := o.apply(oauth.Provider{
		ID:                 "discord",
		Name:               "Discord",
		AuthURL:            "https://discord.com/api/oauth2/authorize",
		TokenURL:           "https://discord.com/api/oauth2/token",
		UserInfoURL:        "https://discord.com/api/users/@me",
		Scopes:             []string{"identify", "email"},
		RequestScopesFirst: true,
		NoPKCE:             true,
		Prompt:             cmp.Or(o.Prompt, "none"),
		Profile:            discordProfile,
	})
	if o.Permissions != nil {
		p.Authorize = discordBot(strconv.Itoa(*o.Permissions))
	}
	return p
}

func discordBot(permissions string) func(oauth.Provider, oauth.AuthorizationRequest) (string, error) {
	return func(p oauth.Provider, r oauth.AuthorizationRequest) (string, error) {
		p.Authorize = nil
		if slices.Contains(p.ScopesFor(r.Scopes), "bot") {
			p.Params = append(oauth.Params{{Name: "permissions", Value: permissions}}, p.Params...)
		}
		return p.AuthorizationURL(r)
	}
}

func discordProfile(c oauth.Claims) (oauth.Profile, error) {
	image := discordImage(c)
	return oauth.Profile{
		Subject:       c.Identifier("id"),
		Name:          c.FirstText("global_name", "username"),
		Email:         c.Text("email"),
		EmailVerified: c.Flag("verified"),
		Image:         image,
		Data:          c.With("image_url", image).JSON(),
	}, nil
}

// discordImage follows https://discord.com/developers/docs/reference#image-formatting.
func discordImage(c oauth.Claims) string {
	avatar := c.Text("avatar")
	if avatar == "" {
		return fmt.Sprintf("https://cdn.discordapp.com/embed/avatars/%d.png", discordDefault(c))
	}
	format := "png"
	if strings.HasPrefix(avatar, "a_") { // animated
		format = "gif"
	}
	return fmt.Sprintf("https://cdn.discordapp.com/avatars/%s/%s.%s", c.Identifier("id"), avatar, format)
}

// discordDefault returns which of the default images a user has: by id, or with
// the old kind of name by its discriminator.
func discordDefault(c oauth.Claims) uint64 {
	discriminator := c.Text("discriminator")
	if n, err := strconv.ParseUint(discriminator, 10, 64); err == nil && discriminator != "0" {
		return n % 5
	}
	id, err := strconv.ParseUint(c.Identifier("id"), 10, 64)
	if err != nil {
		return 0
	}
	return (id >> 22) % 6
}
