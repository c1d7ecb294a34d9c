package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// These tests hold for the repository as a whole, whatever a package does.

// allowed says what each top folder may import of this module, and why not more.
var allowed = map[string]struct {
	may []string
	why string
}{
	"cmd":     {[]string{"cmd", "harness", "native", "predict", "results"}, "the command line stands on everything"},
	"harness": {[]string{"harness", "native", "predict", "results"}, "measuring must work without a command line"},
	"native":  {[]string{"native"}, "a prediction and the thing that it predicts share no code, or agreement would prove nothing"},
	"predict": {[]string{"predict"}, "a prediction and the thing that it predicts share no code, or agreement would prove nothing"},
	"results": {[]string{"results"}, "records are read long after the program that wrote them, on machines without a runtime"},
}

// goFile is one Go file of the module.
type goFile struct {
	path string // from the module's root, with slashes
	ast  *ast.File
}

func (s goFile) top() string { return strings.SplitN(s.path, "/", 2)[0] }

func (s goFile) isTest() bool { return strings.HasSuffix(s.path, "_test.go") }

func (s goFile) imports() []string {
	var paths []string
	for _, spec := range s.ast.Imports {
		path, _ := strconv.Unquote(spec.Path.Value) // the parser checked it
		paths = append(paths, path)
	}
	return paths
}

const root = "../.."

// ignored are the names at the top that .gitignore lists: what is built there.
func ignored(t *testing.T) []string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, ".gitignore"))
	require.NoError(t, err)
	names := []string{".git"}
	for line := range strings.Lines(string(content)) {
		names = append(names, strings.Trim(line, "/\n"))
	}
	return names
}

// files lists the repository's files, without what is built.
func files(t *testing.T) []string {
	t.Helper()
	var paths []string
	skip := ignored(t)
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(root, path) // below root by construction
		if err == nil && slices.Contains(skip, rel) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if err == nil && d.Type().IsRegular() {
			paths = append(paths, filepath.ToSlash(rel))
		}
		return err
	}))
	require.Contains(t, paths, "go.mod")
	return paths
}

func sources(t *testing.T) []goFile {
	t.Helper()
	var all []goFile
	for _, path := range files(t) {
		if filepath.Ext(path) != ".go" || strings.Contains(path, "/testdata/") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, path), nil, parser.ParseComments)
		require.NoError(t, err)
		all = append(all, goFile{path, parsed})
	}
	return all
}

// forbidden says why a file may not import a path; "" if it may.
func forbidden(s goFile, path string) string {
	if path == "C" {
		return "everything builds without cgo"
	}
	if strings.HasPrefix(path, "github.com/ebitengine/purego") && s.top() != "native" {
		return "native is all that touches C"
	}
	rest, ours := strings.CutPrefix(path, "assay/")
	if rule := allowed[s.top()]; ours && !slices.Contains(rule.may, strings.SplitN(rest, "/", 2)[0]) {
		return rule.why
	}
	return ""
}

func TestImportsPointOneWay(t *testing.T) {
	for _, s := range sources(t) {
		for _, path := range s.imports() {
			assert.Empty(t, forbidden(s, path), "%s imports %s", s.path, path)
		}
	}

	// The rule itself, on planted imports beside clean ones.
	native, predict := goFile{path: "native/llama/x.go"}, goFile{path: "predict/kv/x.go"}
	assert.NotEmpty(t, forbidden(native, "assay/predict/kv"))
	assert.NotEmpty(t, forbidden(predict, "assay/native/llama"))
	assert.NotEmpty(t, forbidden(predict, "assay/harness"))
	assert.NotEmpty(t, forbidden(predict, "github.com/ebitengine/purego"))
	assert.NotEmpty(t, forbidden(native, "C"))
	assert.Empty(t, forbidden(native, "assay/native/dylib"))
	assert.Empty(t, forbidden(native, "github.com/ebitengine/purego"))
	assert.Empty(t, forbidden(predict, "strings"))
}

func TestEveryPackageHasOneDocComment(t *testing.T) {
	docs := map[string][]string{}
	names := map[string]string{}
	for _, s := range sources(t) {
		dir := filepath.Dir(s.path)
		if s.isTest() {
			continue
		}
		names[dir] = s.ast.Name.Name
		if s.ast.Doc != nil {
			docs[dir] = append(docs[dir], s.ast.Doc.Text())
		}
	}
	for dir, name := range names {
		if assert.Len(t, docs[dir], 1, "package doc comments in %s", dir) {
			begin := "Package " + name + " "
			if name == "main" {
				begin = "Command " + filepath.Base(dir) + " "
			}
			assert.True(t, strings.HasPrefix(docs[dir][0], begin), "%s: the doc comment begins with %q", dir, begin)
		}
	}
}

func TestTopLevelIsAsDesigned(t *testing.T) {
	entries, err := os.ReadDir(root)
	require.NoError(t, err)
	designed := []string{"cmd", "harness", "native", "predict", "results", "scripts", "go.mod", "go.sum", "README.md", "LICENSE"}
	designed = append(designed, ignored(t)...)
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			assert.Contains(t, designed, e.Name())
		}
	}
}

// exportedVariables names what other packages could overwrite. Errors are
// values to compare with; everything else is a constant or a function.
func exportedVariables(file *ast.File) []string {
	var names []string
	for _, decl := range file.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.VAR {
			continue
		}
		for _, spec := range gen.Specs {
			for _, name := range spec.(*ast.ValueSpec).Names {
				if name.IsExported() && !strings.HasPrefix(name.Name, "Err") {
					names = append(names, name.Name)
				}
			}
		}
	}
	return names
}

// tables are variables all the same, each for a reason.
var tables = map[string]string{
	"results/settings.go":                "a test adds an invented setting to the table alone",
	"native/mlx/lm/block/feedforward.go": "functions that MLX compiles once, known by their identity",
	"predict/config/attributes.go":       "the names of keys, as data",
	"predict/config/reader.go":           "the names of keys, as data",
}

func TestNoVariableIsExported(t *testing.T) {
	for _, s := range sources(t) {
		if s.ast.Name.Name != "main" && !s.isTest() && tables[s.path] == "" {
			assert.Empty(t, exportedVariables(s.ast), "%s: make it a function", s.path)
		}
	}
	planted, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\nvar ErrX, Y = f()\nvar z int\nfunc F() { var Z int; _ = Z }", 0)
	require.NoError(t, err)
	assert.Equal(t, []string{"Y"}, exportedVariables(planted))
}

// A package manager knows its registry. A host that is written down is one
// that a mirror, a proxy or an offline machine cannot replace.
func TestNoRegistryIsNamed(t *testing.T) {
	// In two halves each, so that this file names none itself.
	var hosts []string
	for _, h := range [][2]string{
		{"registry.npm", "js."}, {"registry.yarn", "pkg."}, {"py", "pi.org"}, {"python", "hosted."}, {"proxy.go", "lang."}, {"sum.go", "lang."},
		{"static.cra", "tes."}, {"index.cra", "tes."}, {"repo1.ma", "ven."}, {"repo.ma", "ven."}, {"deb.deb", "ian."}, {"gh", "cr.io"},
	} {
		hosts = append(hosts, regexp.QuoteMeta(h[0]+h[1]))
	}
	registry := regexp.MustCompile(strings.Join(hosts, "|"))
	for _, path := range files(t) {
		if path == "go.sum" {
			continue
		}
		content, err := os.ReadFile(filepath.Join(root, path))
		require.NoError(t, err)
		assert.Empty(t, string(registry.Find(content)), path)
	}
	assert.True(t, registry.MatchString("a host like "+strings.Join([]string{"py", "pi.org"}, "")))
}
