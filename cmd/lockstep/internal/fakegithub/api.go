package fakegithub

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// A tokenError is an answer of the token endpoint, which comes with status 200:
// https://docs.github.com/en/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors
type tokenError struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	Scope       string `json:"scope"`
}

// exchange turns a code into a token. A code is spent whatever comes of it, once
// the client has shown who it is.
func (g *github) exchange(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form cannot be read", http.StatusBadRequest)
		return
	}
	f := r.PostForm
	if !equal(f.Get("client_id"), g.ClientID) || !equal(f.Get("client_secret"), g.ClientSecret) {
		g.answerToken(w, r, tokenError{"incorrect_client_credentials", "The client_id and/or client_secret passed are incorrect."})
		return
	}
	t, found := g.codes.take(f.Get("code"))
	switch to := f.Get("redirect_uri"); {
	case !found, !g.Now().Before(t.ends), !proves(f.Get("code_verifier"), t.challenge):
		g.answerToken(w, r, tokenError{"bad_verification_code", "The code passed is incorrect or expired."})
		return
	case to != "" && to != g.RedirectURI:
		g.answerToken(w, r, tokenError{"redirect_uri_mismatch", "The redirect_uri MUST match the registered callback URL for this application."})
		return
	}
	token := "gho_" + rand.Text()
	g.tokens.put(token, t.person)
	g.answerToken(w, r, tokenAnswer{token, "bearer", strings.Join(strings.Fields(t.scope), ",")})
}

// proves reports whether a verifier belongs to a challenge (RFC 7636 §4.6). A
// code without a challenge has none (RFC 9700 §2.1.1).
func proves(verifier, challenge string) bool {
	if verifier == "" || challenge == "" {
		return verifier == challenge
	}
	sum := sha256.Sum256([]byte(verifier))
	return equal(base64.RawURLEncoding.EncodeToString(sum[:]), challenge)
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// answerToken answers with JSON if the client asks for it, and else with a form.
func (g *github) answerToken(w http.ResponseWriter, r *http.Request, answer any) {
	if strings.Contains(r.Header.Get("Accept"), "application/json") {
		answerJSON(w, http.StatusOK, answer)
		return
	}
	form := make(url.Values)
	switch a := answer.(type) {
	case tokenError:
		form.Set("error", a.Error)
		form.Set("error_description", a.Description)
	case tokenAnswer:
		form.Set("access_token", a.AccessToken)
		form.Set("token_type", a.TokenType)
		form.Set("scope", a.Scope)
	}
	w.Header().Set("Content-Type", "application/x-www-form-urlencoded")
	w.Write([]byte(form.Encode()))
}

// A profile is what the first API says: https://docs.github.com/en/rest/users/users
type profile struct {
	Login string  `json:"login"`
	ID    int64   `json:"id"`
	Type  string  `json:"type"`
	Name  *string `json:"name"`
	Email *string `json:"email"`
}

func (g *github) user(w http.ResponseWriter, r *http.Request) {
	p, ok := g.bearer(w, r)
	if !ok {
		return
	}
	out := profile{Login: p.Login, ID: p.id(), Type: "User"}
	if p.Name != "" {
		out.Name = &p.Name
	}
	if p.Email != "" && !p.Private {
		out.Email = &p.Email
	}
	answerJSON(w, http.StatusOK, out)
}

// An address is what the second API says: https://docs.github.com/en/rest/users/emails
type address struct {
	Email      string  `json:"email"`
	Primary    bool    `json:"primary"`
	Verified   bool    `json:"verified"`
	Visibility *string `json:"visibility"`
}

func (g *github) emails(w http.ResponseWriter, r *http.Request) {
	p, ok := g.bearer(w, r)
	if !ok {
		return
	}
	out := []address{}
	if p.Private {
		hidden := strconv.FormatInt(p.id(), 10) + "+" + p.Login + "@users.noreply.github.com"
		out = append(out, address{Email: hidden, Verified: true})
	}
	if p.Email != "" {
		visibility := "public"
		if p.Private {
			visibility = "private"
		}
		out = append(out, address{p.Email, true, p.Verified, &visibility})
	}
	answerJSON(w, http.StatusOK, out)
}

// bearer returns whose token a request has. It answers itself if that is nobody's.
func (g *github) bearer(w http.ResponseWriter, r *http.Request) (person, bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if p, ok := g.tokens.get(token); ok && (strings.EqualFold(scheme, "bearer") || strings.EqualFold(scheme, "token")) {
		return p, true
	}
	answerJSON(w, http.StatusUnauthorized, map[string]string{"message": "Bad credentials", "status": "401"})
	return person{}, false
}

func answerJSON(w http.ResponseWriter, status int, answer any) {
	text, err := json.Marshal(answer)
	if err != nil {
		http.Error(w, fmt.Sprintf("the answer cannot be written: %v", err), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	w.Write(text)
}
