package dylib

import (
	"fmt"
	"regexp"
)

// What dyld and glibc say of a library that does not fit: another architecture, and a
// library below it that is missing or lacks what was asked for.
var (
	otherArchitecture = regexp.MustCompile(`incompatible architecture \(have '([^']+)', need '([^']+)'`)
	notFound          = regexp.MustCompile(`Library not loaded: (\S+)|(\S+): cannot open shared object file`)
	expectedIn        = regexp.MustCompile(`(?s)Symbol not found: \S+.*?Expected in: +(?:<[^>]*> )?(\S+)`)
	undefined         = regexp.MustCompile(`undefined symbol: (\S+)`)
)

// causeOf reads the loader's text; known is false where it is none of those.
func causeOf(text string) (cause, remedy string, known bool) {
	if m := otherArchitecture.FindStringSubmatch(text); m != nil {
		return architectureCause(m[1], m[2])
	}
	if m := notFound.FindStringSubmatch(text); m != nil {
		return fmt.Sprintf("%s, which it links to, is not there", m[1]+m[2]), "install both from one release", true
	}
	if m := expectedIn.FindStringSubmatch(text); m != nil {
		return fmt.Sprintf("%s is of another release than it was built for", m[1]), "install both from one release", true
	}
	if m := undefined.FindStringSubmatch(text); m != nil {
		return fmt.Sprintf("a library beside it is of another release than it was built for and lacks %s", m[1]),
			"install both from one release", true
	}
	return "", "", false
}

// architectureCause is said of a library that has one architecture where the process
// needs another.
func architectureCause(have, need string) (cause, remedy string, known bool) {
	if need == "x86_64" {
		return fmt.Sprintf("the library is for %s and this process for x86_64, which on Apple silicon runs under Rosetta", have),
			"take an assay built for arm64 (go env GOARCH says what Go builds for)", true
	}
	return fmt.Sprintf("the library is for %s and this process for %s", have, need),
		"install one for this process (Homebrew for Apple silicon is /opt/homebrew, for Intel /usr/local)", true
}
