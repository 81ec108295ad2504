package lockstep

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/lockstep-auth/lockstep/internal/cookie"
	"github.com/lockstep-auth/lockstep/plugin"
)

// Submit does what a form of a page without JavaScript asks for. It posts in as
// JSON to an endpoint, such as "/sign-in/email", in the name of the browser that
// sent r, and sets the cookies that the endpoint sets:
//
//	_, err := a.Submit(w, r, "/sign-in/email", map[string]any{
//		"email": r.PostFormValue("email"), "password": r.PostFormValue("password"),
//	})
//
// It is an ordinary client: rate limits hold, and forms of other sites are
// refused, even where the browser sends no cookie. (Calls by API skip both.) It
// returns the JSON of the answer, which can hold the session's token: keep it out
// of pages. What the endpoint refuses is a *plugin.Error, with Retry-After set on
// w where the answer had it. The caller writes the status and the page.
//
// From then on r has the cookies that the browser will have, so that Session
// finds whoever has signed in, and nobody who has signed out.
func (a *Auth) Submit(w http.ResponseWriter, r *http.Request, path string, in any) (json.RawMessage, error) {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return nil, fmt.Errorf("lockstep: body of %s: %w", path, err)
		}
	}
	base, err := a.pipeline.Locate(r)
	if err != nil {
		return nil, &plugin.Error{
			Status: http.StatusMisdirectedRequest, Code: "HOST_NOT_ALLOWED", Message: "This host is not served here.", Err: err,
		}
	}
	if err := a.pipeline.CheckSite(r, path); err != nil { // the endpoint looks at requests with cookies only
		return nil, err
	}
	call := r.Clone(r.Context())
	call.Method, call.URL.Path, call.URL.RawPath, call.URL.RawQuery = http.MethodPost, base.Path+path, "", ""
	call.Header.Del("Content-Type")
	if body != nil {
		call.Header.Set("Content-Type", "application/json")
	}
	call.Body, call.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	answer := &answer{header: make(http.Header), status: http.StatusOK}
	a.ServeHTTP(answer, call)
	cookie.WriteLines(w.Header(), answer.header["Set-Cookie"])
	a.follow(r, answer.header["Set-Cookie"])
	w.Header().Set("Cache-Control", "private, no-store")
	if answer.status != http.StatusOK {
		if retry := answer.header.Get("Retry-After"); retry != "" {
			w.Header().Set("Retry-After", retry)
		}
		return nil, answer.refusal()
	}
	return answer.body.Bytes(), nil
}

// follow gives r the cookies of an answer, and forgets the session of the old ones.
// A page that went on to read that one would show it, and could prolong it.
func (a *Auth) follow(r *http.Request, lines []string) {
	if len(lines) > 0 {
		r.Header.Set("Cookie", cookie.Follow(r.Header["Cookie"], lines))
	}
	if m, ok := r.Context().Value(memoKey{a}).(*memo); ok {
		*m = memo{header: m.header}
	}
}

// An answer keeps what an endpoint writes.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) { a.status = status }

// Write implements http.ResponseWriter.
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }

// refusal reads the answer as an error. Some have no body but a status.
func (a *answer) refusal() error {
	var e struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	if json.Unmarshal(a.body.Bytes(), &e) != nil {
		e.Message = http.StatusText(a.status)
	}
	return &plugin.Error{Status: a.status, Code: e.Code, Message: e.Message}
}

// statusOf returns the status of an answer that reports err.
func statusOf(err error) int {
	if e, ok := errors.AsType[*plugin.Error](err); ok {
		return e.Status
	}
	return http.StatusInternalServerError
}
