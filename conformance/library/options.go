package main

import (
	"encoding/json"
	"io"
	"time"

	lockstep "github.com/lockstep-auth/lockstep"
)

// options is what the scenarios set. Times are in seconds.
type options struct {
	BaseURL        string   `json:"baseURL"`
	Secret         string   `json:"secret"`
	TrustedOrigins []string `json:"trustedOrigins"`
	Secrets        []struct {
		Version int    `json:"version"`
		Value   string `json:"value"`
	} `json:"secrets"`

	EmailAndPassword struct {
		Enabled                       bool    `json:"enabled"`
		AutoSignIn                    *bool   `json:"autoSignIn"`
		RequireEmailVerification      bool    `json:"requireEmailVerification"`
		ResetPasswordTokenExpiresIn   seconds `json:"resetPasswordTokenExpiresIn"`
		RevokeSessionsOnPasswordReset *bool   `json:"revokeSessionsOnPasswordReset"`
	} `json:"emailAndPassword"`

	EmailVerification struct {
		SendOnSignUp                *bool   `json:"sendOnSignUp"`
		SendOnSignIn                bool    `json:"sendOnSignIn"`
		AutoSignInAfterVerification bool    `json:"autoSignInAfterVerification"`
		ExpiresIn                   seconds `json:"expiresIn"`
	} `json:"emailVerification"`

	SocialProviders map[string]map[string]json.RawMessage `json:"socialProviders"`

	Account account `json:"account"`

	User struct {
		AdditionalFields fields `json:"additionalFields"`
		ChangeEmail      struct {
			Enabled                        bool `json:"enabled"`
			UpdateEmailWithoutVerification bool `json:"updateEmailWithoutVerification"`
		} `json:"changeEmail"`
		DeleteUser struct {
			Enabled              bool    `json:"enabled"`
			DeleteTokenExpiresIn seconds `json:"deleteTokenExpiresIn"`
		} `json:"deleteUser"`
	} `json:"user"`

	Session struct {
		FreshAge    *seconds `json:"freshAge"`
		CookieCache struct {
			Enabled      bool            `json:"enabled"`
			Strategy     string          `json:"strategy"`
			MaxAge       seconds         `json:"maxAge"`
			RefreshCache json.RawMessage `json:"refreshCache"`
		} `json:"cookieCache"`
	} `json:"session"`

	Verification struct {
		StoreIdentifier json.RawMessage `json:"storeIdentifier"`
		DisableCleanup  bool            `json:"disableCleanup"`
	} `json:"verification"`

	RateLimit struct {
		Enabled     bool                `json:"enabled"`
		CustomRules map[string]rateRule `json:"customRules"`
	} `json:"rateLimit"`

	OnAPIError struct {
		ErrorURL string `json:"errorURL"`
	} `json:"onAPIError"`

	// Database, Callbacks and Services are the runner's own.
	Database struct {
		SQLite string `json:"sqlite"`
		Convex struct {
			URL                          string `json:"url"`
			DeployKey                    string `json:"deployKey"`
			Secret                       string `json:"secret"`
			InsecureAllowPublicFunctions bool   `json:"insecureAllowPublicFunctions"`
		} `json:"convex"`
	} `json:"database"`
	Callbacks struct {
		URL   string   `json:"url"`
		Names []string `json:"names"`
	} `json:"callbacks"`
	Services services `json:"services"`
}

type rateRule struct {
	Window seconds `json:"window"`
	Max    int     `json:"max"`
}

// seconds is a time as Better Auth writes it.
type seconds int

func (s seconds) duration() time.Duration { return time.Duration(s) * time.Second }

// parse reads the document. An option that it does not know is an error: it
// would be compared without being set.
func parse(document io.Reader) (*options, error) {
	var o options
	d := json.NewDecoder(document)
	d.DisallowUnknownFields()
	if err := d.Decode(&o); err != nil {
		return nil, err
	}
	return &o, nil
}

// config returns what the document says, without the database.
func (o *options) config() (lockstep.Config, error) {
	var c lockstep.Config
	c.BaseURL, c.Secret, c.TrustedOrigins = o.BaseURL, o.Secret, o.TrustedOrigins

	for _, s := range o.Secrets {
		c.Secrets = append(c.Secrets, lockstep.Secret(s))
	}

	c.EmailAndPassword.Enabled = o.EmailAndPassword.Enabled
	c.EmailAndPassword.AutoSignIn = o.EmailAndPassword.AutoSignIn
	c.EmailAndPassword.RequireEmailVerification = o.EmailAndPassword.RequireEmailVerification
	c.EmailAndPassword.ResetPasswordTokenExpiresIn = o.EmailAndPassword.ResetPasswordTokenExpiresIn.duration()
	c.EmailAndPassword.RevokeSessionsOnPasswordReset = o.EmailAndPassword.RevokeSessionsOnPasswordReset

	c.EmailVerification.SendOnSignUp = o.EmailVerification.SendOnSignUp
	c.EmailVerification.SendOnSignIn = o.EmailVerification.SendOnSignIn
	c.EmailVerification.AutoSignInAfterVerification = o.EmailVerification.AutoSignInAfterVerification
	c.EmailVerification.ExpiresIn = o.EmailVerification.ExpiresIn.duration()

	c.User.ChangeEmail.Enabled = o.User.ChangeEmail.Enabled
	c.User.ChangeEmail.UpdateEmailWithoutVerification = o.User.ChangeEmail.UpdateEmailWithoutVerification
	c.User.DeleteUser.Enabled = o.User.DeleteUser.Enabled
	c.User.DeleteUser.DeleteTokenExpiresIn = o.User.DeleteUser.DeleteTokenExpiresIn.duration()

	if age := o.Session.FreshAge; age != nil {
		c.Session.FreshAge = new(age.duration())
	}
	c.Session.CookieCache.Enabled = o.Session.CookieCache.Enabled
	c.Session.CookieCache.Strategy = o.Session.CookieCache.Strategy
	c.Session.CookieCache.MaxAge = o.Session.CookieCache.MaxAge.duration()

	o.Account.set(&c.Account)
	c.User.AdditionalFields = o.User.AdditionalFields
	c.OnAPIError.ErrorURL = o.OnAPIError.ErrorURL
	c.Verification.DisableCleanup = o.Verification.DisableCleanup
	c.RateLimit.Enabled = &o.RateLimit.Enabled
	for path, rule := range o.RateLimit.CustomRules {
		c.RateLimit.CustomRules = append(c.RateLimit.CustomRules, lockstep.RateLimitRule{
			Path: path, Window: rule.Window.duration(), Max: rule.Max,
		})
	}
	for _, set := range []func(*lockstep.Config) error{o.setRefresh, o.setIdentifiers, o.setServices, o.setCallbacks} {
		if err := set(&c); err != nil {
			return lockstep.Config{}, err
		}
	}
	return c, nil
}

// setRefresh reads refreshCache: a switch, or an object that also says when.
func (o *options) setRefresh(c *lockstep.Config) error {
	document := o.Session.CookieCache.RefreshCache
	if document == nil {
		return nil
	}
	var on bool
	if json.Unmarshal(document, &on) == nil {
		c.Session.CookieCache.RefreshCache = &on
		return nil
	}
	var when struct {
		UpdateAge seconds `json:"updateAge"`
	}
	if err := json.Unmarshal(document, &when); err != nil {
		return err
	}
	c.Session.CookieCache.RefreshCache = new(true)
	c.Session.CookieCache.RefreshUpdateAge = when.UpdateAge.duration()
	return nil
}

// setIdentifiers reads storeIdentifier: a name, or an object that also has other
// names by prefix.
func (o *options) setIdentifiers(c *lockstep.Config) error {
	document := o.Verification.StoreIdentifier
	if document == nil || json.Unmarshal(document, &c.Verification.StoreIdentifier) == nil {
		return nil
	}
	var byPrefix struct {
		Default   string            `json:"default"`
		Overrides map[string]string `json:"overrides"`
	}
	if err := json.Unmarshal(document, &byPrefix); err != nil {
		return err
	}
	c.Verification.StoreIdentifier = byPrefix.Default
	for prefix, name := range byPrefix.Overrides {
		c.Verification.StoreIdentifierOverrides = append(c.Verification.StoreIdentifierOverrides,
			lockstep.StoreIdentifierOverride{Prefix: prefix, StoreIdentifier: name})
	}
	return nil
}
