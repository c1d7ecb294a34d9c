package line

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// List is a flag that takes a comma-separated list, as llama-bench's do. A flag
// that is given twice adds to its list.
type List[T any] struct {
	Values []T
	parse  func(string) ([]T, error)
	// bare is what the flag means without a value; nil if it needs one.
	bare []T
}

func (l *List[T]) String() string { return "" }

// Set adds the words of a comma-separated text.
func (l *List[T]) Set(text string) error {
	if l.bare != nil && text == "true" {
		l.Values = append(l.Values, l.bare...)
		return nil
	}
	for word := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(word) == "" && strings.Contains(text, ",") {
			return fmt.Errorf("%s has an empty entry", text)
		}
		v, err := l.parse(strings.TrimSpace(word))
		if err != nil {
			return err
		}
		l.Values = append(l.Values, v...)
	}
	return nil
}

// Or are the values, or one where none was given.
func (l *List[T]) Or(one T) []T {
	if len(l.Values) > 0 {
		return l.Values
	}
	return []T{one}
}

// IsBoolFlag lets the flag stand alone.
func (l *List[T]) IsBoolFlag() bool { return l.bare != nil }

// Words are any words.
func Words() *List[string] {
	return &List[string]{parse: func(s string) ([]string, error) {
		if s == "" {
			return nil, fmt.Errorf("an empty word in the list")
		}
		return []string{s}, nil
	}}
}

// OneOf is a list of words of which only some are allowed; aliases map to them.
func OneOf(aliases map[string]string) *List[string] {
	return &List[string]{parse: func(s string) ([]string, error) {
		if v, ok := aliases[s]; ok {
			return []string{v}, nil
		}
		return nil, fmt.Errorf("%q is not one of %s", s, strings.Join(slices.Sorted(maps.Keys(aliases)), ", "))
	}}
}

// Numbers takes numbers and llama-bench's ranges: 128-512+128, 1-8*2, 1-4.
func Numbers() *List[int] { return &List[int]{parse: parseRange} }

// maxRange bounds what a mistyped range can ask for.
const maxRange = 1000

func parseRange(s string) ([]int, error) {
	first, rest, isRange := strings.Cut(s, "-")
	if !isRange || first == "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			return nil, fmt.Errorf("%q is not a whole number", s)
		}
		return []int{n}, nil
	}
	last, step, op := rest, "1", byte('+')
	if at := strings.IndexAny(rest, "+*"); at >= 0 {
		last, op, step = rest[:at], rest[at], rest[at+1:]
	}
	a, errA := strconv.Atoi(first)
	b, errB := strconv.Atoi(last)
	by, errStep := strconv.Atoi(step)
	if errA != nil || errB != nil || errStep != nil || by < 1 || op == '*' && (by < 2 || a < 1) {
		return nil, fmt.Errorf("%q is not a range; write 128-512+128 or 1-8*2", s)
	}
	var out []int
	for n := a; n <= b && len(out) < maxRange; {
		out = append(out, n)
		if op == '*' {
			n *= by
		} else {
			n += by
		}
	}
	switch {
	case len(out) == 0:
		return nil, fmt.Errorf("%s runs backwards; write %s-%s", s, last, first)
	case len(out) == maxRange:
		return nil, fmt.Errorf("%s is a range of %d numbers or more; give it a step, such as %s-%s*2", s, maxRange, first, last)
	}
	return out, nil
}

// Pairs takes llama-bench's -pg 512,128: one pair a flag.
type Pairs struct{ Values [][2]int }

func (p *Pairs) String() string { return "" }

// Set adds one pair.
func (p *Pairs) Set(text string) error {
	a, b, ok := strings.Cut(text, ",")
	prompt, errA := strconv.Atoi(strings.TrimSpace(a))
	gen, errB := strconv.Atoi(strings.TrimSpace(b))
	if !ok || errA != nil || errB != nil || prompt < 1 || gen < 1 {
		return fmt.Errorf("%q is not a pair of prompt and generated tokens, such as 512,128", text)
	}
	p.Values = append(p.Values, [2]int{prompt, gen})
	return nil
}
