// Package suite has lists of cases: how they are written, what in them cannot be, and
// which items they expand into. It does not know how one is run.
package suite

import (
	"fmt"
	"strings"
	"time"

	"assay/results"
)

// Suite is a list of cases and how long to measure each.
type Suite struct {
	Name string `yaml:"name"`
	// Rounds is how often each timed case runs in a fresh process, Samples how
	// many repetitions it makes there. Cases that are not timed run once.
	Rounds  int `yaml:"rounds"`
	Samples int `yaml:"samples"`
	// Precision is the half-width of the median's confidence interval that is
	// asked for, as a share of the median; rounds are added until it is reached,
	// MaxRounds were run or Budget is spent. 0 asks for nothing.
	Precision float64  `yaml:"precision"`
	MaxRounds int      `yaml:"max_rounds"`
	Budget    Duration `yaml:"budget"`
	// Timeout is how long one worker may go without a sign of life.
	Timeout Duration `yaml:"timeout"`
	// MinEffect is the smallest change that diff calls one, as a share.
	MinEffect float64     `yaml:"min_effect"`
	Groups    []CaseGroup `yaml:"cases"`

	// Total is how many samples a timed case is to have over all rounds; 0 where
	// each round makes Samples.
	Total int `yaml:"-"`

	// together says that the groups are one that was taken apart by the formats of
	// its models: a setting that one of them takes is taken.
	together bool
}

// SamplesIn is how many repetitions a timed case makes in the round, counted from 0:
// the first rounds make one more where the total does not divide, and a round that
// precision adds makes as many as the first.
func (s Suite) SamplesIn(round int) int {
	if s.Total == 0 || round >= s.Rounds {
		return s.Samples
	}
	n := s.Total / s.Rounds
	if round < s.Total%s.Rounds {
		n++
	}
	return n
}

// Duration is a time.Duration that is written 90s, 10m or 2h30m.
type Duration time.Duration

// UnmarshalYAML reads a duration as time.ParseDuration does.
func (d *Duration) UnmarshalYAML(text []byte) error {
	word := strings.Trim(strings.TrimSpace(string(text)), `"'`)
	parsed, err := time.ParseDuration(word)
	if err != nil || parsed < 0 {
		return fmt.Errorf("%q is no duration; write 90s, 10m or 2h30m", word)
	}
	*d = Duration(parsed)
	return nil
}

// WithDefaults fills in what the suite leaves open: ten samples from two rounds,
// the smallest number with which a family of a hundred comparisons can still find
// something.
func (s Suite) WithDefaults() Suite {
	setDefault(&s.Rounds, 2)
	setDefault(&s.Samples, 5)
	setDefault(&s.MaxRounds, max(s.Rounds, 6))
	setDefault(&s.Timeout, Duration(10*time.Minute))
	setDefault(&s.MinEffect, 0.03)
	return s
}

func setDefault[T comparable](field *T, value T) {
	var unset T
	if *field == unset {
		*field = value
	}
}

func (s Suite) validate() error {
	switch {
	case len(s.Groups) == 0:
		return fmt.Errorf("no cases: add a list 'cases' with at least 'models' and 'kinds'")
	case s.Rounds < 1 || s.Samples < 1 || s.MaxRounds < s.Rounds:
		return fmt.Errorf("rounds %d, samples %d, max_rounds %d: each must be at least 1 and max_rounds at least rounds", s.Rounds,
			s.Samples, s.MaxRounds)
	case s.Precision < 0 || s.MinEffect < 0:
		return fmt.Errorf("precision and min_effect are shares and cannot be negative")
	}
	if s.Rounds > mostRounds || s.Samples > mostRounds || s.MaxRounds > mostRounds {
		return fmt.Errorf("rounds %d, samples %d, max_rounds %d: at most %d of each are measured", s.Rounds, s.Samples, s.MaxRounds, mostRounds)
	}
	for i, g := range s.Groups {
		if m := g.validate(); m != nil {
			m.group = i
			return m
		}
	}
	if n := s.size(); n > mostCases {
		return fmt.Errorf("%.0f cases for one runtime; at most %d, in suites of their own", n, mostCases)
	}
	return nil
}

// What a suite may ask for at most: a night of a thousand cases is long.
const (
	mostRounds = 10_000
	mostCases  = 50_000
)

// size is how many cases a suite has for one runtime, counted before any is made.
func (s Suite) size() float64 {
	sum := 0.0
	for _, g := range s.Groups {
		n := float64(len(g.Models)) * float64(max(1, len(g.WeightTypes)))
		tokens := float64(max(1, len(g.Kinds)))
		for _, set := range results.Settings {
			values := float64(max(1, len(g.values(set))))
			if set.PerKind != nil {
				tokens *= values
				continue
			}
			n *= values
		}
		sum += n * (tokens + float64(len(g.PG)))
	}
	return sum
}
