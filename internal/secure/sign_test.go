package secure_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"sync"
	"testing"

	"github.com/lockstep-auth/lockstep/internal/secure"
)

func TestSignVectors(t *testing.T) {
	v := readVectors(t)
	signer := secure.NewSigner(v.Meta.Secret)
	for _, c := range v.SignedCookie {
		if got := signer.Sign(c.Value); got != c.Raw {
			t.Errorf("Sign(%q): got %q, want %q", c.Value, got, c.Raw)
		}
		if got, ok := signer.Verify(c.Raw); got != c.Value || !ok {
			t.Errorf("Verify(%q): got %q, %v", c.Raw, got, ok)
		}
	}
}

func TestVerifyRefuses(t *testing.T) {
	signer := secure.NewSigner(testSecret)
	signed := signer.Sign("value")
	// The last character before = carries two bits that belong to no byte.
	respelled := signed[:len(signed)-2] + string(signed[len(signed)-2]+1) + "="
	was, err := base64.StdEncoding.DecodeString(signed[len("value."):])
	if is, err2 := base64.StdEncoding.DecodeString(respelled[len("value."):]); err != nil || err2 != nil || string(is) != string(was) {
		t.Fatal("the respelled signature has other bytes")
	}
	tests := []struct{ name, signed string }{
		{"nothing", ""},
		{"no signature", "value"},
		{"an empty signature", "value."},
		{"an empty value, which upstream never reads", signer.Sign("")},
		{"a changed value", "Value" + signed[5:]},
		{"a changed signature", "value." + strings.Repeat("A", 43) + "="},
		{"a cut signature", signed[:len(signed)-1]},
		{"a longer signature", signed + "="},
		{"another spelling of the same signature", respelled},
		{"a line break", signed[:len(signed)-2] + "\n="},
		{"another secret", secure.NewSigner("another").Sign("value")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, ok := signer.Verify(tt.signed); ok || got != "" {
				t.Errorf("got %q, want a refusal", got)
			}
		})
	}
}

func TestSignerIsSafeForConcurrentUse(t *testing.T) {
	signer := secure.NewSigner(testSecret)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for i := range 500 {
				value := strings.Repeat("v", i*11) // past what a state keeps
				if got, ok := signer.Verify(signer.Sign(value + "x")); !ok || got != value+"x" {
					t.Errorf("got %q, %v", got, ok)
					return
				}
			}
		})
	}
	group.Wait()
}

func FuzzVerify(f *testing.F) {
	signer := secure.NewSigner(testSecret)
	f.Add("value", signer.Sign("value"))
	f.Add("a.b", signer.Sign("a.b"))
	f.Add("", ".")
	f.Fuzz(func(t *testing.T, value, signed string) {
		mac := hmac.New(sha256.New, []byte(testSecret))
		mac.Write([]byte(value))
		if got := signer.MAC([]byte(value)); string(got[:]) != string(mac.Sum(nil)) {
			t.Fatalf("MAC(%q): got %x", value, got)
		}
		if got, ok := signer.Verify(signer.Sign(value)); got != value || ok != (value != "") {
			t.Fatalf("got %q, %v, want %q", got, ok, value)
		}
		// Whatever verifies is what Sign makes, byte for byte.
		if got, ok := signer.Verify(signed); ok && signer.Sign(got) != signed {
			t.Fatalf("accepted %q", signed)
		}
	})
}
