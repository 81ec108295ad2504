package lockstep

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// A SocialStart is the input of API.SignInSocial and API.LinkSocial. Provider is
// required.
type SocialStart struct {
	Provider           string
	CallbackURL        string // defaults to the origin of the server
	NewUserCallbackURL string // for users who sign up
	ErrorCallbackURL   string // defaults to the page of the server
	Scopes             []string
	RequestSignUp      bool
	LoginHint          string
	AdditionalParams   map[string]string // of the authorization request
	AdditionalData     map[string]any    // see plugin.Call.OAuthState
}

func (in SocialStart) body() map[string]any {
	body := map[string]any{"provider": in.Provider, "requestSignUp": in.RequestSignUp}
	for name, value := range map[string]string{
		"callbackURL": in.CallbackURL, "newUserCallbackURL": in.NewUserCallbackURL,
		"errorCallbackURL": in.ErrorCallbackURL, "loginHint": in.LoginHint,
	} {
		if value != "" {
			body[name] = value
		}
	}
	if in.Scopes != nil {
		body["scopes"] = in.Scopes
	}
	if in.AdditionalParams != nil {
		body["additionalParams"] = in.AdditionalParams
	}
	if in.AdditionalData != nil {
		body["additionalData"] = in.AdditionalData
	}
	return body
}

// A SocialRedirect is where to send a browser. The cookies of Header must go with
// it: without them the browser is not let in when it comes back.
type SocialRedirect struct {
	URL    string      `json:"url"`
	Header http.Header `json:"-"`
}

// SignInSocial starts a sign-in with a service.
func (api API) SignInSocial(ctx context.Context, in SocialStart) (*SocialRedirect, error) {
	return api.startSocial(ctx, "/sign-in/social", nil, in)
}

// LinkSocial starts to link an account at a service to the caller.
func (api API) LinkSocial(ctx context.Context, header http.Header, in SocialStart) (*SocialRedirect, error) {
	return api.startSocial(ctx, "/link-social", header, in)
}

func (api API) startSocial(ctx context.Context, path string, header http.Header, in SocialStart) (*SocialRedirect, error) {
	res, err := api.Call(ctx, http.MethodPost, path, header, in.body())
	if err != nil {
		return nil, err
	}
	out := &SocialRedirect{Header: res.Header}
	return out, json.Unmarshal(res.Body, out)
}

// UnlinkAccount removes an account of the caller, whose session must be fresh, by
// the account's own id.
func (api API) UnlinkAccount(ctx context.Context, header http.Header, accountID string) error {
	_, err := api.Call(ctx, http.MethodPost, "/unlink-account", header, map[string]any{"accountId": accountID})
	return err
}

// An AccountSelection names an account at a service: by its own id, or the one in
// the caller's account cookie.
type AccountSelection struct {
	AccountID        string
	UseAccountCookie bool

	// UserID is whose account it is, if the call has no headers of a caller.
	UserID string
}

func (s AccountSelection) body() map[string]any {
	body := map[string]any{}
	if s.UseAccountCookie {
		body["useAccountCookie"] = true
	} else {
		body["accountId"] = s.AccountID
	}
	if s.UserID != "" {
		body["userId"] = s.UserID
	}
	return body
}

// An AccessToken is good for the API of a service. It prints as [redacted].
type AccessToken struct {
	AccessToken          string    `json:"accessToken"`
	AccessTokenExpiresAt time.Time `json:"accessTokenExpiresAt"` // zero if unknown
	Scopes               []string  `json:"scopes"`
	IDToken              string    `json:"idToken"`
}

// String returns "[redacted]".
func (AccessToken) String() string { return "[redacted]" }

// GoString returns "[redacted]".
func (AccessToken) GoString() string { return "[redacted]" }

// GetAccessToken returns an access token of an account, and renews it before if it
// is about to expire.
func (api API) GetAccessToken(ctx context.Context, header http.Header, s AccountSelection) (*AccessToken, error) {
	res, err := api.Call(ctx, http.MethodPost, "/get-access-token", header, s.body())
	if err != nil {
		return nil, err
	}
	out := &AccessToken{}
	return out, json.Unmarshal(res.Body, out)
}

// RefreshToken renews the tokens of an account. Its Result.Body is the client's.
func (api API) RefreshToken(ctx context.Context, header http.Header, s AccountSelection) (*Result, error) {
	return api.Call(ctx, http.MethodPost, "/refresh-token", header, s.body())
}

// AccountInfo asks the service how it describes the user of an account.
func (api API) AccountInfo(ctx context.Context, header http.Header, s AccountSelection) (*Result, error) {
	query := url.Values{"accountId": {s.AccountID}}
	if s.UserID != "" {
		query.Set("userId", s.UserID)
	}
	return api.Call(ctx, http.MethodGet, "/account-info?"+query.Encode(), header, nil)
}
