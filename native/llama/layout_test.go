package llama

import (
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assay/native/dylib"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite testdata from the library that is found")

// defaultsFile is where a release's default parameters are kept: what its own
// functions filled 512 zero bytes with, as hex.Dump shows it, zeroes cut off.
func defaultsFile(version, structName string) string {
	return filepath.Join("testdata", "defaults", version+"."+structName+".txt")
}

func dump(raw []byte) string {
	end := len(raw)
	for end > 0 && raw[end-1] == 0 {
		end--
	}
	return hex.Dump(raw[:(end+15)/16*16])
}

// readDefaults reads a dump back into 512 bytes.
func readDefaults(t *testing.T, version, structName string) []byte {
	t.Helper()
	text, err := os.ReadFile(defaultsFile(version, structName))
	require.NoError(t, err)
	var digits strings.Builder
	for line := range strings.Lines(string(text)) {
		bytes, _, _ := strings.Cut(line, "|")
		digits.WriteString(strings.Join(strings.Fields(bytes)[1:], ""))
	}
	raw, err := hex.DecodeString(digits.String())
	require.NoError(t, err)
	return append(raw, make([]byte, 512-len(raw))...)
}

// expected names the layout of each release.
var expected = map[string]struct{ model, context string }{
	"b6673":  {"b6673", "b6673"},
	"b8121":  {"b8121", "b6673"},
	"b8390":  {"b8121", "b6673"},
	"b10361": {"b10361", "b10361"},
	"v0.4.0": {"v0.4.0", "b10361"},
	"v0.5.0": {"v0.4.0", "b10361"},
	"v0.7.0": {"v0.4.0", "v0.7.0"},
}

func TestEveryReleaseHasOneLayout(t *testing.T) {
	require.Len(t, expected, len(Releases()))
	for _, version := range Releases() {
		t.Run(version, func(t *testing.T) {
			model, err := recognise(modelLayouts, readDefaults(t, version, "model"), LayoutError{})
			require.NoError(t, err)
			require.Equal(t, expected[version].model, model.name)
			context, err := recognise(contextLayouts, readDefaults(t, version, "context"), LayoutError{})
			require.NoError(t, err)
			require.Equal(t, expected[version].context, context.name)
		})
	}
}

// TestDefaultsAreTheLibrarys compares the kept dumps with the library that is
// here, so that they are what the releases say and not what we believe.
func TestDefaultsAreTheLibrarys(t *testing.T) {
	path, err := Find()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("needs llama.cpp: %v", err)
	}
	lib, err := Open(path)
	require.NoError(t, err)
	version := lib.Version()
	for name, raw := range map[string]*defaults{"model": lib.readDefaults(lib.fn.modelDefaults), "context": lib.readDefaults(lib.fn.contextDefaults)} {
		file := defaultsFile(version, name)
		if *update {
			require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
			require.NoError(t, os.WriteFile(file, []byte(dump(raw.bytes())), 0o644))
		}
		if _, known := expected[version]; !known {
			t.Skipf("release %s is not one of %v", version, Releases())
		}
		require.Equal(t, readDefaults(t, version, name), raw.bytes())
	}
}

func TestRecogniseRefusesWhatMoved(t *testing.T) {
	good := readDefaults(t, "v0.5.0", "context")
	spoil := func(change func(raw []byte)) []byte {
		raw := append([]byte(nil), good...)
		change(raw)
		return raw
	}
	tests := []struct {
		name  string
		raw   []byte
		known []layout
		want  string
	}{
		{"another default", spoil(func(raw []byte) { raw[0]++ }), contextLayouts, "fits no known layout"},
		{"four bytes inserted", spoil(func(raw []byte) { copy(raw[36:], good[32:508]) }), contextLayouts, "fits no known layout"},
		{"something behind the end", spoil(func(raw []byte) { raw[200] = 1 }), contextLayouts, "fits no known layout"},
		{"a flag switched", spoil(func(raw []byte) { raw[132] = 0 }), contextLayouts, "fits no known layout"},
		{"nothing filled in", make([]byte, 512), contextLayouts, "fits no known layout"},
		{"two layouts alike", good, append([]layout{{name: "twin", size: 512}}, contextLayouts...), "fits more than one layout (twin, b10361)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := recognise(test.known, test.raw, LayoutError{Path: "/lib/libllama.so", Version: "v9", Struct: "llama_context_params"})
			require.ErrorIs(t, err, dylib.ErrUnusable)
			require.ErrorContains(t, err, "/lib/libllama.so (version v9): llama_context_params "+test.want)
			require.ErrorContains(t, err, "v0.5.0")
		})
	}
	_, err := recognise(contextLayouts, good, LayoutError{})
	require.NoError(t, err, "the control")
}

func TestSetWritesOneFieldOnly(t *testing.T) {
	for _, l := range append(contextLayouts, modelLayouts...) {
		for _, f := range l.fields {
			var b block
			for i := range b {
				b[i] = 0x5555_5555_5555_5555
			}
			before := b
			b.set(f, 0xffff_ffff_ffff_fff0)
			changed := 0
			for i := range b {
				for shift := 0; shift < 64; shift += 8 {
					if (b[i]^before[i])>>shift&0xff != 0 {
						changed++
						require.True(t, i*8+shift/8 >= f.offset && i*8+shift/8 < f.offset+int(f.kind), "%s %s", l.name, f.name)
					}
				}
			}
			require.Equal(t, int(f.kind), changed, "%s %s", l.name, f.name)
		}
		_, found := l.find("no_such_field")
		require.False(t, found)
	}
}
