// Package suite has lists of cases: how they are written, what in them cannot be, and
// which items they expand into. It does not know how one is run.
package suite

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"assay/harness/failure"
	"assay/harness/runtime"
	"assay/predict/document"
	"assay/results"
)

//go:embed canary.yaml
var canaryYAML []byte

// Canary is the canary that is used where none is named.
func Canary() (Suite, error) { return Parse("the canary", canaryYAML) }

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

	// together says that the groups are one that was taken apart by the formats of
	// its models: a setting that one of them takes is taken.
	together bool
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

//go:embed builtin.yaml
var builtin []byte

// Builtin is the suite that runs when none is named.
func Builtin() (Suite, error) { return Parse("the built-in suite", builtin) }

// Read reads a suite file. Its errors name the file and the line.
func Read(path string) (Suite, error) {
	text, err := document.ReadFile(path)
	if err != nil {
		return Suite{}, failure.Input(fmt.Errorf("suite: %w", err))
	}
	return Parse(path, text)
}

// Parse reads a suite from its text; name is how errors call it.
func Parse(name string, text []byte) (Suite, error) {
	s, err := decode(text)
	if err != nil {
		return Suite{}, failure.Input(fmt.Errorf("suite %s: %s", name, oneLine(err)))
	}
	s = s.WithDefaults()
	if err := s.validate(); err != nil {
		return Suite{}, failure.Input(fmt.Errorf("suite %s: %s%w", name, place(text, err), err))
	}
	for i, g := range s.Groups {
		named, _ := g.namedRuntimes() // which validate has looked at
		if m := g.checkKnown(namesOf(named), NotToRun); m != nil {
			m.group = i
			return Suite{}, failure.Input(fmt.Errorf("suite %s: %s%w", name, place(text, m), m))
		}
	}
	return s, nil
}

func namesOf(list []runtime.Runtime) []string {
	names := make([]string, len(list))
	for i, rt := range list {
		names[i] = rt.Name()
	}
	return names
}

// place is where in the file a [misfit] stands, as the parser writes it,
// "[3:13] ", or nothing where the error is about the whole suite.
func place(text []byte, err error) string {
	var m *misfit
	if !errors.As(err, &m) {
		return ""
	}
	node, err := m.find(text)
	if err != nil {
		return fmt.Sprintf("cases[%d]: ", m.group) // behind an alias, for instance
	}
	at := node.GetToken().Position
	return fmt.Sprintf("[%d:%d] ", at.Line, at.Column)
}

// find looks the misfit up in the text of its suite.
func (m *misfit) find(text []byte) (node ast.Node, err error) {
	defer func() { // a parser that fails has found nothing
		if recover() != nil {
			err = errors.New("not found")
		}
	}()
	path, err := yaml.PathString(strings.TrimSuffix(fmt.Sprintf("$.cases[%d].%s", m.group, m.path), "."))
	if err != nil {
		return nil, err
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, err
	}
	return path.FilterFile(file)
}

// oneLine says where in the file and what is wrong, without the lines around
// it: what is taken for a suite may be any file.
func oneLine(err error) string {
	line, _, _ := strings.Cut(yaml.FormatError(err, false, false), "\n")
	var unknown *yaml.UnknownFieldError
	switch {
	case strings.Contains(line, "sequence was used where mapping is expected"):
		return line + "; a suite begins with 'cases:' and lists them below"
	case !errors.As(err, &unknown):
		return line
	case unknown.Token.Position.Column == 1:
		return line + "; a suite's keys are " + keysOf(fileType())
	}
	keys := keysOf(schema())
	for key := range strings.SplitSeq(keys, ", ") {
		if word := unknown.Token.Value; strings.HasPrefix(key, word) || strings.HasPrefix(word, key) {
			return line + ", did you mean " + key + "?"
		}
	}
	return line + "; a case's keys are " + keys
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
		return fmt.Errorf("rounds %d, samples %d, max_rounds %d: each must be at least 1 and max_rounds at least rounds", s.Rounds, s.Samples, s.MaxRounds)
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
