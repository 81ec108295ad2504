package main

import lockstep "github.com/lockstep-auth/lockstep"

// account has the options of accounts.
type account struct {
	UpdateAccountOnSignIn *bool  `json:"updateAccountOnSignIn"`
	EncryptOAuthTokens    bool   `json:"encryptOAuthTokens"`
	SkipStateCookieCheck  bool   `json:"skipStateCookieCheck"`
	StoreStateStrategy    string `json:"storeStateStrategy"`
	StoreAccountCookie    bool   `json:"storeAccountCookie"`

	AccountLinking struct {
		Enabled                   *bool    `json:"enabled"`
		DisableImplicitLinking    bool     `json:"disableImplicitLinking"`
		RequireLocalEmailVerified *bool    `json:"requireLocalEmailVerified"`
		TrustedProviders          []string `json:"trustedProviders"`
		AllowDifferentEmails      bool     `json:"allowDifferentEmails"`
		AllowUnlinkingAll         bool     `json:"allowUnlinkingAll"`
		UpdateUserInfoOnLink      bool     `json:"updateUserInfoOnLink"`
	} `json:"accountLinking"`
}

func (a *account) set(c *lockstep.AccountOptions) {
	c.UpdateAccountOnSignIn, c.EncryptOAuthTokens = a.UpdateAccountOnSignIn, a.EncryptOAuthTokens
	c.SkipStateCookieCheck, c.StoreStateStrategy, c.StoreAccountCookie = a.SkipStateCookieCheck, a.StoreStateStrategy, a.StoreAccountCookie

	to, given := &c.AccountLinking, &a.AccountLinking
	to.Enabled, to.DisableImplicitLinking, to.RequireLocalEmailVerified = given.Enabled, given.DisableImplicitLinking, given.RequireLocalEmailVerified
	to.TrustedProviders, to.AllowDifferentEmails = given.TrustedProviders, given.AllowDifferentEmails
	to.AllowUnlinkingAll, to.UpdateUserInfoOnLink = given.AllowUnlinkingAll, given.UpdateUserInfoOnLink
}
