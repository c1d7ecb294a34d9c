package suite

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"assay/harness/failure"
	"assay/harness/runtime"
	"assay/predict/document"
)

//go:embed canary.yaml
var canaryYAML []byte

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
	case strings.Contains(line, "was used where mapping is expected") && strings.HasPrefix(line, "[1:"):
		return line + "; a suite begins with 'cases:' and lists them below"
	case !errors.As(err, &unknown):
		return line
	case unknown.Token.Position.Column == 1:
		return line + "; a suite's keys are " + keysOf(fileType())
	}
	keys := keysOf(groupType())
	for key := range strings.SplitSeq(keys, ", ") {
		if word := unknown.Token.Value; strings.HasPrefix(key, word) || strings.HasPrefix(word, key) {
			return line + ", did you mean " + key + "?"
		}
	}
	first := strings.Split(keys, ", ")
	return line + "; a case's keys are " + strings.Join(first[:min(len(first), 8)], ", ") + " and others, which 'assay schema suite' has"
}

// Canary is the canary that is used where none is named.
func Canary() (Suite, error) { return Parse("the canary", canaryYAML) }

func namesOf(list []runtime.Runtime) []string {
	names := make([]string, len(list))
	for i, rt := range list {
		names[i] = rt.Name()
	}
	return names
}
