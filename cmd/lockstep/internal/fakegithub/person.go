package fakegithub

import (
	"crypto/sha256"
	"encoding/binary"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// A person has an account at this GitHub.
type person struct {
	Login, Name string
	Email       string // empty for none
	Verified    bool   // the address
	Private     bool   // the address is not in the profile
	About       string // for the page
}

// people are those who are ready to be chosen.
func people() []person {
	return []person{
		{Login: "ada", Name: "Ada Lovelace", Email: "ada@example.com", Verified: true, About: "ada@example.com, verified"},
		{Login: "bob", Name: "Bob Kahn", Email: "bob@example.com", About: "bob@example.com, not verified"},
		{Login: "carol", Name: "Carol Shaw", Email: "carol@example.com", Verified: true, Private: true, About: "carol@example.com, verified, not public"},
	}
}

// id is the number of the account. It follows from the login, so that somebody who
// comes again is the same, also after the program has been restarted. It is between
// 2^52 and 2^53: JavaScript reads it exactly, and nobody has it at the real GitHub,
// who would be let in where this account is left in a database.
func (p person) id() int64 {
	sum := sha256.Sum256([]byte(strings.ToLower(p.Login)))
	return int64(1<<52 | binary.BigEndian.Uint64(sum[:])>>12)
}

// Limits of what can be typed, in bytes.
const (
	maxLogin = 39 // as at GitHub
	maxName  = 255
	maxEmail = 254
)

// parsePerson reads who the user wants to be: whoever was typed, or else whoever
// was chosen. If the form does not say, it returns a sentence on that.
func parsePerson(form url.Values) (p person, problem string) {
	field := func(name string) string { return strings.TrimSpace(form.Get(name)) }
	p = person{Login: field("login"), Name: field("name"), Email: field("email")}
	if p.Login == "" {
		return chosen(field("person"), p)
	}
	login := regexp.MustCompile(`^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$`)
	verified := field("verified")
	p.Verified = verified == "on" || verified == "true"
	switch {
	case len(p.Login) > maxLogin || !login.MatchString(p.Login):
		return person{}, "A login has at most 39 letters, digits and single hyphens, such as ada-lovelace."
	case len(p.Name) > maxName || strings.ContainsFunc(p.Name, isControl):
		return person{}, "This name is too long, or has characters that no name has."
	case p.Email != "" && !isAddress(p.Email):
		return person{}, "An email address has the form ada@example.com."
	case !p.Verified && verified != "" && verified != "false":
		return person{}, `Verified is "on", "true", "false" or nothing.`
	}
	return p, ""
}

// chosen returns one of those who are ready, unless something was typed that
// would be lost.
func chosen(login string, typed person) (p person, problem string) {
	if typed != (person{}) {
		return person{}, "To be somebody else, type a login, too."
	}
	i := slices.IndexFunc(people(), func(p person) bool { return p.Login == login })
	if i < 0 {
		return person{}, "Choose somebody, or type a login."
	}
	return people()[i], ""
}

// isAddress is loose: what servers make of odd addresses is worth trying.
func isAddress(email string) bool {
	at := strings.IndexByte(email, '@')
	return at > 0 && at < len(email)-1 && len(email) <= maxEmail && !strings.ContainsFunc(email, isControl)
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }
