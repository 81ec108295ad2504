package core

import (
	"strconv"
	"strings"
	"time"

	"github.com/lockstep-auth/lockstep/internal/jsjson"
	"github.com/lockstep-auth/lockstep/plugin"
)

// The request types of tokens that change an address. Tokens of older servers
// have another or none: they change it at once.
const (
	confirmChange = "change-email-confirmation"
	verifyChange  = "change-email-verification"
)

// legacyLife is how long the token lives that follows a change by a token of an
// older server, whatever the options say, as upstream.
const legacyLife = time.Hour

// An emailToken is what a link in a mail says: that its reader has the address
// Email and, if UpdateTo is set, that the user wants that one. Upstream signs
// the members up to userId; jti is Lockstep's own, and upstream ignores it.
type emailToken struct {
	Email       string
	UpdateTo    string
	RequestType string
	UserID      string
	ID          string
}

// sign returns the token as a JWT, its members in upstream's order.
func (t emailToken) sign(call *plugin.Call, life time.Duration) string {
	c := append(make([]byte, 0, 256), `{"email":`...)
	c = jsjson.AppendString(c, strings.ToLower(t.Email))
	for _, m := range [...]struct{ name, value string }{
		{"updateTo", strings.ToLower(t.UpdateTo)}, {"requestType", t.RequestType}, {"userId", t.UserID}, {"jti", t.ID},
	} {
		if m.value != "" {
			c = append(c, `,"`+m.name+`":`...)
			c = jsjson.AppendString(c, m.value)
		}
	}
	now := call.Host.Now().Unix()
	c = append(c, `,"iat":`...)
	c = strconv.AppendInt(c, now, 10)
	c = append(c, `,"exp":`...)
	c = strconv.AppendInt(c, now+int64(life/time.Second), 10)
	return call.Host.SignToken(append(c, '}'))
}

// readEmailToken reads the claims of a token whose signature was right. It
// takes no token that was signed for something else: such a token has no
// address in it. Upstream answers 500 to those.
func readEmailToken(claims []byte) (emailToken, bool) {
	value, err := jsjson.Decode(claims)
	members, ok := value.(map[string]any)
	if err != nil || !ok {
		return emailToken{}, false
	}
	var t emailToken
	for name, field := range map[string]*string{
		"email": &t.Email, "updateTo": &t.UpdateTo, "requestType": &t.RequestType, "userId": &t.UserID, "jti": &t.ID,
	} {
		value, present := members[name]
		if !present {
			continue
		}
		if *field, ok = value.(string); !ok {
			return emailToken{}, false
		}
	}
	return t, plugin.IsEmail(t.Email) && (t.UpdateTo == "" || plugin.IsEmail(t.UpdateTo))
}
