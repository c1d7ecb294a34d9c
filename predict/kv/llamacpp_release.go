package kv

import (
	"cmp"
	"strconv"
	"strings"
)

// release orders llama.cpp's names: builds b1, b2, … came before versions
// 0.1.0, 0.2.0, …
type release struct {
	versioned bool
	parts     [3]int // a build's number in the first
}

// parseRelease reads "b8390", "v0.5.0", "0.5.0", "0.5.0-dev" and the number that
// libraries had in their names before there were versions, "0.0.8390".
func parseRelease(name string) (release, bool) {
	if build, ok := strings.CutPrefix(name, "b"); ok {
		n, err := strconv.Atoi(build)
		return release{parts: [3]int{n}}, err == nil
	}
	r := release{versioned: true}
	name, _, _ = strings.Cut(strings.TrimPrefix(name, "v"), "-")
	fields := strings.Split(name, ".")
	if len(fields) != len(r.parts) {
		return r, false
	}
	for i, field := range fields {
		n, err := strconv.Atoi(field)
		if err != nil {
			return r, false
		}
		r.parts[i] = n
	}
	if r.parts[0] == 0 && r.parts[1] == 0 {
		return release{parts: [3]int{r.parts[2]}}, true
	}
	return r, true
}

func (r release) compare(o release) int {
	if r.versioned != o.versioned {
		if r.versioned {
			return 1
		}
		return -1
	}
	return cmp.Or(cmp.Compare(r.parts[0], o.parts[0]), cmp.Compare(r.parts[1], o.parts[1]), cmp.Compare(r.parts[2], o.parts[2]))
}
