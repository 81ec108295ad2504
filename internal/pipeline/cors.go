package pipeline

import (
	"net/http"
	"strings"

	"github.com/lockstep-auth/lockstep/internal/origin"
)

// preflightSeconds is how long a browser may remember a preflight answer.
const preflightSeconds = "600"

// cors lets pages of trusted origins read answers, with cookies, and answers
// their preflight requests; it reports whether it did. Other origins get no
// CORS header at all (Fetch standard, §3.2).
func (p *Pipeline) cors(w http.ResponseWriter, r *http.Request, trust *origin.Trust, base origin.Location) bool {
	h := w.Header()
	h.Add("Vary", "Origin")
	from := r.Header.Get("Origin")
	if from == "" || from == base.Origin || !trust.Origin(from) {
		return false
	}
	h.Set("Access-Control-Allow-Origin", from)
	h.Set("Access-Control-Allow-Credentials", "true")
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		h.Set("Access-Control-Expose-Headers", "Retry-After, X-Retry-After")
		return false
	}
	h.Set("Access-Control-Allow-Methods", "GET, POST")
	if asked := r.Header.Get("Access-Control-Request-Headers"); isHeaderList(asked) {
		h.Set("Access-Control-Allow-Headers", asked)
	}
	h.Set("Access-Control-Max-Age", preflightSeconds)
	w.WriteHeader(http.StatusNoContent)
	return true
}

// isHeaderList reports whether s is a list of header names, as a browser sends.
func isHeaderList(s string) bool {
	const maxList = 1024 // bytes
	return s != "" && len(s) <= maxList && !strings.ContainsFunc(s, func(r rune) bool {
		letter := r|0x20 >= 'a' && r|0x20 <= 'z'
		return !letter && (r < '0' || r > '9') && !strings.ContainsRune("-_, ", r)
	})
}
