package file_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/file"
)

func TestPlugins(t *testing.T) {
	s, err := file.Parse("lockstep.yaml", []byte("plugins: [jwt, bearer, convex]\n"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.Plugins, []string{"jwt", "bearer", "convex"}); diff != "" {
		t.Errorf("got -, want +, in the order of the file:\n%s", diff)
	}
	printed, err := s.YAML()
	if err != nil || string(printed) != "plugins: [jwt, bearer, convex]\n" {
		t.Errorf("got %q, %v, want the same list", printed, err)
	}
}

func TestPluginErrors(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"no list", "plugins: convex\n", "lockstep.yaml:1: plugins must be a list, not text"},
		{
			"a name that there is not", "plugins: [convx]\n",
			"lockstep.yaml:1: plugins[0] is not the name of a plugin that a file can have: there is bearer, convex, jwt",
		},
		{"a plugin twice", "plugins:\n- jwt\n- jwt\n", "lockstep.yaml:3: plugins[1] is there twice"},
		{"options", "plugins:\n- jwt: {}\n", "lockstep.yaml:2: plugins[0] must be the name of a plugin: a file cannot give options of plugins yet"},
		{"no text", "plugins: [1]\n", "lockstep.yaml:1: plugins[0] must be text, not a number (put it in quotes)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := file.Parse("lockstep.yaml", []byte(tt.text))
			if err == nil || err.Error() != tt.want || s != nil {
				t.Errorf("got %v, %v, want %s", s, err, tt.want)
			}
		})
	}
}

func TestConvexOptions(t *testing.T) {
	text := `database:
  convex:
    url: https://happy-animal-123.convex.cloud
    secret: canary
    component: betterAuth
    insecureAllowPublicFunctions: true
    maxQueries: 20
    maxMutations: 10
`
	s, err := file.Parse("lockstep.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	want := file.Convex{
		URL: "https://happy-animal-123.convex.cloud", Secret: "canary", Component: "betterAuth", InsecureAllowPublicFunctions: true,
		MaxQueries: 20, MaxMutations: 10,
	}
	if s.Database.Convex != want {
		t.Error("got other options")
	}
	printed, err := s.YAML()
	if err != nil || string(printed) != strings.Replace(text, "secret: canary", "secret: '[redacted]'", 1) {
		t.Errorf("got %v and\n%swant the same without the secret", err, printed)
	}
}
