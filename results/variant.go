package results

import (
	"fmt"
	"slices"
	"strings"
)

// Defaults is a case in which no setting was given.
func Defaults() Case {
	var c Case
	for _, s := range Settings {
		s.Put(&c, s.Default)
		if leader, ok := SettingNamed(s.Follows); ok {
			s.Put(&c, leader.Default)
		}
	}
	return c
}

// SettingNamed returns the row of that name in records.
func SettingNamed(name string) (Setting, bool) {
	i := slices.IndexFunc(Settings, func(s Setting) bool { return s.Name == name })
	if i < 0 {
		return Setting{}, false
	}
	return Settings[i], true
}

// KnownTo is the case without the settings that the runtime does not have, and without
// values that it has no use for.
func (c Case) KnownTo(runtime string) Case {
	for _, s := range Settings {
		if !s.Takes(runtime, s.Of(c), c.Kind) {
			s.Put(&c, s.Of(Case{}))
		}
	}
	return c
}

// Differs reports whether a heading must show the setting of the case: it is not
// the default, or the one that it follows is not.
func (s Setting) Differs(c Case) bool {
	if s.Heading == "" {
		return false
	}
	usual := s.Default
	if leader, ok := SettingNamed(s.Follows); ok {
		if leader.Differs(c) {
			return true
		}
		usual = leader.Default
	}
	return !s.Zero(c) && s.Of(c) != usual
}

// follows reports whether the setting is that of the one it follows.
func (s Setting) follows(c Case) bool {
	leader, ok := SettingNamed(s.Follows)
	return ok && leader.Of(c) == s.Of(c)
}

// Variant names the settings of a case that are not the defaults, and that
// neither its test nor an axis shows: "K q8_0, ubatch 128".
func (c Case) Variant() string {
	var words []string
	for _, s := range Settings {
		if s.Differs(c) {
			words = append(words, s.Title(c))
		}
	}
	if c.Other != "" {
		words = append(words, c.Other)
	}
	return strings.Join(words, ", ")
}

// Apart returns, for each case, the settings in which it differs from another of
// them, by their flags: what a table must show for its rows to be told apart.
func Apart(cases []Case) [][]string {
	out := make([][]string, len(cases))
	for _, s := range Varying(cases) {
		for i, c := range cases {
			if v := s.apart(c); v != "" {
				out[i] = append(out[i], fmt.Sprintf("%s=%v", s.Flag, v))
			}
		}
	}
	return out
}

// Varying are the settings in which the cases differ, in the order of the table. One
// that only follows another is not among them.
func Varying(cases []Case) []Setting {
	var out []Setting
	for _, s := range Settings {
		if s.Follows == "" && allSame(s, cases) {
			continue
		}
		if slices.ContainsFunc(cases, func(c Case) bool { return s.apart(c) != s.apart(cases[0]) }) {
			out = append(out, s)
		}
	}
	return out
}

func allSame(s Setting, cases []Case) bool {
	for i := range cases {
		if !s.Same(&cases[i], &cases[0]) {
			return false
		}
	}
	return true
}

// apart is the setting, or empty where it is the one it follows.
func (s Setting) apart(c Case) any {
	if s.follows(c) {
		return ""
	}
	return s.Of(c)
}
