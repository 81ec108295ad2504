package ui

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/lockstep-auth/lockstep"
)

// An account is what the account page shows.
type account struct {
	Name, Email, Password *form

	// Methods are the ways to sign in that the user has, and Links the services that
	// can be added. NoPassword is set if it is known that a password is none of them.
	Methods    []method
	Links      []lockstep.SocialProvider
	NoPassword bool

	Devices []device

	// Stale is true if the session is too old for the server to list devices.
	Stale bool

	// DevicesProblem is why devices cannot be listed, if they cannot.
	DevicesProblem string
}

// OnlyOne reports whether the user has one way to sign in, which has to stay.
func (a *account) OnlyOne() bool { return len(a.Methods) == 1 }

// Removable reports whether ways to sign in can be removed now.
func (a *account) Removable() bool { return !a.OnlyOne() && !a.Stale }

// Others reports whether there may be other devices to sign out.
func (a *account) Others() bool { return len(a.Devices) != 1 }

// A session is one signed-in device, as the server lists it.
type session struct {
	ID        string    `json:"id"`
	Token     string    `json:"token"` // never written into a page
	IPAddress string    `json:"ipAddress"`
	UserAgent string    `json:"userAgent"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
}

// A device is a session as the page shows it.
type device struct {
	ID, Name, Address string
	Started, Seen     moment
	Current           bool
}

// A moment is a point in time for a <time> element.
type moment struct{ time.Time }

// Machine is the form for programs (HTML standard, §4.5.14).
func (m moment) Machine() string { return m.UTC().Format(time.RFC3339) }

// Words is the form for people. The page says that times are in UTC.
func (m moment) Words() string { return m.UTC().Format("2 January 2006, 15:04") }

// accountPage shows the account, and what came of adding a service to it.
func (v *visit) accountPage() {
	if f := v.returned(new(form)); f.Problem != "" {
		v.showAccount(http.StatusBadRequest, f)
		return
	}
	v.showAccount(http.StatusOK, nil)
}

// showAccount shows the account page. A failed form stands in for the empty one
// with the same action.
func (v *visit) showAccount(status int, failed *form) {
	l, err := v.login()
	if err != nil {
		v.fail(err)
		return
	}
	if l == nil {
		v.redirect(withQuery("/sign-in", "redirect", "/account"))
		return
	}
	a := &account{Name: nameForm(l.User.Name), Email: emailForm(), Password: v.passwordForm(l.User.Email)}
	x := view{Page: "account", Title: "Your account", User: &l.User, Account: a}
	for _, f := range []**form{&a.Name, &a.Email, &a.Password} {
		if failed != nil && failed.Action == (*f).Action {
			*f = failed
		}
	}
	if failed != nil {
		x.Wrong = failed.mistakes()
	}
	if !v.listMethods(a) || !v.listDevices(a, l.Session.ID) {
		return
	}
	if v.DisablePassword || a.NoPassword {
		a.Password = nil
	}
	v.show(status, x)
}

// listDevices fills in the devices. It reports false if it has answered.
func (v *visit) listDevices(a *account, current string) bool {
	sessions, err := v.sessions()
	e, refused := errors.AsType[*refusal](err)
	switch {
	case err == nil:
		a.Devices = devices(sessions, current)
	case refused && e.Code == "SESSION_NOT_FRESH":
		a.Stale = true
	case refused && e.Status != http.StatusUnauthorized && e.Status != http.StatusServiceUnavailable:
		a.DevicesProblem = explain(e).text
	default:
		v.fail(err)
		return false
	}
	return true
}

func (v *visit) sessions() ([]session, error) {
	var list []session
	err := v.get("/list-sessions", &list)
	return list, err
}

// devices returns the sessions as devices, this one first, then by when they
// were last seen.
func devices(sessions []session, current string) []device {
	list := make([]device, len(sessions))
	for i := range sessions {
		s := &sessions[i]
		list[i] = device{
			ID: s.ID, Name: deviceName(s.UserAgent), Address: s.IPAddress,
			Started: moment{s.CreatedAt}, Seen: moment{s.UpdatedAt}, Current: s.ID == current,
		}
	}
	slices.SortStableFunc(list, func(a, b device) int {
		switch {
		case a.Current:
			return -1
		case b.Current:
			return 1
		}
		return cmp.Or(b.Seen.Compare(a.Seen.Time), cmp.Compare(a.ID, b.ID))
	})
	return list
}

func nameForm(name string) *form {
	return &form{Action: "/account/name", Submit: "Save name", Fields: []field{
		{Name: "name", Label: "Name", Type: "text", Autocomplete: "name", Missing: "Enter your name.", Value: name},
	}}
}

func (v *visit) changeName() {
	f := nameForm("")
	v.submit(f, "name", func() error {
		return v.post("/update-user", map[string]any{"name": f.get("name")}, nil)
	})
}

func emailForm() *form {
	return &form{Action: "/account/email", Submit: "Change address", Fields: []field{{
		Name: "newEmail", Label: "New email address", Type: "email", Autocomplete: "email",
		Missing: "Enter your new email address.",
	}}}
}

// changeEmail starts a change of the address. Whether it can be done is not for
// this page to say: the server does not tell which addresses have an account.
func (v *visit) changeEmail() {
	f, done := emailForm(), "email-changed"
	if v.VerifyEmail {
		done = "email-sent"
	}
	v.submit(f, done, func() error {
		return v.post("/change-email", v.withVerified(map[string]any{"newEmail": f.get("newEmail")}), nil)
	})
}

func (v *visit) passwordForm(email string) *form {
	return &form{Action: "/account/password", Submit: "Change password", Fields: []field{
		usernameField(email),
		{
			Name: "currentPassword", Label: "Current password", Type: "password", Autocomplete: "current-password",
			Missing: "Enter your current password.",
		},
		v.newPassword("newPassword", "New password"),
		{
			Name: "revokeOtherSessions", Label: "Sign out all other devices", Type: "checkbox", Checked: true,
			Hint: "Leave this on if somebody may know your old password.",
		},
	}}
}

// usernameField tells password managers whose password the form is about
// (https://www.chromium.org/developers/design-documents/form-styles-that-chromium-understands/).
func usernameField(email string) field {
	return field{Name: "username", Type: "hidden", Autocomplete: "username", Value: email}
}

func (v *visit) changePassword() {
	f := v.passwordForm("")
	v.submit(f, "password", func() error {
		return v.post("/change-password", map[string]any{
			"currentPassword": f.get("currentPassword"), "newPassword": f.get("newPassword"),
			"revokeOtherSessions": f.checked("revokeOtherSessions"),
		}, nil)
	})
}

// submit carries a form of the account page out. If that fails, the page shows
// the form again; if not, it says what is done.
func (v *visit) submit(f *form, done string, do func() error) {
	if !f.fill(v.r.PostForm) {
		v.showAccount(http.StatusBadRequest, f)
		return
	}
	err := do()
	if err == nil {
		v.redirect(withQuery("/account", "notice", done))
		return
	}
	if status, again := v.formFailed(f, err); again {
		v.showAccount(status, f)
	}
}

// signOutDevice ends another session of the user. The form names it by its id
// and not by its token, which would be worth stealing from a page. An id that
// is not in the user's own list, such as that of a device that is signed out
// already, stands for no token: the server is asked all the same, since only it
// can say whether the form may be trusted.
func (v *visit) signOutDevice() {
	v.submit(&form{}, "device", func() error {
		sessions, err := v.sessions()
		if err != nil {
			return err
		}
		token := ""
		for i := range sessions {
			if sessions[i].ID == v.r.PostForm.Get("id") {
				token = sessions[i].Token
			}
		}
		return v.post("/revoke-session", map[string]any{"token": token}, nil)
	})
}

func (v *visit) signOutOthers() {
	v.submit(&form{}, "others", func() error { return v.post("/revoke-other-sessions", map[string]any{}, nil) })
}
