package mlx

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/native/dylib"
)

// headersEnv names headers to check the signatures against, one folder (that
// holds mlx/c/array.h) a release: v0.5.0=FOLDER:v0.6.0=FOLDER. Without it the
// headers beside the installed library are checked.
const headersEnv = "ASSAY_MLX_HEADERS"

// headers answers the folders to check, by release.
func headers(t *testing.T) map[string]string {
	folders := map[string]string{}
	for _, item := range filepath.SplitList(os.Getenv(headersEnv)) {
		release, folder, ok := strings.Cut(item, "=")
		require.True(t, ok, "%s: %q is not RELEASE=FOLDER", headersEnv, item)
		folders[release] = folder
	}
	if len(folders) > 0 {
		return folders
	}
	path, err := dylib.Here().Find(Spec())
	if err != nil {
		t.Skipf("needs the headers of mlx-c (set %s, or install libmlxc): %v", headersEnv, err)
	}
	lib, err := Open(path)
	require.NoError(t, err)
	folder := filepath.Join(filepath.Dir(path), "..", "include")
	if _, err := os.Stat(filepath.Join(folder, "mlx", "c", "array.h")); err != nil {
		t.Skipf("needs the headers of mlx-c (set %s): %v", headersEnv, err)
	}
	folders[lib.Release.Name] = folder
	return folders
}

var (
	comments    = regexp.MustCompile(`(?s)/\*.*?\*/|//[^\n]*`)
	declaration = regexp.MustCompile(`(?:const )?\w+\*? mlx_\w+\((?:[^()]|\([^()]*\))*\);`)
	spaces      = regexp.MustCompile(`\s+`)
	pointer     = regexp.MustCompile(`\(\*\s*\w*\)\(`)
)

// declarations answers each function that the headers in a folder declare, in
// the form of the signatures table.
func declarations(t *testing.T, folder string) map[string]string {
	files, err := filepath.Glob(filepath.Join(folder, "mlx", "c", "*.h"))
	require.NoError(t, err)
	require.NotEmpty(t, files, "no headers in %s", folder)
	found := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		// Joining lines first lets a declaration spread over several.
		line := spaces.ReplaceAllString(comments.ReplaceAllString(string(text), " "), " ")
		line = strings.ReplaceAll(line, " *", "* ")
		for _, text := range declaration.FindAllString(spaces.ReplaceAllString(line, " "), -1) {
			signature := normalise(text)
			found[nameIn(signature)] = signature
		}
	}
	return found
}

// normalise strips qualifiers and the names of arguments.
func normalise(text string) string {
	text = strings.TrimSuffix(strings.ReplaceAll(text, "const ", ""), ";")
	text = pointer.ReplaceAllString(text, "(*)(")
	open := strings.IndexByte(text, '(')
	head, body := text[:open], text[open+1:len(text)-1]
	if body == "void" {
		body = ""
	}
	var arguments []string
	for _, argument := range splitArguments(body) {
		arguments = append(arguments, typeOf(strings.TrimSpace(argument)))
	}
	return head + "(" + strings.Join(arguments, ", ") + ")"
}

// splitArguments splits at the commas outside of parentheses.
func splitArguments(body string) (parts []string) {
	depth, start := 0, 0
	for i, c := range body {
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			parts = append(parts, body[start:i])
			start = i + 1
		}
	}
	if strings.TrimSpace(body) != "" {
		parts = append(parts, body[start:])
	}
	return parts
}

// typeOf drops the name of an argument; a function pointer has none left.
func typeOf(argument string) string {
	if head, inner, ok := strings.Cut(argument, "(*)("); ok {
		inner = strings.TrimSuffix(inner, ")")
		var types []string
		for _, one := range splitArguments(inner) {
			types = append(types, typeOf(strings.TrimSpace(one)))
		}
		return strings.TrimSpace(head) + "(*)(" + strings.Join(types, ",") + ")"
	}
	words := strings.Fields(argument)
	if len(words) > 1 {
		words = words[:len(words)-1]
	}
	return strings.Join(words, " ")
}

func nameIn(signature string) string {
	head, _, _ := strings.Cut(signature, "(")
	return head[strings.LastIndexByte(head, ' ')+1:]
}

// differences lists every function of a release that the headers declare in
// another way, or not at all.
func differences(release Release, declared map[string]string) (lines []string) {
	for f := range fnCount {
		want := release.signature(f)
		if got := declared[f.symbol()]; got != want {
			lines = append(lines, "declared "+got+", called as "+want)
		}
	}
	return lines
}

func TestSignaturesAreThoseOfTheHeaders(t *testing.T) {
	for name, folder := range headers(t) {
		t.Run(name, func(t *testing.T) {
			declared := declarations(t, folder)
			checked := false
			for _, release := range releases {
				if release.Name == name {
					checked = true
					assert.Empty(t, differences(release, declared))
					assert.Contains(t, declared, release.First)
				}
			}
			assert.True(t, checked, "%s is none of the releases", name)
		})
	}
}

func TestSignatureCheckSeesAPlantedDefect(t *testing.T) {
	declared := map[string]string{}
	for f := range fnCount {
		declared[f.symbol()] = signatures[f]
	}
	newest, oldest := releases[0], releases[len(releases)-1]
	assert.Empty(t, differences(newest, declared), "the clean control")
	assert.Len(t, differences(oldest, declared), 5, "v0.5.0 quantises without a global scale and shows no graphs")
	declared["mlx_add"] = "int mlx_add(mlx_array*, mlx_array, mlx_array)"
	assert.Equal(t, []string{"declared int mlx_add(mlx_array*, mlx_array, mlx_array), called as " + signatures[fnAdd]},
		differences(newest, declared))
}

func TestNormalise(t *testing.T) {
	for text, want := range map[string]string{
		"int mlx_add( mlx_array* res, const mlx_array a, const mlx_stream s);":                         "int mlx_add(mlx_array*, mlx_array, mlx_stream)",
		"mlx_string mlx_string_new(void);":                                                             "mlx_string mlx_string_new()",
		"void mlx_set(mlx_f handler, void* data, void (*dtor)(void*));":                                "void mlx_set(mlx_f, void*, void(*)(void*))",
		"mlx_c mlx_new( int (*fun)(mlx_vector_array*, const mlx_vector_array, void*), void* payload);": "mlx_c mlx_new(int(*)(mlx_vector_array*,mlx_vector_array,void*), void*)",
	} {
		assert.Equal(t, want, normalise(text))
	}
}

func TestRecognise(t *testing.T) {
	from := func(oldest int) func(string) bool { // exports what releases[oldest] and the older ones have
		return func(symbol string) bool {
			for _, release := range releases[oldest:] {
				if symbol == release.First {
					return true
				}
			}
			return false
		}
	}
	for _, test := range []struct {
		name, mlx string
		has       func(string) bool
		want      string
	}{
		{"newest", "0.31.2", from(0), "v0.6.0-4-gfba4470"},
		{"v0.6.0", "0.31.1", from(1), "v0.6.0"},
		{"v0.6.0 over a later MLX", "0.32.2", from(1), "v0.6.0"},
		{"v0.5.0", "0.30.6", from(2), "v0.5.0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			release, err := recognise("libmlxc.so", test.mlx, test.has)
			require.NoError(t, err)
			assert.Equal(t, test.want, release.Name)
		})
	}
	for _, test := range []struct {
		name, mlx string
		has       func(string) bool
	}{
		{"v0.4.1", "0.30.1", from(3)},
		{"after the newest", "0.32.1", from(0)},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := recognise("/x/libmlxc.so", test.mlx, test.has)
			require.ErrorIs(t, err, dylib.ErrUnusable)
			assert.ErrorContains(t, err, "/x/libmlxc.so")
			assert.ErrorContains(t, err, test.mlx)
		})
	}
}
