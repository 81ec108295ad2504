package file

import (
	"reflect"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/lockstep-auth/lockstep/oauth"
)

// A form is a type of options with a form of its own in the file.
type form interface {
	encode(e *encoder) *yaml.Node
}

// A reader fills itself in. It is a pointer to a form.
type reader interface {
	decode(d *decoder, path string, n *yaml.Node)
}

// code is the type of an option that only a program can set.
type code struct{}

func (code) decode(d *decoder, path string, n *yaml.Node) { d.fail(n, "option %s %s", path, isCode) }

// later is the type of an option that is not supported yet.
type later struct{}

func (later) decode(d *decoder, path string, n *yaml.Node) { d.fail(n, "option %s %s", path, isLater) }

// oneOrMore are texts. One of them needs no list.
type oneOrMore []string

func (o *oneOrMore) decode(d *decoder, path string, n *yaml.Node) {
	switch n.Kind {
	case yaml.SequenceNode:
		d.list(path, n, reflect.ValueOf((*[]string)(o)).Elem())
	case yaml.ScalarNode:
		*o = make(oneOrMore, 1)
		d.text(path, n, &(*o)[0])
	default:
		d.wrong(n, path, "text, or a list of texts")
	}
}

func (o oneOrMore) encode(e *encoder) *yaml.Node {
	if len(o) == 1 {
		return text(o[0])
	}
	return e.value("", reflect.ValueOf([]string(o)), true)
}

// A span is a time span as text, such as "15m" (upstream: utils/time.ts). A
// number would be a moment there.
type span time.Duration

func (s *span) decode(d *decoder, path string, n *yaml.Node) {
	var text string
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str" {
		text = n.Value
	}
	i := strings.LastIndexAny(text, "0123456789") + 1
	number, err := strconv.ParseFloat(text[:i], 64)
	seconds := number * unit(strings.TrimPrefix(text[i:], " ")).Seconds()
	if err != nil || strings.Trim(text[:i], "0123456789.") != "" || !(seconds > 0 && seconds <= maxSeconds) {
		d.fail(n, `%s must be a time span, such as "15m", "1 hour" or "7 days"`, path)
		return
	}
	*s = span(time.Duration(seconds*1000) * time.Millisecond)
}

func unit(name string) time.Duration {
	switch strings.ToLower(name) {
	case "s", "sec", "secs", "second", "seconds":
		return time.Second
	case "m", "min", "mins", "minute", "minutes":
		return time.Minute
	case "h", "hr", "hrs", "hour", "hours":
		return time.Hour
	case "d", "day", "days":
		return 24 * time.Hour
	case "w", "week", "weeks":
		return 7 * 24 * time.Hour
	}
	return 0
}

func (s span) encode(*encoder) *yaml.Node {
	return text(strconv.FormatFloat(time.Duration(s).Seconds(), 'f', -1, 64) + "s")
}

// params reads parameters by name, in the order of the file.
func (d *decoder) params(path string, n *yaml.Node, out *oauth.Params) {
	d.each(path, n, func(key string, _, value *yaml.Node) {
		var text string
		d.text(join(path, key), value, &text)
		*out = append(*out, oauth.Param{Name: key, Value: text})
	})
}

var (
	_ reader = (*oneOrMore)(nil)
	_ form   = oneOrMore(nil)
	_ reader = (*span)(nil)
	_ form   = span(0)
	_ reader = (*Generic)(nil)
	_ form   = Generic{}
)
