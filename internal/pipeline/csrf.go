package pipeline

import (
	"net/http"
	"strings"

	"github.com/lockstep-auth/lockstep/internal/jsjson"
	"github.com/lockstep-auth/lockstep/internal/origin"
	"github.com/lockstep-auth/lockstep/plugin"
)

// checkOrigin refuses requests that another site made a browser send, and URLs
// that a browser must not be sent to (upstream: originCheckMiddleware).
func (p *Pipeline) checkOrigin(c *plugin.Call, trust *origin.Trust) error {
	if c.Method == http.MethodGet || c.Endpoint.Relay {
		return nil
	}
	if c.HasCookies() {
		if err := p.validateOrigin(c, trust); err != nil {
			return err
		}
	}
	if p.skipsOrigin(c) {
		return nil
	}
	return checkURLs(c, trust)
}

// checkForm refuses requests that would sign a browser in on behalf of another
// site. A browser says where a request comes from, even without a cookie; what
// says nothing is no browser (upstream: formCsrfMiddleware).
func (p *Pipeline) checkForm(c *plugin.Call, trust *origin.Trust) error {
	if p.skipsCSRF() || c.HasCookies() {
		return nil // with cookies, checkOrigin has looked already
	}
	h := c.Request.Header
	site, mode, dest := h.Get("Sec-Fetch-Site"), h.Get("Sec-Fetch-Mode"), h.Get("Sec-Fetch-Dest")
	if site == "cross-site" && mode == "navigate" {
		return plugin.Errorf(http.StatusForbidden, "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED",
			"Cross-site navigation login blocked. This request appears to be a CSRF attack.")
	}
	fromBrowser := strings.TrimSpace(site+mode+dest) != "" || h.Get("Origin") != "" || h.Get("Referer") != ""
	if !fromBrowser {
		return nil
	}
	return p.validateOrigin(c, trust)
}

// CheckSite refuses a request to a page of the application that a browser sent on
// behalf of another site, be it without a cookie: the page answers in the name of
// the endpoint at path. What does not say where it comes from is no browser.
func (p *Pipeline) CheckSite(r *http.Request, path string) error {
	h := r.Header
	if h.Get("Origin") == "" && h.Get("Referer") == "" && h.Get("Sec-Fetch-Site") == "" {
		return nil
	}
	base, err := p.Locate(r)
	if err != nil {
		return err
	}
	trust := p.trustFor(r, base)
	c := plugin.NewCall(plugin.CallConfig{Request: r, Host: p.Host, Shape: p.Shape, Base: base, Trust: trust})
	c.Endpoint = &plugin.Endpoint{Path: path}
	return p.validateOrigin(c, trust)
}

func (p *Pipeline) skipsCSRF() bool { return p.SkipCSRF || p.SkipOrigin }

func (p *Pipeline) skipsOrigin(c *plugin.Call) bool {
	if p.SkipOrigin {
		return true
	}
	for _, skip := range p.SkipOriginPaths {
		skip = strings.TrimRight(skip, "/")
		if c.Endpoint.Path == skip || strings.HasPrefix(c.Endpoint.Path, skip+"/") {
			return true
		}
	}
	return false
}

func (p *Pipeline) validateOrigin(c *plugin.Call, trust *origin.Trust) error {
	if p.skipsCSRF() || p.skipsOrigin(c) {
		return nil
	}
	from := c.Request.Header.Get("Origin")
	if from == "null" && c.Request.Header.Get("Sec-Fetch-Site") == "same-origin" {
		// The browser vouches that the page is ours, but hides its origin
		// (Referrer-Policy: no-referrer). Only the scheme is open: it may have
		// been lost at a proxy.
		if trust.Origin("https://"+c.Request.Host) || trust.Origin("http://"+c.Request.Host) {
			return nil
		}
	}
	if from == "" {
		from = c.Request.Header.Get("Referer")
	}
	if from == "" || from == "null" {
		return plugin.Errorf(http.StatusForbidden, "MISSING_OR_NULL_ORIGIN", "Missing or null Origin")
	}
	if !trust.Origin(from) {
		p.log().WarnContext(c.Context(), "request from an origin that is not trusted; add it to trustedOrigins if it is yours",
			"origin", loggedOrigin(from), "path", c.Endpoint.Path)
		return plugin.Errorf(http.StatusForbidden, "INVALID_ORIGIN", "Invalid origin")
	}
	return nil
}

// loggedOrigin is an Origin or Referer for the log: without the path and query of
// a Referer, which may hold the token of a link.
func loggedOrigin(from string) string {
	if o, ok := origin.Of(from); ok {
		return o
	}
	scheme, rest, _ := strings.Cut(from, "://")
	if i := strings.IndexAny(rest, `/\?#`); i >= 0 {
		rest = rest[:i]
	}
	if rest == "" || strings.Contains(rest, "@") {
		return ""
	}
	return scheme + "://" + rest
}

// checkURLs looks at every parameter that a browser may later be sent to. It
// looks at the body and at the query, where upstream looks at the first that is
// set.
func checkURLs(c *plugin.Call, trust *origin.Trust) error {
	body, _ := c.Body.(map[string]any)
	for _, param := range []struct{ name, label, code string }{
		{"callbackURL", "callbackURL", "INVALID_CALLBACK_URL"},
		{"redirectTo", "redirectURL", "INVALID_REDIRECT_URL"},
		{"errorCallbackURL", "errorCallbackURL", "INVALID_ERROR_CALLBACK_URL"},
		{"newUserCallbackURL", "newUserCallbackURL", "INVALID_NEW_USER_CALLBACK_URL"},
	} {
		values := []any{body[param.name]}
		if sent := c.Query[param.name]; param.name == "callbackURL" && len(sent) == 1 {
			values = append(values, sent[0])
		} else if param.name == "callbackURL" && len(sent) > 1 {
			values = append(values, sent)
		}
		for _, value := range values {
			if !jsjson.Truthy(value) {
				continue
			}
			url, ok := value.(string)
			if !ok {
				return plugin.Errorf(http.StatusBadRequest, "", "Invalid %s: expected a string", param.label)
			}
			if !trust.Redirect(url) {
				return plugin.Errorf(http.StatusForbidden, param.code, "Invalid %s", param.label)
			}
		}
	}
	return nil
}

// checkLink refuses a link from a mail that would send the browser to a site
// that is not trusted, and one that nobody has opened: browsers fetch ahead what
// a person may open next, and scanners what a person may be about to read. The
// failure makes them ask again when it is opened.
func (p *Pipeline) checkLink(c *plugin.Call, trust *origin.Trust) error {
	if url := c.Query.Get("callbackURL"); url != "" && !p.skipsOrigin(c) && !trust.Redirect(url) {
		return plugin.Errorf(http.StatusForbidden, "INVALID_CALLBACK_URL", "Invalid callbackURL")
	}
	for _, name := range [...]string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		purpose := strings.ToLower(c.Request.Header.Get(name))
		if strings.Contains(purpose, "prefetch") || strings.Contains(purpose, "preview") || strings.Contains(purpose, "prerender") {
			return plugin.Errorf(http.StatusForbidden, "PREFETCH_NOT_ALLOWED", "Open the link to use it")
		}
	}
	return nil
}
