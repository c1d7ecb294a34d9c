package line

import (
	"flag"
	"fmt"
	"io"
	"slices"

	"assay/results"
)

// SettingLists are flags of settings that take lists, by the settings' names.
type SettingLists map[string]*List[any]

// NewSettingLists declares a flag for each setting of the table, also under
// llama-bench's long name.
func NewSettingLists(fs *flag.FlagSet) SettingLists {
	all := SettingLists{}
	for _, s := range results.Settings {
		l := &List[any]{parse: func(word string) ([]any, error) { return parseSetting(s, word) }}
		if s.IsSwitch() {
			l.bare = []any{true}
		}
		all[s.Name] = l
		usage := s.Usage()
		if s.IsSwitch() {
			usage += "; also =0,1 (default 0)"
		}
		for _, name := range flagNames(s) {
			fs.Var(l, name, usage)
		}
	}
	return all
}

// flagNames are the setting's flags: assay's own first, then those of llama-bench and
// mlx-lm that are not llama-bench's of another setting.
func flagNames(s results.Setting) []string {
	names := []string{s.Flag}
	if long := s.LlamaBench[1]; long != "" && long != s.Flag {
		names = append(names, long)
	}
	taken := slices.ContainsFunc(results.Settings, func(o results.Setting) bool { return o.LlamaBench[1] == s.MLX })
	if s.MLX != "" && s.MLX != s.Flag && !taken {
		names = append(names, s.MLX)
	}
	return names
}

// alsoCalled are other names of flags that are no settings.
var alsoCalled = []string{"model", "hf", "hfr", "hf-repo", "repetitions", "num-trials", "g", "output", "output-err"}

// isAlias reports whether a flag is another name of one that help shows.
func isAlias(name string) bool {
	return slices.Contains(alsoCalled, name) || isForeign(name) ||
		slices.ContainsFunc(results.Settings, func(s results.Setting) bool { return slices.Contains(flagNames(s)[1:], name) })
}

// parseSetting reads a value, or llama-bench's range of numbers.
func parseSetting(s results.Setting, word string) ([]any, error) {
	if !s.IsNumber() {
		v, err := s.Parse(word)
		return []any{v}, err
	}
	if v, ok := s.Words[word]; ok {
		return []any{v}, nil
	}
	if s.CountsTokens() {
		if n, err := results.ParseTokens(word); err == nil {
			return []any{n}, nil
		}
	}
	numbers, err := parseRange(word)
	values := make([]any, len(numbers))
	for i, n := range numbers {
		values[i] = n
	}
	return values, err
}

// Given are the values of the settings that were given.
func (l SettingLists) Given() map[string][]any {
	out := map[string][]any{}
	for name, one := range l {
		if len(one.Values) > 0 {
			out[name] = one.Values
		}
	}
	return out
}

// NoteFollowers says which settings follow one that was given, where llama-bench would
// leave them at their default.
func (l SettingLists) NoteFollowers(w io.Writer) {
	for _, s := range results.Settings {
		leader, ok := results.SettingNamed(s.Follows)
		if !ok || len(l[s.Name].Values) > 0 {
			continue
		}
		for _, v := range l[leader.Name].Values {
			if v != leader.Default {
				fmt.Fprintf(w, "%s follows %s here; llama-bench keeps %v: write %s %v for that\n",
					s.Name, leader.Name, leader.Default, results.Dashed(s.Flag), leader.Default)
				break
			}
		}
	}
}

// Settings is a list of values of one setting that is a word.
func Settings(name string) *List[string] {
	return &List[string]{parse: func(word string) ([]string, error) {
		s, _ := results.SettingNamed(name)
		v, err := s.Parse(word)
		return []string{fmt.Sprint(v)}, err
	}}
}

// DeclareSetting declares the flags of a setting, for a list of its values.
func DeclareSetting(fs *flag.FlagSet, name string, to flag.Value) {
	s, _ := results.SettingNamed(name)
	for _, flag := range flagNames(s) {
		fs.Var(to, flag, s.Usage())
	}
}

// settingValue is the flag of a setting of one case: it takes one value.
type settingValue struct {
	setting results.Setting
	to      *results.Case
	given   bool
}

func (v *settingValue) String() string { return "" }

func (v *settingValue) IsBoolFlag() bool { return v.to != nil && v.setting.IsSwitch() }

func (v *settingValue) Set(text string) error {
	if v.given {
		return fmt.Errorf("it is given twice, and one case has one value")
	}
	value, err := v.setting.Parse(text)
	if err != nil {
		return err
	}
	v.given = true
	v.setting.Put(v.to, value)
	return nil
}

// CaseSettings are flags of settings that take one value each.
type CaseSettings struct {
	// Case is what the flags say so far, and defaults.
	Case   results.Case
	values []*settingValue
}

// NewCaseSettings declares a flag for each setting but those that are named, which
// the command fixes itself. Defaults are those of the kind of case.
func NewCaseSettings(fs *flag.FlagSet, kind results.Kind, but ...string) *CaseSettings {
	o := &CaseSettings{Case: results.Case{Kind: kind}}
	for _, s := range results.Settings {
		if s.Default != nil {
			s.Put(&o.Case, s.Default)
		}
		if slices.Contains(but, s.Name) || s.OnlyRun {
			continue
		}
		if usual, ok := s.PerKind[kind]; ok {
			s.Put(&o.Case, usual)
		}
		v := &settingValue{setting: s, to: &o.Case}
		o.values = append(o.values, v)
		for _, name := range flagNames(s) {
			fs.Var(v, name, s.Usage())
		}
	}
	return o
}

// Settled is the case that the flags make: a setting that is not given is the one
// that it follows.
func (o *CaseSettings) Settled() results.Case {
	c := o.Case
	for _, v := range o.values {
		if leader, ok := results.SettingNamed(v.setting.Follows); ok && !v.given {
			v.setting.Put(&c, leader.Of(c))
		}
	}
	return c
}

// Given says whether a setting's flag was.
func (o *CaseSettings) Given(name string) bool {
	return slices.ContainsFunc(o.values, func(v *settingValue) bool { return v.setting.Name == name && v.given })
}
