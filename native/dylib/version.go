package dylib

import (
	"cmp"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	// A tag wins over a so-name's number behind it: libllama.b7324.so.0.0.1.
	tagged       = regexp.MustCompile(`^lib.+?\.([bv][0-9]+(?:\.[0-9]+)*)\.(?:so|dylib)(?:\.|$)`)
	beforeSuffix = regexp.MustCompile(`^lib.+?\.(` + version + `)\.(?:so|dylib)$`)
	afterSuffix  = regexp.MustCompile(`^lib.+?\.so\.(` + version + `)$`)
)

// version is what stands for a release in a file name: 0, 0.5.0, v0.5.0, b6673.
const version = `[bv]?[0-9]+(?:\.[0-9]+)*`

// FileVersion answers the version in a library's file name, "" without one.
func FileVersion(path string) string {
	for _, pattern := range []*regexp.Regexp{tagged, beforeSuffix, afterSuffix} {
		if found := pattern.FindStringSubmatch(filepath.Base(path)); found != nil {
			return found[1]
		}
	}
	return ""
}

// CompareVersions orders releases by their numbers, v0.10.0 after v0.5.0; a
// build number (b6673) comes before any v release, as in llama.cpp's history.
func CompareVersions(a, b string) int {
	if byEra := cmp.Compare(era(a), era(b)); byEra != 0 {
		return byEra
	}
	return slices.Compare(numbers(a), numbers(b))
}

func era(version string) int {
	if strings.HasPrefix(version, "b") {
		return 0
	}
	return 1
}

func numbers(version string) []int {
	var found []int
	for _, digits := range strings.FieldsFunc(version, func(r rune) bool { return r < '0' || r > '9' }) {
		n, err := strconv.Atoi(digits)
		if err != nil {
			return found
		}
		found = append(found, n)
	}
	return found
}
