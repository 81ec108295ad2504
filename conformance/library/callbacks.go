package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	lockstep "github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/plugin"
)

// wireTime is the form of times on the wire, in UTC.
const wireTime = "2006-01-02T15:04:05.000Z"

// A teller tells the runner of the callbacks that are called.
type teller struct {
	url    string
	client *http.Client
}

// told is what a callback was called with.
type told struct {
	Name     string       `json:"name"`
	User     *toldUser    `json:"user"`
	NewEmail string       `json:"newEmail,omitempty"`
	URL      string       `json:"url,omitempty"`
	Token    string       `json:"token,omitempty"`
	Request  *toldRequest `json:"request,omitempty"`
}

type toldUser struct {
	ID            string  `json:"id"`
	Name          string  `json:"name"`
	Email         string  `json:"email"`
	EmailVerified bool    `json:"emailVerified"`
	Image         *string `json:"image"`
	CreatedAt     string  `json:"createdAt"`
	UpdatedAt     string  `json:"updatedAt"`
}

type toldRequest struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	UserAgent string `json:"userAgent"`
}

func userOf(u *identity.User) *toldUser {
	return &toldUser{
		ID: u.ID, Name: u.Name, Email: u.Email, EmailVerified: u.EmailVerified, Image: u.Image,
		CreatedAt: u.CreatedAt.UTC().Format(wireTime), UpdatedAt: u.UpdatedAt.UTC().Format(wireTime),
	}
}

func requestOf(r *http.Request) *toldRequest {
	return &toldRequest{Method: r.Method, Path: r.URL.Path, UserAgent: r.UserAgent()}
}

// setCallbacks sets the callbacks that the document names.
func (o *options) setCallbacks(c *lockstep.Config) error {
	t := &teller{o.Callbacks.URL, &http.Client{Timeout: 5 * time.Second}}
	for _, name := range o.Callbacks.Names {
		switch name {
		case "emailAndPassword.sendResetPassword":
			c.EmailAndPassword.SendResetPassword = t.link(name)
		case "emailAndPassword.onPasswordReset":
			c.EmailAndPassword.OnPasswordReset = t.user(name)
		case "emailAndPassword.onExistingUserSignUp":
			c.EmailAndPassword.OnExistingUserSignUp = func(ctx context.Context, u *identity.User, r *http.Request) error {
				return t.tell(ctx, told{Name: name, User: userOf(u), Request: requestOf(r)})
			}
		case "emailAndPassword.customSyntheticUser":
			c.EmailAndPassword.CustomSyntheticUser = func(u *identity.User) *identity.User {
				made := *u
				made.Name += ", made up"
				return &made
			}
		case "emailVerification.sendVerificationEmail":
			c.EmailVerification.SendVerificationEmail = t.link(name)
		case "emailVerification.beforeEmailVerification":
			c.EmailVerification.BeforeEmailVerification = t.user(name)
		case "emailVerification.afterEmailVerification":
			c.EmailVerification.AfterEmailVerification = t.user(name)
		case "user.changeEmail.sendChangeEmailConfirmation":
			c.User.ChangeEmail.SendChangeEmailConfirmation = t.link(name)
		case "user.deleteUser.sendDeleteAccountVerification":
			c.User.DeleteUser.SendDeleteAccountVerification = t.link(name)
		case "user.deleteUser.beforeDelete":
			c.User.DeleteUser.BeforeDelete = t.user(name)
		case "user.deleteUser.afterDelete":
			c.User.DeleteUser.AfterDelete = t.user(name)
		default:
			if !t.hook(c, name) && !function(c, name) {
				return fmt.Errorf("there is no callback %q", name)
			}
		}
	}
	return nil
}

// link returns a callback that sends a link.
func (t *teller) link(name string) lockstep.SendLink {
	return func(ctx context.Context, l lockstep.Link) error {
		return t.tell(ctx, told{
			Name: name, User: userOf(l.User), NewEmail: l.NewEmail, URL: l.URL, Token: l.Token, Request: requestOf(l.Request),
		})
	}
}

// user returns a callback that runs before or after something happens to a
// user.
func (t *teller) user(name string) func(context.Context, *identity.User) error {
	return func(ctx context.Context, u *identity.User) error {
		return t.tell(ctx, told{Name: name, User: userOf(u)})
	}
}

// tell tells the runner of a call. The runner can refuse it; then so does the
// callback.
func (t *teller) tell(ctx context.Context, call told) error {
	body, err := json.Marshal(call)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := t.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusNoContent:
		return nil
	case http.StatusForbidden:
		return plugin.Errorf(http.StatusForbidden, "REFUSED", "Refused")
	}
	return fmt.Errorf("the runner answered %d", resp.StatusCode)
}
