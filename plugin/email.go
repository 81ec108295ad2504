package plugin

import "strings"

// maxEmail is the longest address, in bytes. RFC 5321 §4.5.3.1.3 allows 254;
// upstream has no bound of its own and takes what the body limit lets through.
const maxEmail = 4096

// IsEmail reports whether s is an address that upstream accepts, which is what
// zod 4's z.email() matches: a local part of letters, digits and _'+-. that
// neither starts with a dot, nor ends with a dot or an apostrophe, nor has two
// dots in a row; and a domain of two or more labels, the last of at least two
// letters. All of it is ASCII.
func IsEmail(s string) bool {
	if len(s) > maxEmail {
		return false
	}
	local, domain, ok := strings.Cut(s, "@")
	return ok && isLocalPart(local) && isDomain(domain)
}

func isLocalPart(s string) bool {
	if s == "" || s[0] == '.' || strings.Contains(s, "..") {
		return false
	}
	for i := range len(s) {
		if !isAlphanumeric(s[i]) && !strings.ContainsRune("_'+-.", rune(s[i])) {
			return false
		}
	}
	last := s[len(s)-1]
	return last != '.' && last != '\''
}

func isDomain(s string) bool {
	labels := strings.Split(s, ".")
	if len(labels) < 2 {
		return false
	}
	for _, label := range labels {
		if label == "" || !isAlphanumeric(label[0]) {
			return false
		}
		for i := range len(label) {
			if !isAlphanumeric(label[i]) && label[i] != '-' {
				return false
			}
		}
	}
	top := labels[len(labels)-1]
	for i := range len(top) {
		if !isLetter(top[i]) {
			return false
		}
	}
	return len(top) >= 2
}

func isAlphanumeric(b byte) bool { return isLetter(b) || (b >= '0' && b <= '9') }

func isLetter(b byte) bool { return (b|0x20) >= 'a' && (b|0x20) <= 'z' }
