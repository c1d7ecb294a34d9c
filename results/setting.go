package results

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Setting is one parameter of a case that users choose: a row of [Settings].
// Whatever names parameters is made from the rows: keys, the keys of suites and
// their expansion, flags, bounds, what a runtime refuses, headings, the command
// that measures a case again, imports and exports. A value is an int, a bool or
// a string, as Of returns it.
type Setting struct {
	// Name is the parameter's in records, keys and suites.
	Name string
	// Flag is assay's, LlamaBench are llama-bench's short and long one and MLX is
	// mlx-lm's, without dashes; empty where there is none.
	Flag       string
	LlamaBench [2]string
	MLX        string
	// Help is what it does, with its unit or noun in back quotes, and Otherwise
	// what holds where it is not given, if Default does not say it.
	Help, Otherwise string
	// Known lists who has the setting; nil is every runtime.
	Known []Known
	// Missed says why the setting may not reach a model of its runtime, for its
	// type; empty where it reaches all, or changes nothing where it does not.
	Missed string
	// Default is what holds where nothing is given; nil depends on the kind, see
	// PerKind, or is the value of the setting that this one Follows.
	Default any
	Follows string
	// PerKind are the defaults of a setting that only some kinds of case have.
	PerKind map[Kind]int
	// Least and Most bound a whole number. Values are the only ones that can be,
	// besides the zero value; Types says that they are the runtime's cache types.
	Least, Most int
	Values      []Word
	Types       bool
	// Words are other ways to write some numbers.
	Words map[string]int
	// Usual are ways to write what holds where nothing is given, which is then the
	// zero value; llama-bench prints the first.
	Usual []string
	// Form is the one form that records have of a text, or what is wrong with it.
	Form func(text string) (string, error)
	// OnlyRun says that it is a matter of what is run: no command has it that runs
	// nothing.
	OnlyRun bool
	// Changes says that it changes what comes out of the model, by more than the order
	// of sums: two cases that differ in none of these agree.
	Changes bool
	// Heading is a format for the value in the heading of a row, where it is not
	// the default: "ubatch %v". Without one only rows that differ in it show it.
	Heading string
	Place
}

// Place is how a setting is read in a case, and written there.
type Place struct {
	Of  func(Case) any
	Put func(*Case, any)
	// Same reports whether two cases have the same there, without a copy of either.
	Same func(a, b *Case) bool
}

// Word is a value that a setting can have, and how llama-bench writes it if that
// is another way.
type Word struct {
	Value      any
	LlamaBench string
}

// Known says that a runtime has a setting, in cases of these kinds or of all, with
// these values or with any.
type Known struct {
	Runtime string
	Kinds   []Kind
	Only    []any
}

// Dashed is a flag as its users write it: llama.cpp's short ones with one dash.
func Dashed(flag string) string {
	if len(flag) <= 3 {
		return "-" + flag
	}
	return "--" + flag
}

// IsSwitch reports whether the setting is on or off.
func (s Setting) IsSwitch() bool { _, ok := s.Of(Case{}).(bool); return ok }

// IsNumber reports whether the setting is a whole number.
func (s Setting) IsNumber() bool { _, ok := s.Of(Case{}).(int); return ok }

// Zero reports whether the case does not have the setting.
func (s Setting) Zero(c Case) bool { return s.Of(c) == s.Of(Case{}) }

// CanBeZero reports whether 0 is asked for in a case that has 0: it is a number
// of its own and not what holds where nothing is given.
func (s Setting) CanBeZero() bool {
	return s.Default != nil && s.Default != s.Of(Case{}) && s.IsNumber() && s.Least == 0 && s.Values == nil
}

// Usage is the setting's line in help.
func (s Setting) Usage() string {
	otherwise := s.Otherwise
	if otherwise == "" && s.Default != nil && !s.IsSwitch() {
		otherwise = fmt.Sprint(s.Default)
	}
	if otherwise == "" {
		return s.Help
	}
	return s.Help + " (default: " + otherwise + ")"
}

// Parse reads a value as suites, flags and other tools write it. Bounds are not
// held: see [Setting.Check].
func (s Setting) Parse(text string) (any, error) {
	if slices.Contains(s.Usual, text) {
		return s.Of(Case{}), nil
	}
	switch s.Of(Case{}).(type) {
	case int:
		if n, ok := s.Words[text]; ok {
			return n, nil
		}
		if n, err := strconv.Atoi(text); err == nil {
			return n, nil
		}
		if s.CountsTokens() {
			return ParseTokens(text)
		}
		return nil, fmt.Errorf("%q is not a whole number", text)
	case bool:
		on, err := strconv.ParseBool(text)
		if err != nil {
			return nil, fmt.Errorf("%q is neither 0 nor 1", text)
		}
		return on, nil
	}
	if text == "" {
		return nil, fmt.Errorf("an empty word where %s is given", s.Name)
	}
	for _, w := range s.Values {
		if text == fmt.Sprint(w.Value) || text == w.LlamaBench && text != "" {
			return w.Value, nil
		}
	}
	if len(s.Values) > 0 {
		return nil, fmt.Errorf("%q is not one of %s", text, strings.Join(s.spellings(), ", "))
	}
	if s.Form != nil {
		return s.Form(text)
	}
	return text, nil
}

func (s Setting) spellings() []string {
	all := slices.Clone(s.Usual)
	for _, w := range s.Values {
		all = append(all, fmt.Sprint(w.Value))
		if w.LlamaBench != "" {
			all = append(all, w.LlamaBench)
		}
	}
	slices.Sort(all)
	return all
}

// LlamaBenchText is a value as llama-bench writes it.
func (s Setting) LlamaBenchText(v any) string {
	if len(s.Usual) > 0 && v == s.Of(Case{}) {
		return s.Usual[0]
	}
	for _, w := range s.Values {
		if w.Value == v && w.LlamaBench != "" {
			return w.LlamaBench
		}
	}
	return fmt.Sprint(v)
}

// Check refuses a value that no runtime can have. One outside of its bounds is
// refused before anything runs: a library says it later and in its own words, or
// takes it and dies.
func (s Setting) Check(v any) error {
	if v == s.Of(Case{}) && (len(s.Values) > 0 || !s.IsNumber()) {
		return nil
	}
	if n, ok := v.(int); ok && len(s.Values) == 0 {
		switch {
		case n < s.Least:
			return fmt.Errorf("%s %d must be %d or more (%s)", s.Name, n, s.Least, Dashed(s.Flag))
		case n > s.Most:
			return fmt.Errorf("%s %d must be %d or less (%s)", s.Name, n, s.Most, Dashed(s.Flag))
		}
	}
	if text, ok := v.(string); ok && s.Form != nil {
		_, err := s.Form(text)
		return err
	}
	if len(s.Values) == 0 || slices.ContainsFunc(s.Values, func(w Word) bool { return w.Value == v }) {
		return nil
	}
	var words []string
	for _, w := range s.Values {
		words = append(words, fmt.Sprint(w.Value))
	}
	last := len(words) - 1
	return fmt.Errorf("%s %#v: %s or %s", s.Name, v, strings.Join(words[:last], ", "), words[last])
}

// KnownTo reports whether the runtime has the setting, in a case of any of the
// kinds or, without one, of some kind.
func (s Setting) KnownTo(runtime string, kinds ...Kind) bool {
	if s.Known == nil {
		return true
	}
	return slices.ContainsFunc(s.Known, func(k Known) bool {
		return k.Runtime == runtime && (k.Kinds == nil || kinds == nil ||
			slices.ContainsFunc(kinds, func(kind Kind) bool { return slices.Contains(k.Kinds, kind) }))
	})
}

// Takes reports whether the runtime has a use for the value: it knows the setting, and
// is not one that knows other values only.
func (s Setting) Takes(runtime string, v any, kinds ...Kind) bool {
	only := func(k Known) bool {
		return k.Runtime == runtime && k.Only != nil && v != s.Of(Case{}) && !slices.Contains(k.Only, v)
	}
	return s.KnownTo(runtime, kinds...) && !slices.ContainsFunc(s.Known, only)
}

// Given reports whether a list of values asks for anything: a switch that is
// only listed as off does not.
func (s Setting) Given(values []any) bool {
	if s.IsSwitch() {
		return slices.Contains(values, any(true))
	}
	return len(values) > 0
}

// Refuse returns an error where none of the runtimes has the setting in a case of
// these kinds: it would be dropped without a word. why ends the clause "is a
// setting of R, which".
func (s Setting) Refuse(runtimes []string, kinds []Kind, why string) error {
	if slices.ContainsFunc(runtimes, func(name string) bool { return s.KnownTo(name, kinds...) }) {
		return nil
	}
	owner := s.Owner()
	return fmt.Errorf("%s (%s) is a setting of %s, which %s; leave it out, or name %s as a runtime", Dashed(s.Flag), s.Name, owner, why, owner)
}

// RefuseValue returns an error where none of the runtimes that know the setting has a
// use for the value.
func (s Setting) RefuseValue(runtimes []string, v any) error {
	if v == s.Of(Case{}) || slices.ContainsFunc(runtimes, func(name string) bool { return s.Takes(name, v) }) {
		return nil
	}
	i := slices.IndexFunc(s.Known, func(k Known) bool { return k.Only != nil && slices.Contains(runtimes, k.Runtime) })
	if i < 0 {
		return nil
	}
	return fmt.Errorf("%[1]s %[2]v (%[3]s) is nothing to %[4]s, which knows %[1]s %[5]v alone; leave it out", Dashed(s.Flag), v, s.Name,
		s.Known[i].Runtime, s.Known[i].Only[0])
}

// Owner is the first runtime that knows the setting; empty where all do.
func (s Setting) Owner() string {
	if len(s.Known) == 0 {
		return ""
	}
	return s.Known[0].Runtime
}

// Title is the setting in a heading.
func (s Setting) Title(c Case) string {
	if strings.Contains(s.Heading, "%") {
		return fmt.Sprintf(s.Heading, s.Of(c))
	}
	return s.Heading
}

// ParseTokens reads a number of tokens, in units of 1024 with a k behind it and of
// 1024² with an m: 32768 or 32k.
func ParseTokens(text string) (int, error) {
	digits, unit := strings.ToLower(strings.TrimSpace(text)), 1
	switch {
	case strings.HasSuffix(digits, "k"):
		digits, unit = strings.TrimSuffix(digits, "k"), 1<<10
	case strings.HasSuffix(digits, "m"):
		digits, unit = strings.TrimSuffix(digits, "m"), 1<<20
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n > math.MaxInt32/unit || n < math.MinInt32/unit {
		return 0, fmt.Errorf("%q is no number of tokens, such as 32768 or 32k", text)
	}
	return n * unit, nil
}

// CountsTokens reports whether the setting is a number of tokens.
func (s Setting) CountsTokens() bool { return s.IsNumber() && strings.Contains(s.Help, "`tokens`") }
