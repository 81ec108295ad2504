package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"os"

	lockstep "github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/env"
	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/file"
	"github.com/lockstep-auth/lockstep/internal/clientip"
	"github.com/lockstep-auth/lockstep/internal/origin"
)

// defaultConfig is the file that is read when none is named.
const defaultConfig = "lockstep.yaml"

// configFlag is the flag of the commands that need settings.
type configFlag struct {
	Config string `placeholder:"FILE" help:"Configuration file. Defaults to LOCKSTEP_CONFIG, or lockstep.yaml if there is one." type:"path"`
}

// settings reads the file and the environment.
func (p *program) settings(f configFlag) (*file.Settings, error) {
	path := cmp.Or(f.Config, p.getenv("LOCKSTEP_CONFIG"))
	s, err := load(path)
	if err != nil {
		return nil, err
	}
	if err := env.Apply(s, p.getenv); err != nil {
		return nil, err
	}
	s.Auth.Now = p.now
	return s, nil
}

func load(path string) (*file.Settings, error) {
	s, err := file.Load(cmp.Or(path, defaultConfig))
	switch {
	case errors.Is(err, os.ErrNotExist) && path == "":
		return file.Parse(defaultConfig, nil)
	case errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("there is no configuration file %s: name another with --config, or leave it out to use the environment alone", path)
	}
	return s, err
}

// required checks what a server for everybody cannot do without, and says how
// to give it.
func required(c *lockstep.Config) error {
	var errs []error
	if c.BaseURL == "" && len(c.DynamicBaseURL.AllowedHosts) == 0 {
		errs = append(errs, errors.New("no base URL: set BETTER_AUTH_URL, or baseURL in "+defaultConfig+
			`, to the address that users see, such as "https://auth.example.com"`))
	}
	if c.Secret == "" && len(c.Secrets) == 0 {
		errs = append(errs, errors.New(`no secret: set BETTER_AUTH_SECRET, or secret in `+defaultConfig+
			`, to what "lockstep secret" prints`))
	}
	return lines(errs...)
}

// basePath returns where the server has its endpoints. The settings have been
// checked.
func basePath(c *lockstep.Config) (string, error) {
	base, err := origin.NewBase(origin.BaseConfig{URL: cmp.Or(c.BaseURL, "http://localhost"), BasePath: c.BasePath})
	if err != nil {
		return "", err
	}
	l, _ := base.Static()
	return l.Path, nil
}

// clientIP returns the function that finds a client's address for the log. The
// settings have been checked.
func clientIP(c *lockstep.Config) (func(*http.Request) string, error) {
	ip := c.Advanced.IPAddress
	r, err := clientip.New(clientip.Config{
		Headers: ip.IPAddressHeaders, TrustedProxies: ip.TrustedProxies,
		IPv6Subnet: ip.IPv6Subnet, Disabled: ip.DisableIPTracking,
	})
	if err != nil {
		return nil, err
	}
	return r.IP, nil
}
