package env

import (
	"cmp"
	"strings"

	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/file"
	"github.com/lockstep-auth/lockstep/social"
)

// SocialNames returns the variables of a service, which are those of Better
// Auth's documentation: GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET. In them, "_"
// stands for what the name of a variable cannot have.
func SocialNames(service string) (id, secret string) {
	prefix := strings.Map(func(r rune) rune {
		if (r < 'A' || r > 'Z') && (r < '0' || r > '9') {
			return '_'
		}
		return r
	}, strings.ToUpper(service))
	if service == "tiktok" { // which calls it so
		return prefix + "_CLIENT_KEY", prefix + "_CLIENT_SECRET"
	}
	return prefix + "_CLIENT_ID", prefix + "_CLIENT_SECRET"
}

// services changes the ids and secrets of services. One of package social that is
// not in the file is switched on by both together, since one alone may be meant
// for something else.
func services(s *file.Settings, getenv func(string) string) {
	generic := make(map[string]bool)
	for i := range s.Generic() {
		id, clientID, secret := s.Generic()[i].Service()
		generic[id] = true
		idName, secretName := SocialNames(id)
		*clientID, *secret = cmp.Or(getenv(idName), *clientID), cmp.Or(getenv(secretName), *secret)
	}
	for _, e := range social.Catalog() {
		idName, secretName := SocialNames(e.ID)
		id, secret := getenv(idName), getenv(secretName)
		service := s.Service(e.ID)
		switch {
		case service != nil:
		case generic[e.ID], id == "" && secret == "":
			continue
		case id == "" || secret == "":
			s.Warnings = append(s.Warnings, "without both of "+idName+" and "+secretName+" nobody can sign in with "+e.ID)
			continue
		default:
			s.Social = append(s.Social, file.Social{Entry: e, Options: e.Options()})
			service = s.Service(e.ID)
		}
		o := service.Common()
		o.ClientID, o.ClientSecret = cmp.Or(id, o.ClientID), cmp.Or(secret, o.ClientSecret)
	}
}
