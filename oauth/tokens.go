package oauth

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// maxTokenAge is the longest lifetime of a token that is believed, in seconds:
// about a century. Dates far beyond it could not be stored.
const maxTokenAge = 100 * 366 * 24 * 60 * 60

// Tokens are what a service hands out for a code or a refresh token.
type Tokens struct {
	AccessToken  string
	RefreshToken string // empty if there is none; after a refresh the old one stays
	IDToken      string
	TokenType    string
	Scopes       []string // those granted; empty if the service does not say

	// When the tokens expire; zero is unknown.
	AccessTokenExpiresAt  time.Time
	RefreshTokenExpiresAt time.Time

	// Response is the whole answer, for services that put more into it.
	Response Claims
}

// String returns "[redacted]".
func (Tokens) String() string { return redacted }

// GoString returns "[redacted]".
func (Tokens) GoString() string { return redacted }

// ParseTokens reads a token response (RFC 6749 §5.1). A member of another type is
// left out, as upstream does (oauth2/utils.ts getOAuth2Tokens), but an error
// member makes the whole an error: services send it with status 200 too.
func ParseTokens(data []byte, now time.Time) (Tokens, error) {
	response, err := ParseClaims(data)
	if err != nil {
		return Tokens{}, err
	}
	if response.Has("error") && string(response.Raw("error")) != `""` {
		return Tokens{}, &Error{Remote: remoteCode(response), Err: errors.New("the service reports an error")}
	}
	return Tokens{
		AccessToken:           response.Text("access_token"),
		RefreshToken:          response.Text("refresh_token"),
		IDToken:               response.Text("id_token"),
		TokenType:             response.Text("token_type"),
		Scopes:                scopes(response.Raw("scope")),
		AccessTokenExpiresAt:  expiry(response, "expires_in", now),
		RefreshTokenExpiresAt: expiry(response, "refresh_token_expires_in", now),
		Response:              response,
	}, nil
}

// scopes reads a list that is separated by white space, or an array (upstream:
// parseScopeField).
func scopes(raw json.RawMessage) []string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return strings.Fields(text)
	}
	var list []any
	if json.Unmarshal(raw, &list) != nil {
		return nil
	}
	var scopes []string
	for _, item := range list {
		if s, _ := item.(string); strings.TrimSpace(s) != "" {
			scopes = append(scopes, strings.TrimSpace(s))
		}
	}
	return scopes
}

// expiry reads a number of seconds, which some services send as text. 0 and what
// is no number is unknown; what is negative has expired.
func expiry(response Claims, name string, now time.Time) time.Time {
	seconds, ok := response.Number(name)
	if !ok {
		f, err := strconv.ParseFloat(strings.TrimSpace(response.Text(name)), 64)
		if err != nil {
			return time.Time{}
		}
		seconds = f
	}
	if seconds == 0 || math.IsNaN(seconds) {
		return time.Time{}
	}
	seconds = min(max(seconds, 0), maxTokenAge)
	return now.Add(time.Duration(seconds * float64(time.Second)))
}

// MergeScopes returns the union of the scopes an account has, comma-separated as
// it is stored, and further ones (upstream: oauth2/utils.ts mergeScopes).
func MergeScopes(stored string, more []string) string {
	var merged []string
	seen := make(map[string]bool)
	for _, s := range append(strings.Split(stored, ","), more...) {
		if s = strings.TrimSpace(s); s != "" && !seen[s] {
			seen[s] = true
			merged = append(merged, s)
		}
	}
	return strings.Join(merged, ",")
}
