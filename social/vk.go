package social

import (
	"net/http"
	"strings"

	"github.com/lockstep-auth/lockstep/oauth"
)

// VK signs users in with VK ID. Users without an email address are refused.
//
// https://id.vk.com/about/business/go/docs/en/vkid/latest/vk-id/connection/api-description
func VK(o Options) oauth.Provider {
	return o.apply(oauth.Provider{
		ID:              "vk",
		Name:            "VK",
		AuthURL:         "https://id.vk.com/authorize",
		TokenURL:        "https://id.vk.com/oauth2/auth",
		UserInfoURL:     "https://id.vk.com/oauth2/user_info",
		Scopes:          []string{"email", "phone"},
		SendDeviceID:    true,
		RequireEmail:    true,
		UserInfoRequest: vkRequest,
		Profile:         vkProfile,
	})
}

func vkRequest(l oauth.Lookup) (oauth.Request, error) {
	form := oauth.Params{
		{Name: "access_token", Value: l.Tokens.AccessToken},
		{Name: "client_id", Value: l.Provider.ClientID()},
	}
	return oauth.Request{
		Method: http.MethodPost,
		URL:    l.Provider.UserInfoURL,
		Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"},
		Body:   form.Encode(),
	}, nil
}

func vkProfile(c oauth.Claims) (oauth.Profile, error) {
	u := c.Object("user")
	p := oauth.Profile{
		Subject: u.Identifier("user_id"),
		Name:    strings.TrimSpace(u.Text("first_name") + " " + u.Text("last_name")),
		Email:   u.Text("email"),
		Image:   u.Text("avatar"),
		Fields:  make(map[string]any),
	}
	for _, name := range []string{"first_name", "last_name", "birthday"} {
		if value := u.Text(name); value != "" {
			p.Fields[name] = value
		}
	}
	if sex, ok := u.Number("sex"); ok {
		p.Fields["sex"] = sex
	}
	return p, nil
}
