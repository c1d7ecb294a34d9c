package kv

import (
	"cmp"
	"strconv"
	"strings"
)

// Pinned is the release of llama.cpp whose sources the rules were read from
// first; the others are told apart below.
const Pinned = "v0.5.0"

// Releases are those whose libraries were run against the rules, oldest first.
// A rule holds from one of them on, and perhaps up to another (see Span): the
// release that brought a change lies between the last known without it and the
// first known with it.
func Releases() []string {
	return []string{
		"b6673", "b6845", "b7347", "b7698", "b7836", "b8121", "b8179", "b8390", "b9842", "b10068", "b10361",
		"v0.4.0", Pinned, "b11739", "v0.7.0",
	}
}

// release is a place in llama.cpp's history.
type release struct{ build, patch int }

// versions are where 0.1, 0.2, … stand among the builds. Builds are counted on
// beside the versions, but the packages name one or the other: a version stands
// between the last build that is seen to come before it and the next, by what
// llama_version says in builds (b10434 "0.1.0-dev", b10603 "0.2.0-dev", b11067
// "0.4.1-dev", b11548 "0.6.0-dev", b11739 "0.7.0-dev": the version to come) and
// by the structs' layouts.
var versions = []int{0, 10500, 10650, 10750, 10900, 11200, 11600, 11740}

// parseRelease reads "b8390", "v0.5.0", "0.5.0", "0.5.0-dev", which is the last
// build before it, and the number that libraries had in their names before there
// were versions, "0.0.8390".
func parseRelease(name string) (release, bool) {
	if build, ok := strings.CutPrefix(name, "b"); ok {
		n, err := strconv.Atoi(build)
		return release{build: n}, err == nil
	}
	name, suffix, _ := strings.Cut(strings.TrimPrefix(name, "v"), "-")
	fields := strings.Split(name, ".")
	if len(fields) != 3 {
		return release{}, false
	}
	var parts [3]int
	for i, field := range fields {
		n, err := strconv.Atoi(field)
		if err != nil || n < 0 {
			return release{}, false
		}
		parts[i] = n
	}
	if parts[0] == 0 && parts[1] == 0 {
		return release{build: parts[2]}, true
	}
	r := release{build: placeOf(parts[0]*1000 + parts[1]), patch: parts[2]}
	if strings.HasPrefix(suffix, "dev") {
		r = release{build: r.build - 1, patch: r.patch}
	}
	return r, true
}

// placeOf is a minor version's place; those to come follow the last.
func placeOf(minor int) int {
	last := len(versions) - 1
	return versions[min(minor, last)] + max(0, minor-last)*1000
}

func (r release) compare(o release) int {
	return cmp.Or(cmp.Compare(r.build, o.build), cmp.Compare(r.patch, o.patch))
}

// Span is the releases from one on up to another, which is the first that is not
// of it. An empty end is open. The zero Span is every release.
type Span struct{ Since, Until string }

// Has says whether a release (empty: Pinned) is of the span. Names that are no
// release's are the newest.
func (s Span) Has(release string) bool {
	return (s.Since == "" || !Older(release, s.Since)) && (s.Until == "" || Older(release, s.Until))
}

// Older says that the release (empty: Pinned) came before the other. Names that
// are no release's are the newest.
func Older(release, other string) bool {
	if release == "" {
		release = Pinned
	}
	a, okA := parseRelease(release)
	b, okB := parseRelease(other)
	return okA && okB && a.compare(b) < 0
}
