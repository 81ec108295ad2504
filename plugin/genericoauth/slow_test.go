package genericoauth_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-auth/lockstep/oauth"
	"github.com/lockstep-auth/lockstep/plugin"
)

// A hanging service never answers.
type hanging struct{}

func (hanging) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// TestServiceThatHangs: a sign-out waits for as long as it has time, whether it
// asks the service itself or waits for somebody who does.
func TestServiceThatHangs(t *testing.T) {
	for name, others := range map[string]int{"asked by itself": 0, "asked by somebody": 1} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				provider, _ := start(t, config(), nil)
				client, err := oauth.New(oauth.Config{Now: time.Now, Transport: hanging{}, Timeout: time.Hour})
				if err != nil {
					t.Fatal(err)
				}
				var asking sync.WaitGroup
				defer asking.Wait()
				for range others {
					asking.Go(func() {
						if _, err := provider.Describe(t.Context(), client); err == nil {
							t.Error("a service that hangs is described")
						}
					})
				}
				synctest.Wait()
				began := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				defer cancel()
				_, err = provider.Logout(ctx, client, plugin.Logout{})
				if took := time.Since(began); err == nil || took != 3*time.Second {
					t.Errorf("got %v after %v, want an error after 3s", err, took)
				}
			})
		})
	}
}
