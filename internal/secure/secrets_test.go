package secure_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/internal/secure"
)

const (
	testSecret = "better-auth-test-secret-0123456789abcdefghij"
	devSecret  = "better-auth-secret-12345678901234567890"
)

func TestEncryptVectors(t *testing.T) {
	v := readVectors(t)
	single, rotation := secure.NewSecrets(v.Meta.Secret), v.rotation(t)
	check := func(name string, secrets *secure.Secrets, text, want string) {
		t.Helper()
		if got, err := secrets.Decrypt(text); got != want || err != nil {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, want)
		}
	}
	for _, c := range v.Symmetric {
		check("single secret", single, c.Text, c.Plain)
		check("encrypted here", single, single.Encrypt(c.Plain), c.Plain)
		check("legacy secret of a rotation", rotation, c.Text, c.Plain)
	}
	check("current version", rotation, v.Rotation.Current.Text, v.Rotation.Current.Plain)
	check("older version", rotation, v.Rotation.Older.Text, v.Rotation.Older.Plain)
	check("without version", rotation, v.Rotation.Bare.Text, v.Rotation.Bare.Plain)
	check("encrypted here with a version", rotation, rotation.Encrypt("x"), "x")
	check("purpose", single.ForPurpose(v.Purpose.Sample.Purpose), v.Purpose.Sample.Text, v.Purpose.Sample.Plain)
	for purpose, want := range v.Purpose.Keys {
		if got := single.ForPurpose(purpose).Current(); got != want {
			t.Errorf("purpose %s: got %s, want %s", purpose, got, want)
		}
	}
	if got := rotation.Encrypt(""); !strings.HasPrefix(got, "$ba$2$") {
		t.Errorf("rotation: got %q, want the version in front", got)
	}
	if text := single.Encrypt("x"); text == single.Encrypt("x") {
		t.Error("two encryptions are equal")
	}
}

func TestPurposesKeepVersionsApart(t *testing.T) {
	rotation := readVectors(t).rotation(t)
	list := []secure.Secret{{Version: 3, Value: strings.Repeat("new", 12)}, {Version: 2, Value: rotation.Current()}}
	later, err := secure.NewRotation(list, testSecret)
	if err != nil {
		t.Fatal(err)
	}
	text := rotation.ForPurpose("oauth-proxy-state").Encrypt("profile")
	if got, err := later.ForPurpose("oauth-proxy-state").Decrypt(text); got != "profile" || err != nil {
		t.Errorf("after rotation: got %q, %v", got, err)
	}
	legacy := secure.NewSecrets(testSecret).ForPurpose("oauth-proxy-state").Encrypt("old")
	if got, err := later.ForPurpose("oauth-proxy-state").Decrypt(legacy); got != "old" || err != nil {
		t.Errorf("from before rotation: got %q, %v", got, err)
	}
	for name, secrets := range map[string]*secure.Secrets{"another purpose": later.ForPurpose("oauth-state-cookie"), "no purpose": later} {
		if got, err := secrets.Decrypt(text); err == nil {
			t.Errorf("%s: got %q, want an error", name, got)
		}
	}
}

func TestDecryptRefuses(t *testing.T) {
	v := readVectors(t)
	single, rotation := secure.NewSecrets(v.Meta.Secret), v.rotation(t)
	noLegacy, err := secure.NewRotation([]secure.Secret{{Version: 2, Value: v.Meta.Secret2}}, devSecret)
	if err != nil {
		t.Fatal(err)
	}
	text, envelope := v.Symmetric[0].Text, v.Rotation.Current.Text
	tests := []struct {
		name    string
		secrets *secure.Secrets
		text    string
	}{
		{"nothing", single, ""},
		{"text that is not hex", single, "hello"},
		{"upper-case hex", single, strings.ToUpper(text)},
		{"an odd number of digits", single, text[1:]},
		{"less than a nonce and a tag", single, text[:78]},
		{"a changed byte", single, "00" + text[2:]},
		{"a cut text", single, text[:len(text)-2]},
		{"a line break", single, text + "\n"},
		{"another secret", secure.NewSecrets("another"), text},
		{"a version, with a single secret", single, envelope},
		{"a version that is not configured", rotation, "$ba$3" + envelope[5:]},
		{"another version's text", rotation, "$ba$1" + envelope[5:]},
		{"a version with a leading zero", rotation, "$ba$02" + envelope[5:]},
		{"a version with other text", rotation, "$ba$2x" + envelope[5:]},
		{"no version", rotation, "$ba$" + envelope[5:]},
		{"no separator", rotation, "$ba$2"},
		{"text without version, no legacy secret", noLegacy, text},
		{"text of the development default, which is never legacy", noLegacy, secure.NewSecrets(devSecret).Encrypt("x")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.secrets.Decrypt(tt.text)
			if err == nil || got != "" {
				t.Fatalf("got %q, %v, want an error", got, err)
			}
			if len(tt.text) > 0 && strings.Contains(err.Error(), tt.text) {
				t.Errorf("error quotes the text: %v", err)
			}
		})
	}
}

func TestParseRotation(t *testing.T) {
	tests := []struct {
		name, text string
		want       []secure.Secret
		wantErr    string
	}{
		{name: "takes no text for no rotation", text: ""},
		{name: "keeps the order", text: "2:b,1:a", want: []secure.Secret{{Version: 2, Value: "b"}, {Version: 1, Value: "a"}}},
		{name: "ignores spaces around entries and secrets", text: " 0 : a:b \n, 10:c d ", want: []secure.Secret{{Version: 0, Value: "a:b"}, {Version: 10, Value: "c d"}}},
		{name: "refuses an entry without version", text: "1:a,hunter2", wantErr: "secrets: entry 2: want <version>:<secret>"},
		{name: "refuses a trailing comma", text: "1:a,", wantErr: "secrets: entry 2: want <version>:<secret>"},
		{name: "refuses a version that is not a number", text: "v1:hunter2", wantErr: "secrets: entry 1: version must be a whole number, 0 or more"},
		{name: "refuses digits with other text, which upstream cuts off", text: "1x:hunter2", wantErr: "secrets: entry 1: version must be a whole number, 0 or more"},
		{name: "refuses a negative version", text: "-1:hunter2", wantErr: "secrets: entry 1: version must be a whole number, 0 or more"},
		{name: "refuses a version that JavaScript cannot hold", text: "9007199254740992:hunter2", wantErr: "secrets: entry 1: version must be a whole number, 0 or more"},
		{name: "refuses an empty secret", text: "1: ", wantErr: "secrets: entry 1: empty secret"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := secure.ParseRotation(tt.text)
			if fmt.Sprint(err) != tt.wantErr && (err != nil || tt.wantErr != "") {
				t.Fatalf("error: got %v, want %s", err, tt.wantErr)
			}
			if diff := cmp.Diff(tt.want, got, cmp.Comparer(func(a, b secure.Secret) bool { return a == b })); diff != "" {
				t.Errorf("secrets differ:\n%s", diff)
			}
		})
	}
}

func TestNewRotationRefuses(t *testing.T) {
	tests := []struct {
		name    string
		list    []secure.Secret
		wantErr string
	}{
		{"an empty list", nil, "secrets: at least one entry is needed"},
		{
			"everything wrong, at once",
			[]secure.Secret{{Version: 1, Value: "hunter2"}, {Version: -1, Value: "hunter3"}, {Version: 1}},
			"secrets: entry 2: version must be 0 or more\nsecrets: entry 3: empty secret\nsecrets: entry 3: same version as entry 1",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := secure.NewRotation(tt.list, "")
			if got != nil || err == nil || err.Error() != tt.wantErr {
				t.Errorf("got %v, %q, want %q", got, err, tt.wantErr)
			}
		})
	}
}

func TestRotationIsACopy(t *testing.T) {
	list := []secure.Secret{{Version: 1, Value: "first"}}
	secrets, err := secure.NewRotation(list, "")
	if err != nil {
		t.Fatal(err)
	}
	list[0].Value = "changed"
	if got := secrets.Current(); got != "first" {
		t.Errorf("got %q, want first", got)
	}
}

func TestWeakness(t *testing.T) {
	tests := []struct {
		name, secret, want string
	}{
		{"a random secret is strong", testSecret, ""},
		{"32 random characters are strong", "Zt3kV9q1mC2xR7pL0sYdW8eBnHfGuJ4a", ""},
		{"the default is known", devSecret, "it is the published development default"},
		{"31 characters are short", "Zt3kV9q1mC2xR7pL0sYdW8eBnHfGuJ4", "it is shorter than 32 characters"},
		{"nothing is short", "", "it is shorter than 32 characters"},
		{"length is in UTF-16 units", "😀abcdefghijklmnopqrstuvwxyz0123", ""},
		{"one character has no entropy", strings.Repeat("a", 500), "it has less than 120 bits of entropy"},
		{"8 characters in 39 places have 117 bits", strings.Repeat("abcdefgh", 5)[:39], "it has less than 120 bits of entropy"},
		{"8 characters in 40 places have 120 bits", strings.Repeat("abcdefgh", 5), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := secure.Weakness(tt.secret); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	secrets := secure.NewSecrets("hunter2")
	values := map[string]any{
		"Secrets": secrets, "Signer": secure.NewSigner("hunter2"), "Sealer": secrets.Sealer("salt"),
		"Secret": secure.Secret{Version: 1, Value: "hunter2"}, "[]Secret": []secure.Secret{{Value: "hunter2"}}, "*Secret": &secure.Secret{Value: "hunter2"},
	}
	var log bytes.Buffer
	loggers := []*slog.Logger{slog.New(slog.NewTextHandler(&log, nil)), slog.New(slog.NewJSONHandler(&log, nil))}
	secret := regexp.MustCompile(`(?i)hunter2|104 117 110|68756e746572|0x68`)
	for name, v := range values {
		log.Reset()
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%c"} {
			fmt.Fprintf(&log, verb+"\n", v)
		}
		for _, logger := range loggers {
			logger.InfoContext(t.Context(), "x", slog.Any("v", v))
		}
		data, err := json.Marshal(v)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		log.Write(data)
		if got := log.String(); secret.MatchString(got) || !strings.Contains(got, "[redacted]") {
			t.Errorf("%s prints\n%s", name, got)
		}
	}
}

func TestEmptySecretsPanic(t *testing.T) {
	for name, make := range map[string]func(){
		"NewSecrets": func() { secure.NewSecrets("") },
		"NewSigner":  func() { secure.NewSigner("") },
	} {
		func() {
			defer func() {
				if got, want := recover(), "secure: empty secret"; got != want {
					t.Errorf("%s: got %v, want %q", name, got, want)
				}
			}()
			make()
		}()
	}
}

func FuzzDecrypt(f *testing.F) {
	single := secure.NewSecrets(testSecret)
	rotation, err := secure.NewRotation([]secure.Secret{{Version: 7, Value: testSecret}}, "")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(single.Encrypt("x"), uint16(3))
	f.Add(rotation.Encrypt("x"), uint16(0))
	f.Add("$ba$7$", uint16(9))
	f.Fuzz(func(t *testing.T, text string, at uint16) {
		for _, secrets := range []*secure.Secrets{single, rotation} {
			sealed := secrets.Encrypt(text)
			if got, err := secrets.Decrypt(sealed); got != text || err != nil {
				t.Fatalf("got %q, %v, want %q", got, err, text)
			}
			changed := []byte(sealed)
			changed[int(at)%len(changed)] ^= 1 + byte(at>>8)%127
			if got, err := secrets.Decrypt(string(changed)); err == nil {
				t.Fatalf("changed text: got %q, want an error", got)
			}
			if got, err := secrets.Decrypt(text); err == nil && got != "x" { // as seeded
				t.Fatalf("text that Encrypt did not make: got %q", got)
			}
		}
	})
}

func FuzzParseRotation(f *testing.F) {
	for _, text := range []string{"", "1:a", "2:b,1:a", " 0 : x:y , 3 : z", "1:", "a:b", "1:a,1:b", "-1:a", "+1:a"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := secure.ParseRotation(text)
		if err != nil {
			if list != nil {
				t.Fatal("got secrets and an error")
			}
			return
		}
		if (len(list) == 0) != (text == "") || len(list) != strings.Count(text, ",")+min(1, len(text)) {
			t.Fatalf("got %d secrets from %q", len(list), text)
		}
		var canonical []string
		for _, secret := range list {
			if secret.Version < 0 || secret.Value == "" || secret.Value != strings.TrimSpace(secret.Value) {
				t.Fatalf("got version %d, secret %q", secret.Version, secret.Value)
			}
			canonical = append(canonical, fmt.Sprintf("%d:%s", secret.Version, secret.Value))
		}
		again, err := secure.ParseRotation(strings.Join(canonical, ","))
		if err != nil || len(again) != len(list) {
			t.Fatalf("written and read again: %v", err)
		}
		for i := range list {
			if again[i] != list[i] {
				t.Fatalf("entry %d changed", i+1)
			}
		}
	})
}
