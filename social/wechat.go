package social

import (
	"cmp"
	"errors"
	"net/http"
	"strings"

	"github.com/lockstep-auth/lockstep/oauth"
)

// WeChatOptions are the options of WeChat.
type WeChatOptions struct {
	Options

	// Lang is the language of the page: "cn", the default, or "en".
	Lang string `option:"lang"`

	// RefreshEndpoint is where tokens are refreshed.
	RefreshEndpoint string `option:"refreshEndpoint"`
}

// WeChat signs users in with WeChat, which tells no email address. Requests for
// tokens are GET, with the secret in the URL.
//
// https://developers.weixin.qq.com/doc/oplatform/en/Website_App/WeChat_Login/Wechat_Login.html
func WeChat(o WeChatOptions) oauth.Provider {
	p := o.apply(oauth.Provider{
		ID:              "wechat",
		Name:            "WeChat",
		NeedsSecret:     true,
		AuthURL:         "https://open.weixin.qq.com/connect/qrconnect",
		TokenURL:        "https://api.weixin.qq.com/sns/oauth2/access_token",
		RefreshURL:      cmp.Or(o.RefreshEndpoint, "https://api.weixin.qq.com/sns/oauth2/refresh_token"),
		UserInfoURL:     "https://api.weixin.qq.com/sns/userinfo",
		Scopes:          []string{"snsapi_login"},
		ScopeSeparator:  ",",
		NoPKCE:          true,
		Params:          oauth.Params{{Name: "lang", Value: cmp.Or(o.Lang, "cn")}},
		Authorize:       wechatURL,
		Authenticate:    wechatTokenRequest,
		CheckTokens:     wechatTokens,
		UserInfoRequest: wechatUserRequest,
		Profile:         wechatProfile,
	})
	return p
}

func wechatURL(p oauth.Provider, r oauth.AuthorizationRequest) (string, error) {
	params := oauth.Params{
		{Name: "scope", Value: p.JoinedScopes(r.Scopes)},
		{Name: "response_type", Value: "code"},
		{Name: "appid", Value: p.ClientID()},
		{Name: "redirect_uri", Value: p.RedirectFor(r.RedirectURI)},
		{Name: "state", Value: r.State},
	}
	p.AddParams(&params, r.Params, "appid")
	endpoint, err := oauth.AppendQuery(p.AuthURL, params)
	return endpoint + "#wechat_redirect", err
}

func wechatTokenRequest(p oauth.Provider, r *oauth.TokenRequest) error {
	r.Method = http.MethodGet
	if r.Grant == oauth.GrantRefresh {
		r.Params = oauth.Params{
			{Name: "appid", Value: p.ClientID()},
			{Name: "grant_type", Value: string(r.Grant)},
			{Name: "refresh_token", Value: r.Params.Get("refresh_token")},
		}
		return nil
	}
	r.Params = oauth.Params{
		{Name: "appid", Value: p.ClientID()},
		{Name: "secret", Value: p.ClientSecret},
		{Name: "code", Value: r.Params.Get("code")},
		{Name: "grant_type", Value: string(r.Grant)},
	}
	return nil
}

func wechatTokens(response oauth.Claims, t *oauth.Tokens) error {
	if err := wechatError(response); err != nil {
		return err
	}
	t.TokenType = "Bearer"
	t.Scopes = strings.FieldsFunc(response.Text("scope"), func(r rune) bool { return r == ',' })
	return nil
}

// wechatError reads errcode, which comes with status 200.
func wechatError(c oauth.Claims) error {
	if c.Has("errcode") && string(c.Raw("errcode")) != "0" {
		return errors.New("the service reports an error: errcode " + c.Identifier("errcode"))
	}
	return nil
}

func wechatUserRequest(l oauth.Lookup) (oauth.Request, error) {
	openID := l.Tokens.Response.Text("openid")
	if openID == "" {
		return oauth.Request{}, errors.New("the token response has no openid")
	}
	endpoint, err := oauth.AppendQuery(l.Provider.UserInfoURL, oauth.Params{
		{Name: "access_token", Value: l.Tokens.AccessToken},
		{Name: "openid", Value: openID},
		{Name: "lang", Value: "zh_CN"},
	})
	return oauth.Request{URL: endpoint}, err
}

func wechatProfile(c oauth.Claims) (oauth.Profile, error) {
	if err := wechatError(c); err != nil {
		return oauth.Profile{}, err
	}
	id := c.FirstText("unionid", "openid")
	email := c.Text("email")
	if email == "" {
		var err error
		if email, err = placeholder(id, "wechat"); err != nil {
			return oauth.Profile{}, err
		}
	}
	return oauth.Profile{Subject: id, Name: c.Text("nickname"), Email: email, Image: c.Text("headimgurl")}, nil
}
