package oauth

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
)

// An ExchangeRequest is what a callback brings back.
type ExchangeRequest struct {
	Code        string
	Verifier    string // of the authorization request
	RedirectURI string // of the authorization request
	DeviceID    string // device_id, from VK
}

// String returns "[redacted]".
func (ExchangeRequest) String() string { return redacted }

// GoString returns "[redacted]".
func (ExchangeRequest) GoString() string { return redacted }

// A Grant says what tokens are asked for with.
type Grant string

// The grants there are (RFC 6749 §4.1.3 and §6).
const (
	GrantCode    Grant = "authorization_code"
	GrantRefresh Grant = "refresh_token"
)

// A TokenRequest is a request to a token endpoint that is about to be sent.
type TokenRequest struct {
	Grant  Grant
	Method string // GET moves Params into the query
	URL    string
	Params Params
	Header map[string]string
}

// String returns "[redacted]".
func (TokenRequest) String() string { return redacted }

// GoString returns "[redacted]".
func (TokenRequest) GoString() string { return redacted }

// Exchange turns a code into tokens (RFC 6749 §4.1.3). A failure is an *Error
// with CodeInvalidCode.
func (c *Client) Exchange(ctx context.Context, p Provider, r ExchangeRequest) (Tokens, error) {
	if r.Code == "" || !p.NoPKCE && r.Verifier == "" {
		return Tokens{}, fail(CodeInvalidCode, errors.New("the code or its verifier is missing"))
	}
	r.RedirectURI = p.RedirectFor(r.RedirectURI)
	t, err := c.exchange(ctx, p, r)
	if err != nil {
		return Tokens{}, withCode(CodeInvalidCode, err)
	}
	return c.withExpiry(p, t), nil
}

func (c *Client) exchange(ctx context.Context, p Provider, r ExchangeRequest) (Tokens, error) {
	if p.ExchangeCode != nil {
		return p.ExchangeCode(ctx, c, r)
	}
	params := Params{{"grant_type", string(GrantCode)}, {"code", r.Code}}
	if !p.NoPKCE {
		params.setIf("code_verifier", r.Verifier)
	}
	if p.SendDeviceID {
		params.setIf("device_id", r.DeviceID)
	}
	params.Set("redirect_uri", r.RedirectURI)
	for _, param := range p.ExchangeParams {
		if !params.Has(param.Name) {
			params = append(params, param)
		}
	}
	return c.tokens(ctx, p, &TokenRequest{Grant: GrantCode, URL: p.TokenURL, Params: params})
}

// Refresh turns a refresh token into new tokens (RFC 6749 §6). A failure is an
// *Error with CodeRefreshFailed; its Remote is "invalid_grant" if the user or the
// service took the refresh token back.
func (c *Client) Refresh(ctx context.Context, p Provider, refreshToken string) (Tokens, error) {
	if p.NoRefresh {
		return Tokens{}, fail(CodeRefreshNotSupported, errors.New("the service has no refresh tokens"))
	}
	if refreshToken == "" {
		return Tokens{}, fail(CodeRefreshFailed, errors.New("the refresh token is missing"))
	}
	t, err := c.refresh(ctx, p, refreshToken)
	if err == nil && t.AccessToken == "" {
		err = errors.New("the service sent no access token")
	}
	if err != nil {
		return Tokens{}, withCode(CodeRefreshFailed, err)
	}
	return c.withExpiry(p, t), nil
}

func (c *Client) refresh(ctx context.Context, p Provider, refreshToken string) (Tokens, error) {
	if p.RefreshTokens != nil {
		return p.RefreshTokens(ctx, c, refreshToken)
	}
	more := p.RefreshParams
	if p.RefreshParamsFunc != nil {
		now, err := p.RefreshParamsFunc(ctx)
		if err != nil {
			return Tokens{}, err
		}
		more = slices.Concat(more, now)
	}
	params := Params{{"grant_type", string(GrantRefresh)}, {"refresh_token", refreshToken}}
	for _, param := range more {
		if param.Name != "grant_type" && param.Name != "refresh_token" {
			params.Set(param.Name, param.Value)
		}
	}
	return c.tokens(ctx, p, &TokenRequest{Grant: GrantRefresh, URL: cmp.Or(p.RefreshURL, p.TokenURL), Params: params})
}

// tokens sends a request to a token endpoint and reads the tokens.
func (c *Client) tokens(ctx context.Context, p Provider, r *TokenRequest) (Tokens, error) {
	r.Method = http.MethodPost
	r.Header = make(map[string]string)
	maps.Copy(r.Header, p.TokenHeader)
	if err := c.authenticate(ctx, p, r); err != nil {
		return Tokens{}, err
	}
	request := Request{Method: r.Method, URL: r.URL, Header: r.Header}
	if r.Method == http.MethodGet {
		endpoint, err := AppendQuery(r.URL, r.Params)
		if err != nil {
			return Tokens{}, err
		}
		request.URL = endpoint
	} else {
		r.Header["Content-Type"] = "application/x-www-form-urlencoded"
		request.Body = r.Params.Encode()
	}
	body, err := c.Do(ctx, request)
	if err != nil {
		return Tokens{}, remote(err)
	}
	return c.readTokens(p, body)
}

func (c *Client) readTokens(p Provider, body []byte) (Tokens, error) {
	t, err := ParseTokens(body, c.now())
	if err != nil {
		return Tokens{}, err
	}
	if p.CheckTokens != nil {
		if err := p.CheckTokens(t.Response, &t); err != nil {
			return Tokens{}, err
		}
	}
	return t, nil
}

// withExpiry says when an access token expires that does not say so itself.
func (c *Client) withExpiry(p Provider, t Tokens) Tokens {
	if t.AccessTokenExpiresAt.IsZero() && p.AccessTokenLifetime > 0 {
		t.AccessTokenExpiresAt = c.now().Add(p.AccessTokenLifetime)
	}
	return t
}

// remote adds the service's own error code to a failed request.
func remote(err error) error {
	status, ok := errors.AsType[*StatusError](err)
	if !ok {
		return err
	}
	response, parseErr := ParseClaims(status.body)
	if parseErr != nil {
		return err
	}
	return &Error{Remote: remoteCode(response), Err: err}
}

// withCode says what an error of a token endpoint means to the client.
func withCode(code Code, err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		return &Error{Code: code, Remote: e.Remote, Err: e.Err}
	}
	return fail(code, err)
}
