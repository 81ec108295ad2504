package core

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/plugin"
)

// A selection says which account of which user a request is about.
type selection struct {
	accountID string // the row's id; empty for the account cookie
	cookie    bool
	userID    string // from Go only
}

// selectionOf reads a body, or a query, with upstream's verdicts: exactly one way
// to name the account, and nothing else (account.ts, accountSelectionSchema).
func selectionOf(members map[string]any, where string) (selection, error) {
	bad := func(format string, args ...any) (selection, error) {
		return selection{}, plugin.Errorf(http.StatusBadRequest, "VALIDATION_ERROR", "["+where+"] "+format, args...)
	}
	var s selection
	id, hasID := members["accountId"]
	flag, hasCookie := members["useAccountCookie"]
	userID, hasUser := members["userId"]
	var idOK, userOK bool
	s.accountID, idOK = id.(string)
	s.userID, userOK = userID.(string)
	s.cookie = flag == true
	if hasID == hasCookie || hasID && !idOK || hasCookie && !s.cookie || hasUser && !userOK {
		return bad("Invalid input")
	}
	var unknown []string
	for name := range members {
		if name != "accountId" && name != "useAccountCookie" && name != "userId" {
			unknown = append(unknown, strconv.Quote(name))
		}
	}
	slices.Sort(unknown)
	switch len(unknown) {
	case 0:
		return s, nil
	case 1:
		return bad("Unrecognized key: %s", unknown[0])
	}
	return bad("Unrecognized keys: %s", strings.Join(unknown, ", "))
}

// A reading is an account that a request names.
type reading struct {
	*identity.Account
	at moment // before it was read; never if it was in the cookie
}

// selectedInBody returns the account that a body names.
func (c *core) selectedInBody(call *plugin.Call) (*reading, error) {
	body, _ := call.Body.(map[string]any)
	return c.selected(call, body, "body")
}

// selectedInQuery returns the account that a query names.
func (c *core) selectedInQuery(call *plugin.Call) (*reading, error) {
	query := make(map[string]any, len(call.Query))
	for name, values := range call.Query {
		query[name] = values[0]
		if len(values) > 1 {
			query[name] = values
		}
	}
	return c.selected(call, query, "query")
}

func (c *core) selected(call *plugin.Call, members map[string]any, where string) (*reading, error) {
	s, err := selectionOf(members, where)
	if err != nil {
		return nil, err
	}
	userID, err := selectingUser(call, s)
	if err != nil {
		return nil, err
	}
	if s.cookie {
		if a := call.SentAccount(userID); a != nil {
			return &reading{a, never}, nil
		}
		return nil, errAccountNotFound()
	}
	at := c.renewals.now()
	a, err := call.Host.Identity.FindAccount(call.Context(), userID, s.accountID)
	switch {
	case errors.Is(err, identity.ErrNotFound):
		return nil, errAccountNotFound()
	case err != nil:
		return nil, err
	}
	return &reading{a, at}, nil
}

// selectingUser returns the caller. The tokens of a service are worth more than
// a cached session can vouch for, so the database is asked. The program itself
// may name a user.
func selectingUser(call *plugin.Call, s selection) (string, error) {
	login, err := call.SensitiveLogin()
	if err == nil {
		return login.User.ID, nil
	}
	if e, ok := errors.AsType[*plugin.Error](err); !ok || e.Status != http.StatusUnauthorized {
		return "", err
	}
	switch {
	case !call.FromGo() || len(call.Request.Header) > 0:
		return "", &plugin.Error{Status: http.StatusUnauthorized}
	case s.userID == "":
		return "", plugin.Errorf(http.StatusBadRequest, "USER_ID_OR_SESSION_REQUIRED", "Either userId or session is required")
	}
	return s.userID, nil
}
