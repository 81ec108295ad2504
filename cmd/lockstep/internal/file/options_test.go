package file_test

import (
	"fmt"
	"iter"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	lockstep "github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/file"
)

func TestDefaultValues(t *testing.T) {
	tests := []struct {
		typ, value string
		want       any
	}{
		{"string", "hello", "hello"},
		{"string", `"5"`, "5"},
		{"number", "5", 5.0},
		{"number", "0.5", 0.5},
		{"boolean", "false", false},
		{"date", "2026-01-02T03:04:05.678Z", time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC)},
		{"json", "{a: [1, x, true, null]}", map[string]any{"a": []any{1.0, "x", true, nil}}},
		{"'string[]'", "[a, b]", []string{"a", "b"}},
		{"'number[]'", "[1, 2.5]", []float64{1, 2.5}},
		{"[user, admin]", "admin", "admin"},
	}
	for _, tt := range tests {
		t.Run(tt.typ+" "+tt.value, func(t *testing.T) {
			text := fmt.Sprintf("user: {additionalFields: {f: {type: %s, defaultValue: %s}}}", tt.typ, tt.value)
			s, err := file.Parse("lockstep.yaml", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			f := s.Auth.User.AdditionalFields[0]
			if diff := cmp.Diff(f.Default(), tt.want); diff != "" {
				t.Errorf("got -, want +:\n%s", diff)
			}
			if err := f.Check(f.Default()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestDefaultValueIsNewEachTime(t *testing.T) {
	s, err := file.Parse("lockstep.yaml", []byte("user: {additionalFields: {f: {type: json, defaultValue: {a: 1}}}}"))
	if err != nil {
		t.Fatal(err)
	}
	value := s.Auth.User.AdditionalFields[0].Default
	value().(map[string]any)["a"] = "changed"
	if diff := cmp.Diff(value(), any(map[string]any{"a": 1.0})); diff != "" {
		t.Errorf("one row's change is in the next one:\n%s", diff)
	}
}

func TestGiven(t *testing.T) {
	s, err := file.Parse("lockstep.yaml", []byte("emailAndPassword: {enabled: false}\nappName:\n"))
	if err != nil {
		t.Fatal(err)
	}
	for option, want := range map[string]bool{
		"emailAndPassword": true, "emailAndPassword.enabled": true, "emailAndPassword.autoSignIn": false, "appName": false,
	} {
		if got := s.Given(option); got != want {
			t.Errorf("Given(%q): got %v, want %v", option, got, want)
		}
	}
}

// TestEveryOptionCanBeGiven protects that a new option of lockstep.Config has a
// type that a file can give.
func TestEveryOptionCanBeGiven(t *testing.T) {
	for path := range options("", reflect.TypeFor[lockstep.Config]()) {
		var text strings.Builder
		names := strings.Split(path, ".")
		for i, name := range names {
			fmt.Fprintf(&text, "%*s%s:\n", i, "", name)
		}
		fmt.Fprintf(&text, "%*s- - - x\n", len(names), "") // which no option is
		_, err := file.Parse("lockstep.yaml", []byte(text.String()))
		if err == nil || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "unknown") {
			t.Errorf("%s: got %v, want an error about its type", path, err)
		}
	}
}

// options are the paths of the options of a struct.
func options(prefix string, section reflect.Type) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, f := range reflect.VisibleFields(section) {
			name := f.Tag.Get("option")
			if name == "" || name == "-" {
				continue
			}
			if !yield(prefix + name) {
				return
			}
			if f.Type.Kind() == reflect.Struct {
				for path := range options(prefix+name+".", f.Type) {
					if !yield(path) {
						return
					}
				}
			}
		}
	}
}
