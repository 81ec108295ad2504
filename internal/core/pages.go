package core

import (
	"html/template"
	"net/http"
	"strings"

	"github.com/lockstep-auth/lockstep/plugin"
)

func (c *core) pages() plugin.Plugin {
	return plugin.Plugin{ID: "pages", Endpoints: []plugin.Endpoint{
		{Method: http.MethodGet, Path: "/ok", Handler: plugin.Plain(ok)},
		{Method: http.MethodGet, Path: "/error", Handler: plugin.Plain(c.errorPage)},
	}}
}

type okOutput struct {
	OK bool `json:"ok"`
}

func ok(*plugin.Call) (okOutput, error) { return okOutput{true}, nil }

// errorPage is where a browser ends when a flow fails and the application named
// no page of its own.
func (c *core) errorPage(call *plugin.Call) (any, error) {
	code := call.Query.Get("error")
	if !isErrorCode(code) {
		code = "UNKNOWN"
	}
	description := call.Query.Get("error_description")
	params := "error=" + formEscape(code)
	if description != "" {
		params += "&error_description=" + formEscape(description)
	}
	if c.ErrorURL != "" || !c.Development {
		call.Header = http.Header{"Content-Type": nil} // upstream sends none with this redirect
	}
	switch {
	case c.ErrorURL != "":
		call.RedirectTo = appendQuery(c.ErrorURL, params)
		return nil, nil
	case !c.Development:
		call.RedirectTo = "/?" + params
		return nil, nil
	}
	return renderError(code, description)
}

// isErrorCode reports whether s may be shown as a code: letters, digits and
// _-' only, as upstream.
func isErrorCode(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		letter := r|0x20 >= 'a' && r|0x20 <= 'z'
		return !letter && (r < '0' || r > '9') && !strings.ContainsRune("_-'", r)
	})
}

// formEscape encodes s as URLSearchParams does
// (https://url.spec.whatwg.org/#urlencoded-serializing).
func formEscape(s string) string {
	const hex = "0123456789ABCDEF"
	out := make([]byte, 0, len(s))
	for i := range len(s) {
		b := s[i]
		letter := b|0x20 >= 'a' && b|0x20 <= 'z'
		switch {
		case letter || (b >= '0' && b <= '9') || strings.IndexByte("*-._", b) >= 0:
			out = append(out, b)
		case b == ' ':
			out = append(out, '+')
		default:
			out = append(out, '%', hex[b>>4], hex[b&15])
		}
	}
	return string(out)
}

// appendQuery adds parameters to a URL that may have a query or a fragment.
func appendQuery(url, params string) string {
	url, fragment, hasFragment := strings.Cut(url, "#")
	sep := "?"
	if strings.Contains(url, "?") {
		sep = "&"
	}
	url += sep + params
	if hasFragment {
		url += "#" + fragment
	}
	return url
}

const errorTemplate = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Error</title>
<style>
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 20vh auto 0; max-width: 28rem; padding: 0 1rem; }
code { font-family: ui-monospace, monospace; }
</style>
</head>
<body>
<main>
<h1>Something went wrong</h1>
<p>{{if .Description}}{{.Description}}{{else}}The request could not be completed. Please go back and try again.{{end}}</p>
<p>Code: <code>{{.Code}}</code></p>
<p><a href="/">Back to the application</a></p>
</main>
</body>
</html>
`

func renderError(code, description string) (plugin.HTML, error) {
	t, err := template.New("error").Parse(errorTemplate)
	if err != nil {
		return "", err
	}
	var page strings.Builder
	err = t.Execute(&page, struct{ Code, Description string }{code, description})
	return plugin.HTML(page.String()), err
}
