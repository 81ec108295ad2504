package lockstep

import (
	"html/template"
	"net/http"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/internal/jsjson"
	"github.com/lockstep-auth/lockstep/internal/wire"
)

// TemplateFuncs returns functions for the templates of one request:
//
//	{{if loggedIn}}Hello, {{user.Name}}{{end}}
//	<script>window.session = {{hydration}}</script>
//
// They read the session when first used. If the database cannot say who is
// signed in, executing the template fails.
//
// Templates that are parsed once, with the functions of a nil request, serve each
// request with a clone:
//
//	t := template.Must(pages.Clone()).Funcs(a.TemplateFuncs(r))
func (a *Auth) TemplateFuncs(r *http.Request) template.FuncMap {
	find := func() (*Session, error) {
		s, err := a.Session(r)
		if err == ErrNoSession { //nolint:errorlint // the sentinel itself: nobody is signed in
			err = nil
		}
		return s, err
	}
	return template.FuncMap{
		"loggedIn": func() (bool, error) {
			s, err := find()
			return s != nil, err
		},
		"user": func() (*identity.User, error) {
			s, err := find()
			if s == nil {
				return nil, err
			}
			return s.User, err
		},
		"hydration": func() (template.JS, error) {
			s, err := find()
			return a.Hydration(s), err
		},
	}
}

// Hydration returns the session as JSON for a page's script: what get-session
// sends, without the token, and null for a nil session. It is safe inside a
// <script> element. Do not cache such a page: it is of one user.
func (a *Auth) Hydration(s *Session) template.JS {
	if s == nil {
		return "null"
	}
	bare := *s.Session
	bare.Token = ""
	data := wire.Login{Shape: a.pipeline.Shape, Session: &bare, User: s.User}.AppendJSON(nil)
	return template.JS(escapeScript(dropToken(data))) //nolint:gosec // JSON with <, > and & escaped
}

// dropToken removes the empty token from a session's JSON.
func dropToken(data []byte) []byte {
	return rewrite(data, func(name string, value []byte) []byte {
		if name != "session" {
			return value
		}
		return rewrite(value, func(name string, value []byte) []byte {
			if name == "token" {
				return nil
			}
			return value
		})
	})
}

// rewrite returns an object with other values; members without one are left out.
func rewrite(object []byte, value func(name string, value []byte) []byte) []byte {
	members, ok := jsjson.Members(nil, object)
	if !ok {
		return []byte("null")
	}
	out := []byte{'{'}
	for _, m := range members {
		v := value(m.Key, m.Value)
		if v == nil {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(jsjson.AppendString(out, m.Key), ':'), v...)
	}
	return append(out, '}')
}

// escapeScript makes JSON safe inside a script element (HTML standard, §4.12.1.3)
// and for engines before ECMAScript 2019.
func escapeScript(data []byte) []byte {
	out := make([]byte, 0, len(data))
	for _, r := range string(data) {
		switch r {
		case '<', '>', '&':
			out = append(out, '\\', 'u', '0', '0', "0123456789abcdef"[r>>4], "0123456789abcdef"[r&15])
		case '\u2028':
			out = append(out, `\u2028`...)
		case '\u2029':
			out = append(out, `\u2029`...)
		default:
			out = append(out, string(r)...)
		}
	}
	return out
}
