package ui

import "strings"

// A sign is a part of a User-Agent header and what it says.
type sign struct{ part, says string }

// deviceName says in a few words what a User-Agent header describes, such as
// "Firefox on Windows". It repeats nothing of the header: anybody can write
// one.
func deviceName(userAgent string) string {
	browser, system := find(userAgent, browsers()), find(userAgent, systems())
	switch {
	case browser != "" && system != "":
		return browser + " on " + system
	case system != "":
		return "A browser on " + system
	case browser != "":
		return browser
	}
	return "Unknown device"
}

func find(userAgent string, signs []sign) string {
	for _, s := range signs {
		if strings.Contains(userAgent, s.part) {
			return s.says
		}
	}
	return ""
}

// browsers returns the signs of browsers. Most browsers name others as well, to
// be let in everywhere, so the order matters: Edge says Chrome and Safari too.
func browsers() []sign {
	return []sign{
		{"Edg/", "Edge"},
		{"EdgA/", "Edge"},
		{"EdgiOS/", "Edge"},
		{"OPR/", "Opera"},
		{"Vivaldi/", "Vivaldi"},
		{"SamsungBrowser/", "Samsung Internet"},
		{"FxiOS/", "Firefox"},
		{"Firefox/", "Firefox"},
		{"CriOS/", "Chrome"},
		{"Chrome/", "Chrome"},
		{"Safari/", "Safari"},
		{"curl/", "curl"},
		{"okhttp/", "An app"},
		{"CFNetwork/", "An app"},
		{"Dart/", "An app"},
		{"node", "A program"},
		{"Go-http-client/", "A program"},
		{"python-", "A program"},
	}
}

// systems returns the signs of operating systems. Android says Linux too, and
// an iPhone says "like Mac OS X".
func systems() []sign {
	return []sign{
		{"iPhone", "iPhone"},
		{"iPad", "iPad"},
		{"Android", "Android"},
		{"Windows", "Windows"},
		{"Macintosh", "Mac"},
		{"CrOS", "ChromeOS"},
		{"Darwin/", "an Apple device"},
		{"Linux", "Linux"},
	}
}
