package ui

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// maxAnswer is the largest answer of an endpoint that is read, in bytes: room
// for a user with some ten thousand devices.
const maxAnswer = 8 << 20

// A visit is one request of a browser for a page. It calls the endpoints of the
// server in the name of that browser, and passes the cookies on that they set.
type visit struct {
	*site
	w http.ResponseWriter
	r *http.Request
}

// A refusal is an answer of the server that is not a success.
type refusal struct {
	Status     int    `json:"-"`
	RetryAfter string `json:"-"` // seconds, or empty
	Code       string `json:"code"`
	Message    string `json:"message"` // for programmers; pages have their own texts
}

func (e *refusal) Error() string { return fmt.Sprintf("server answered %d %s", e.Status, e.Code) }

// get calls an endpoint and decodes its answer into out.
func (v *visit) get(path string, out any) error { return v.call(http.MethodGet, path, nil, out) }

// post calls an endpoint with in as JSON and decodes its answer into out, if
// out is not nil.
func (v *visit) post(path string, in map[string]any, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return v.call(http.MethodPost, path, body, out)
}

// call returns a *refusal if the server refused, and another error if its
// answer makes no sense.
func (v *visit) call(method, path string, body []byte, out any) error {
	r, err := v.request(method, path, body)
	if err != nil {
		return err
	}
	a := &answer{header: make(http.Header), status: http.StatusOK}
	v.auth.ServeHTTP(a, r)
	relayCookies(v.w.Header(), a.header)
	if a.status < 200 || a.status > 299 {
		return a.refusal()
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(a.body.Bytes(), out); err != nil {
		return fmt.Errorf("answer of %s: %w", path, err)
	}
	return nil
}

// request returns the browser's request, turned into one for an endpoint. What
// tells the server who asks (host, address, TLS, cookies, origin, user agent,
// what a proxy added) stays; what describes the form goes.
func (v *visit) request(method, path string, body []byte) (*http.Request, error) {
	r, err := http.NewRequestWithContext(v.r.Context(), method, v.BasePath+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Host, r.RemoteAddr, r.TLS = v.r.Host, v.r.RemoteAddr, v.r.TLS
	r.RequestURI = r.URL.RequestURI()
	r.Header = v.r.Header.Clone()
	for name := range r.Header {
		if isAboutBody(name) {
			r.Header.Del(name)
		}
	}
	r.Header.Set("Accept", "application/json")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return r, nil
}

// isAboutBody reports whether a header describes the body or the page that is
// wanted, rather than who wants it.
func isAboutBody(name string) bool {
	switch name {
	case "Accept-Encoding", "Connection", "Expect", "Range", "Te", "Trailer", "Transfer-Encoding", "Upgrade":
		return true
	}
	return strings.HasPrefix(name, "Content-") || strings.HasPrefix(name, "If-")
}

// relayCookies copies the cookies of an answer to dst. If several answers set
// the same cookie, the last one counts: a browser must not have to choose.
func relayCookies(dst, src http.Header) {
	const name = "Set-Cookie"
	for _, line := range src[name] {
		key, _, _ := strings.Cut(line, "=")
		kept := dst[name][:0:0]
		for _, old := range dst[name] {
			if !strings.HasPrefix(old, key+"=") {
				kept = append(kept, old)
			}
		}
		dst[name] = append(kept, line)
	}
}

// An answer records what an endpoint answers.
type answer struct {
	header http.Header
	status int
	wrote  bool
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter. Only the first status counts.
func (a *answer) WriteHeader(status int) {
	if !a.wrote {
		a.status, a.wrote = status, true
	}
}

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) {
	a.wrote = true
	if a.body.Len()+len(p) > maxAnswer {
		return 0, errors.New("ui: answer too large")
	}
	return a.body.Write(p)
}

// refusal reads the answer as an error. Answers without a body, or with one
// that is no JSON, have only a status.
func (a *answer) refusal() *refusal {
	e := new(refusal)
	if err := json.Unmarshal(a.body.Bytes(), e); err != nil {
		e = new(refusal)
	}
	e.Status, e.RetryAfter = a.status, a.header.Get("Retry-After")
	return e
}

// A login is what get-session answers.
type login struct {
	Session session `json:"session"`
	User    user    `json:"user"`
}

type user struct {
	Name          string `json:"name"`
	Email         string `json:"email"`
	EmailVerified bool   `json:"emailVerified"`
}

// login returns the session of the browser, or nil if nobody is signed in.
func (v *visit) login() (*login, error) { return v.loginBy("/get-session") }

// freshLogin is login without what the browser's copy of the session says,
// which does not know of a link that was opened elsewhere.
func (v *visit) freshLogin() (*login, error) {
	return v.loginBy("/get-session?disableCookieCache=true")
}

func (v *visit) loginBy(path string) (*login, error) {
	var l *login
	err := v.get(path, &l)
	if e, ok := errors.AsType[*refusal](err); ok && e.Status == http.StatusUnauthorized {
		return nil, nil
	}
	return l, err
}

// parseForm reads the form of the request. It answers itself, and reports
// false, if there is none to read.
func (v *visit) parseForm() bool {
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxForm)
	err := v.r.ParseForm()
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		v.problem(http.StatusRequestEntityTooLarge, "Too much text", "The form holds more text than this page accepts.")
		return false
	}
	if err != nil {
		v.problem(http.StatusBadRequest, "Form not readable", "The form did not arrive complete. Go back and send it again.")
		return false
	}
	return true
}

// redirect sends the browser on to a page; a form is not sent along (RFC 9110
// §15.4.4).
func (v *visit) redirect(to string) { http.Redirect(v.w, v.r, to, http.StatusSeeOther) }

// withQuery adds parameters to a path, leaving out empty ones.
func withQuery(path string, pairs ...string) string {
	q := make(url.Values)
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}
