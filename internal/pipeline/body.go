package pipeline

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/lockstep-auth/lockstep/internal/jsjson"
	"github.com/lockstep-auth/lockstep/plugin"
)

// maxBody is the largest request body read, in bytes.
const maxBody = 1 << 20

const (
	mediaJSON = "application/json"
	mediaForm = "application/x-www-form-urlencoded"
)

// readBody decodes the body of the call, if its endpoint takes one. As behind
// upstream's Node.js adapter there is no body without a Content-Type. The media
// type counts for an empty body too: it is what keeps the forms of other sites out.
func readBody(c *plugin.Call) error {
	contentType := c.Request.Header.Get("Content-Type")
	if c.Endpoint.IgnoreBody || c.Method == http.MethodGet || contentType == "" {
		return nil
	}
	media, err := mediaType(contentType, c.Endpoint.Form || c.Endpoint.Relay)
	if err != nil || c.ContentLength == 0 {
		return err
	}
	data, err := io.ReadAll(http.MaxBytesReader(nil, c.Request.Body, maxBody))
	if err != nil {
		return bodyError(err)
	}
	c.HasBody = true
	if media == mediaForm {
		c.Body = formValues(string(data))
		return nil
	}
	if c.Body, err = jsjson.Decode(data); err != nil {
		return &plugin.Error{
			Status: http.StatusBadRequest, Code: "BAD_REQUEST", Message: "Invalid JSON in request body", Err: err,
		}
	}
	return nil
}

// mediaType returns the media type of a body if it is allowed.
func mediaType(contentType string, form bool) (string, error) {
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	allowed := mediaJSON
	if form {
		allowed = mediaForm + ", " + mediaJSON
	}
	if media == mediaJSON || (form && media == mediaForm) {
		return media, nil
	}
	return "", plugin.Errorf(http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE",
		`Content-Type "%s" is not allowed. Allowed types: %s`, contentType, allowed)
}

func bodyError(err error) error {
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return plugin.Errorf(http.StatusRequestEntityTooLarge, "PAYLOAD_TOO_LARGE",
			"Request body is larger than %d bytes", maxBody)
	}
	return &plugin.Error{
		Status: http.StatusBadRequest, Code: "BAD_REQUEST", Message: "Request body could not be read", Err: err,
	}
}

// formValues decodes a form as FormData does: the last value of a name wins.
func formValues(body string) map[string]any {
	values := make(map[string]any)
	eachPair(body, func(name, value string) { values[name] = value })
	return values
}

// parseQuery decodes a query string as URLSearchParams does.
func parseQuery(raw string) plugin.Query {
	if raw == "" {
		return nil
	}
	q := make(plugin.Query)
	eachPair(raw, func(name, value string) { q[name] = append(q[name], value) })
	return q
}

// eachPair splits application/x-www-form-urlencoded text by the URL standard
// (https://url.spec.whatwg.org/#urlencoded-parsing): nothing is an error.
func eachPair(text string, yield func(name, value string)) {
	for pair := range strings.SplitSeq(text, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		yield(percentDecode(name), percentDecode(value))
	}
}

func percentDecode(s string) string {
	if !strings.ContainsAny(s, "+%") {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+':
			out = append(out, ' ')
		case s[i] == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			out = append(out, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
		default:
			out = append(out, s[i])
		}
	}
	return strings.ToValidUTF8(string(out), "\uFFFD")
}

func isHex(b byte) bool {
	return (b >= '0' && b <= '9') || (b|0x20 >= 'a' && b|0x20 <= 'f')
}

func unhex(b byte) byte {
	if b <= '9' {
		return b - '0'
	}
	return b | 0x20 - 'a' + 10
}
