// Memory is Lockstep without a disk: the library with store/memory behind
// net/http. The lockstep program has no such database, and nobody should run
// one; it is here because Better Auth is measured in memory too.
//
//	PORT          where to listen, on 127.0.0.1
//	COOKIE_CACHE  off, compact, jwt or jwe
//	SECRET        signs cookies
package main

import (
	"log/slog"
	"net/http"
	"os"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/store/memory"
)

func main() {
	if err := serve(); err != nil {
		slog.Error("the server ended", "err", err)
		os.Exit(1)
	}
}

func serve() error {
	host, strategy := "127.0.0.1:"+os.Getenv("PORT"), os.Getenv("COOKIE_CACHE")
	config := lockstep.Config{
		BaseURL:          "http://" + host,
		Secret:           os.Getenv("SECRET"),
		Store:            memory.New(),
		EmailAndPassword: lockstep.EmailAndPassword{Enabled: true},
		RateLimit:        lockstep.RateLimit{Enabled: new(false)},
	}
	if strategy != "off" {
		config.Session.CookieCache = lockstep.CookieCache{Enabled: true, Strategy: strategy}
	}
	auth, err := lockstep.New(config)
	if err != nil {
		return err
	}
	return http.ListenAndServe(host, auth)
}
