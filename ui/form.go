package ui

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// A form is a form of a page: what it asks, what was filled in, and what is
// wrong with that.
type form struct {
	Action string
	Submit string // label of the button
	Danger bool   // the button destroys something
	Fields []field

	// Problem is what is wrong with the form as a whole.
	Problem string
}

// A field is one input of a form. Its name is also its id in the page.
type field struct {
	Name, Label  string
	Type         string // of the input element; "hidden" and "carried" ones have no label
	Autocomplete string // HTML standard, §4.10.18.7
	Hint         string
	Missing      string // what to say if it is empty; empty if it may be
	Value        string // filled in; never that of a password
	Checked      bool   // of a checkbox
	Error        string

	sent string
}

// fill takes in what the browser sent, and reports whether everything is there
// that has to be. Texts lose the spaces around them, which keyboards of phones
// add; passwords keep theirs.
func (f *form) fill(sent url.Values) bool {
	complete := true
	for i := range f.Fields {
		x := &f.Fields[i]
		x.sent = sent.Get(x.Name)
		switch x.Type {
		case "checkbox":
			x.Checked = x.sent != ""
		case "password":
		default:
			x.sent = strings.TrimSpace(x.sent)
			x.Value = x.sent
		}
		if x.Missing != "" && x.sent == "" {
			x.Error, complete = x.Missing, false
		}
	}
	return complete
}

// get returns what was filled in.
func (f *form) get(name string) string {
	if x := f.field(name); x != nil {
		return x.sent
	}
	return ""
}

// checked reports whether a checkbox was ticked.
func (f *form) checked(name string) bool {
	x := f.field(name)
	return x != nil && x.Checked
}

func (f *form) field(name string) *field {
	i := slices.IndexFunc(f.Fields, func(x field) bool { return x.Name == name })
	if i < 0 {
		return nil
	}
	return &f.Fields[i]
}

// refuse shows why the server refused the form, at the field it is about.
func (f *form) refuse(e *refusal) {
	x := explain(e)
	for _, name := range x.fields {
		if about := f.field(name); about != nil {
			about.Error = x.text
			return
		}
	}
	f.Problem = x.text
}

// A mistake is a line of the summary of what is wrong.
type mistake struct {
	Text  string
	Field string // id of the field, or empty
}

// mistakes returns what is wrong with the form, in the order of its fields.
func (f *form) mistakes() []mistake {
	var list []mistake
	if f.Problem != "" {
		list = append(list, mistake{Text: f.Problem})
	}
	for i := range f.Fields {
		if x := &f.Fields[i]; x.Error != "" {
			list = append(list, mistake{x.Error, x.Name})
		}
	}
	return list
}

// DescribedBy returns the ids of the texts that describe the field.
func (x field) DescribedBy() string {
	var ids []string
	if x.Error != "" {
		ids = append(ids, x.Name+"-error")
	}
	if x.Hint != "" {
		ids = append(ids, x.Name+"-hint")
	}
	return strings.Join(ids, " ")
}

// statusOf is the status of a page that shows a form again.
func statusOf(e *refusal) int {
	if e.Status < 400 { // a redirect: no endpoint of these pages sends one
		return http.StatusBadGateway
	}
	return e.Status
}
