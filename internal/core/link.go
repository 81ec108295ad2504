package core

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/lockstep-auth/lockstep/internal/cookie"
	"github.com/lockstep-auth/lockstep/plugin"
)

// mail sends a link in the background.
func mail(call *plugin.Call, what string, send Sender, l plugin.Link) {
	l.Request = call.MailRequest()
	call.Later(what, func(ctx context.Context) error { return send(ctx, l) })
}

// allowMail counts a mail to an address, in any case of letters.
func allowMail(call *plugin.Call, purpose, address string) bool {
	return call.AllowMail(purpose, strings.ToLower(address))
}

// cleanUp removes expired secrets in the background, when it is time to.
func cleanUp(call *plugin.Call) {
	if ids := call.Host.Identity; ids.CleanUpDue() {
		call.Later("remove expired secrets", ids.CleanUp)
	}
}

// linkURL returns the URL of an endpoint with a token, which then sends the
// browser to callback.
func linkURL(call *plugin.Call, path, token string, callback *string) string {
	return call.BaseURL + path + "?token=" + token + "&callbackURL=" + cookie.EncodeComponent(cmp.Or(deref(callback), "/"))
}

// ascii writes a URL as browsers do, without characters that a header cannot
// hold (https://url.spec.whatwg.org/#path-percent-encode-set).
func ascii(url string) string {
	const hex = "0123456789ABCDEF"
	out := make([]byte, 0, len(url))
	for i := range len(url) {
		if b := url[i]; b < 0x80 {
			out = append(out, b)
		} else {
			out = append(out, '%', hex[b>>4], hex[b&15])
		}
	}
	return string(out)
}

// splitURL splits a trusted callback URL, a path or an absolute URL, at its
// query and its fragment. A path of a web origin is written as browsers write
// it: it begins with a slash and has no dot segments.
func splitURL(raw string) (base, query, fragment string) {
	raw, fragment, hasFragment := strings.Cut(ascii(raw), "#")
	if hasFragment {
		fragment = "#" + fragment
	}
	base, query, _ = strings.Cut(raw, "?")
	origin := ""
	if scheme, rest, absolute := strings.Cut(base, "://"); absolute {
		if s := strings.ToLower(scheme); s != "http" && s != "https" {
			return base, query, fragment
		}
		host, path, _ := strings.Cut(rest, "/")
		origin, base = scheme+"://"+host, "/"+path
	}
	return origin + withoutDots(base), query, fragment
}

// withoutDots resolves the segments "." and ".." of a path that begins with a
// slash (https://url.spec.whatwg.org/#path-state).
func withoutDots(path string) string {
	if !strings.Contains(path, "/.") {
		return path
	}
	segments := strings.Split(path[1:], "/")
	var kept []string
	for i, s := range segments {
		last := i == len(segments)-1
		switch s {
		case "..":
			kept = kept[:max(len(kept)-1, 0)]
			fallthrough
		case ".":
			if last {
				kept = append(kept, "")
			}
		default:
			kept = append(kept, s)
		}
	}
	return "/" + strings.Join(kept, "/")
}

// withError returns a trusted callback URL with the code of what went wrong, and
// a description if there is one (upstream: appendQueryParams).
func withError(callback, code, description string) string {
	params := "error=" + formEscape(code)
	if description != "" {
		params += "&error_description=" + formEscape(description)
	}
	base, query, fragment := splitURL(callback)
	if query != "" && !strings.HasSuffix(query, "&") {
		query += "&"
	}
	return base + "?" + query + params + fragment
}

// withParam returns a trusted callback URL, made absolute, with a parameter set
// (upstream: URL and URLSearchParams.set, which write the whole query anew).
func withParam(call *plugin.Call, callback, name, value string) string {
	base, query, fragment := splitURL(callback)
	if strings.HasPrefix(base, "/") {
		base = call.Origin + base
	}
	var pairs []string
	set := false
	for pair := range strings.SplitSeq(query, "&") {
		n, v, _ := strings.Cut(pair, "=")
		if n = formUnescape(n); n == name {
			if set {
				continue
			}
			v, set = value, true
		} else {
			v = formUnescape(v)
		}
		if pair != "" {
			pairs = append(pairs, formEscape(n)+"="+formEscape(v))
		}
	}
	if !set {
		pairs = append(pairs, formEscape(name)+"="+formEscape(value))
	}
	return base + "?" + strings.Join(pairs, "&") + fragment
}

// formUnescape decodes a part of a query. Text that is not well encoded is left
// as it is.
func formUnescape(s string) string {
	text, err := url.QueryUnescape(s)
	if err != nil {
		return s
	}
	return text
}

// loginOrNil returns the session of the caller, or nil if there is none.
func loginOrNil(call *plugin.Call) (*plugin.Login, error) {
	login, err := call.Login()
	if e, ok := errors.AsType[*plugin.Error](err); ok && e.Status == http.StatusUnauthorized {
		return nil, nil
	}
	return login, err
}
