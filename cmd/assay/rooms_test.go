package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// roomOrder is the order of the packages, the lowest first: "a, b < c, d" says that c
// and d may import a and b, and whatever those stand on. What no line allows is
// forbidden, between a and b, too. "a !< b" says what must never follow from the
// lines. Do not add a line to make something build: what is needed from above sinks,
// or is handed down.
const roomOrder = `
	# Where things lie and what an error is are needed by all, and need nobody.
	harness/home, harness/failure < harness/machine, harness/skeleton, harness/libs, harness/runtime, harness/output

	# An adapter stands on what a runtime is, and is alone at its library.
	harness/machine, harness/skeleton, harness/libs, harness/runtime, harness/output < harness/llamacpp, harness/mlx
	harness/llamacpp !< harness/mlx
	harness/mlx !< harness/llamacpp

	# The table stands on its rows; above it nobody needs to know which there are.
	harness/llamacpp, harness/mlx < harness/runtimes

	# A subject is found, run and timed without a suite that lists it.
	harness/runtimes < harness/subject, harness/worker, harness/speed
	harness/subject, harness/worker, harness/speed < harness/suite, harness/record, harness/archive
	harness/suite !< harness/worker
	harness/archive !< harness/worker
	harness/worker !< harness/speed
	harness/worker < harness/worker/workertest

	# What uses suites, records and what was kept.
	harness/suite, harness/record, harness/archive < harness/calibrate, harness/run, harness/model
	harness/run !< harness/record
	harness/run !< harness/calibrate
	harness/run !< harness/model

	# What composes all of them.
	harness/calibrate, harness/run, harness/model < harness/doctor, harness/nightly, harness/bisect

	# Printing decides nothing, and the line knows no command.
	harness/doctor, harness/nightly, harness/bisect < cmd/assay/show < cmd/assay/line, cmd/assay/live < cmd/assay

	# A stored run is shown as it was when it went on.
	cmd/assay/line, cmd/assay/live < cmd/assay/kept < cmd/assay
	cmd/assay/line !< cmd/assay/show
	cmd/assay !< cmd/assay/line
`

// order is what may be imported: the rooms below each room.
type order struct {
	below map[string]map[string]bool
	// never are pairs that must not follow: the first is not below the second.
	never [][2]string
}

// readOrder reads lines as roomOrder has them.
func readOrder(text string) (order, error) {
	o := order{below: map[string]map[string]bool{}}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if a, b, ok := strings.Cut(line, " !< "); ok {
			o.never = append(o.never, [2]string{a, b})
			continue
		}
		floors := strings.Split(line, " < ")
		if len(floors) < 2 {
			return o, fmt.Errorf("%q puts nothing below anything", line)
		}
		for i := 1; i < len(floors); i++ {
			for _, room := range strings.Split(floors[i], ", ") {
				o.add(room, strings.Split(floors[i-1], ", "))
			}
		}
	}
	return o, o.check()
}

// add puts rooms, and what they stand on, below a room.
func (o order) add(room string, under []string) {
	if o.below[room] == nil {
		o.below[room] = map[string]bool{}
	}
	for _, u := range under {
		o.below[room][u] = true
		if o.below[u] == nil {
			o.below[u] = map[string]bool{}
		}
		maps.Copy(o.below[room], o.below[u])
	}
}

// check holds the order itself: no circle, and nothing that must never follow.
func (o order) check() error {
	for room, under := range o.below {
		if under[room] {
			return fmt.Errorf("%s stands below itself", room)
		}
	}
	for _, pair := range o.never {
		if o.below[pair[1]][pair[0]] {
			return fmt.Errorf("%s must not stand below %s", pair[0], pair[1])
		}
	}
	return nil
}

// strays are imports that the order does not allow, and rooms that one of the two
// lists does not have.
func (o order) strays(imports map[string][]string) []string {
	var bad []string
	for room := range o.below {
		if _, ok := imports[room]; !ok {
			bad = append(bad, room+" stands in the order and is no package")
		}
	}
	for room, paths := range imports {
		if _, ok := o.below[room]; !ok {
			bad = append(bad, room+" has no place in the order")
			continue
		}
		for _, path := range paths {
			if _, ok := imports[path]; ok && !o.below[room][path] {
				bad = append(bad, room+" imports "+path+", which is not below it")
			}
		}
	}
	slices.Sort(bad)
	return slices.Compact(bad)
}

// roomImports are the packages of harness and cmd with what they import.
func roomImports(t *testing.T) map[string][]string {
	t.Helper()
	imports := map[string][]string{}
	for _, s := range sources(t) {
		room := filepath.ToSlash(filepath.Dir(s.path))
		if s.isTest() || room == "harness" || s.top() != "harness" && s.top() != "cmd" {
			continue
		}
		imports[room] = append(imports[room], nil...)
		for _, path := range s.imports() {
			if rest, ours := strings.CutPrefix(path, "assay/"); ours {
				imports[room] = append(imports[room], rest)
			}
		}
	}
	return imports
}

func TestRooms(t *testing.T) {
	o, err := readOrder(roomOrder)
	require.NoError(t, err)
	assert.Empty(t, o.strays(roomImports(t)))

	// The order itself, on planted defects beside a clean one.
	clean := map[string][]string{"a": nil, "b": {"a"}, "c": {"a", "b"}}
	for name, tc := range map[string]struct {
		lines   string
		imports map[string][]string
		want    string
	}{
		"clean":             {"a < b < c\nc !< a", clean, ""},
		"an import upwards": {"a < b < c", map[string][]string{"a": {"c"}, "b": nil, "c": nil}, "a imports c"},
		"on one floor":      {"a < b, c", clean, "c imports b"},
		"not in the order":  {"a < b", clean, "c has no place"},
		"no such room":      {"a < b < c < d", clean, "d stands in the order and is no package"},
		"a circle":          {"a < b < c\nc < a", clean, "stands below itself"},
		"what must not be":  {"a < b < c\na !< c", clean, "a must not stand below c"},
		"no order":          {"a", clean, "puts nothing below"},
	} {
		o, err := readOrder(tc.lines)
		says := strings.Join(o.strays(tc.imports), "\n")
		if err != nil {
			says = err.Error()
		}
		if tc.want == "" {
			assert.Empty(t, says, name)
			continue
		}
		assert.Contains(t, says, tc.want, name)
	}
}

// The root of harness has its walk through the rooms and tests, no code.
func TestHarnessHasNoCodeOfItsOwn(t *testing.T) {
	for _, s := range sources(t) {
		if filepath.Dir(s.path) == "harness" && !s.isTest() {
			assert.Equal(t, "harness/doc.go", s.path)
			assert.Empty(t, s.ast.Decls)
			for room := range roomImports(t) {
				if name, ok := strings.CutPrefix(room, "harness/"); ok {
					assert.Contains(t, s.ast.Doc.Text(), name, "the walk passes by a room")
				}
			}
		}
	}
}

// maxRoomLines is what one can hold in one's head of a package.
const maxRoomLines = 2500

// overfull are the rooms that still are above it.
var overfull = []string{"native/llama", "predict/graph"}

func TestRoomsAreSmall(t *testing.T) {
	lines := map[string]int{}
	for _, s := range sources(t) {
		if s.isTest() {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, s.path))
		require.NoError(t, err)
		lines[filepath.Dir(s.path)] += strings.Count(string(text), "\n")
	}
	for room, n := range lines {
		if slices.Contains(overfull, room) {
			assert.Greater(t, n, maxRoomLines, "%s is small now: take it off the list", room)
			continue
		}
		assert.LessOrEqual(t, n, maxRoomLines, room)
	}
}

// circles are files of one package that name one another, by the package-level
// names that each uses of the others'.
func circles(files map[string]*ast.File) []string {
	home := map[string]string{}
	for name, f := range files {
		for ident := range f.Scope.Objects {
			home[ident] = name
		}
	}
	names := map[string]map[string]bool{}
	for name, f := range files {
		names[name] = map[string]bool{}
		for _, ident := range f.Unresolved {
			if other, ok := home[ident.Name]; ok && other != name {
				names[name][other] = true
			}
		}
	}
	var bad []string
	for name := range files {
		seen := map[string]bool{}
		for next := []string{name}; len(next) > 0; next = next[1:] {
			for other := range names[next[0]] {
				if !seen[other] {
					seen[other], next = true, append(next, other)
				}
			}
		}
		if seen[name] {
			bad = append(bad, name)
		}
	}
	slices.Sort(bad)
	return bad
}

// In a room no file names what names it back: each can be read after those below it.
func TestFilesOfARoomStandInOrder(t *testing.T) {
	rooms := map[string]map[string]*ast.File{}
	for _, s := range sources(t) {
		dir := filepath.Dir(s.path)
		if s.isTest() {
			continue
		}
		if rooms[dir] == nil {
			rooms[dir] = map[string]*ast.File{}
		}
		rooms[dir][filepath.Base(s.path)] = s.ast
	}
	for dir, files := range rooms {
		assert.Empty(t, circles(files), dir)
	}

	planted := map[string]*ast.File{}
	for name, text := range map[string]string{"a.go": "package x\nvar A = B", "b.go": "package x\nvar B = C", "c.go": "package x\nvar C = 1"} {
		f, err := parser.ParseFile(token.NewFileSet(), name, text, 0)
		require.NoError(t, err)
		planted[name] = f
	}
	assert.Empty(t, circles(planted))
	back, err := parser.ParseFile(token.NewFileSet(), "c.go", "package x\nvar C = len(A)", 0)
	require.NoError(t, err)
	planted["c.go"] = back
	assert.Equal(t, []string{"a.go", "b.go", "c.go"}, circles(planted))
}
