package llama

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"assay/native/dylib"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite testdata from the library that is found")

// defaultsFile is where a release's default parameters are kept: what its own
// functions wrote, eight bytes a line behind their offset, ".." for a byte that
// was not written.
func defaultsFile(version, structName string) string {
	return filepath.Join("testdata", "defaults", version+"."+structName+".txt")
}

func (e evidence) text() string {
	var b strings.Builder
	for i := 0; i < e.end(); i++ {
		if i%8 == 0 {
			fmt.Fprintf(&b, "%3d", i)
		}
		if e.written[i] {
			fmt.Fprintf(&b, " %02x", e.values[i])
		} else {
			b.WriteString(" ..")
		}
		if i%8 == 7 {
			b.WriteString("\n")
		}
	}
	return b.String() + strings.Repeat(" ..", (8-e.end()%8)%8) + strings.Repeat("\n", min(1, e.end()%8))
}

// readDefaults reads a golden back.
func readDefaults(t *testing.T, version, structName string) evidence {
	t.Helper()
	text, err := os.ReadFile(defaultsFile(version, structName))
	require.NoError(t, err)
	e := evidence{written: make([]bool, len(scratch{}))}
	at := 0
	for line := range strings.Lines(string(text)) {
		for _, digits := range strings.Fields(line)[1:] {
			if value, err := strconv.ParseUint(digits, 16, 8); err == nil {
				e.values[at], e.written[at] = byte(value), true
			}
			at++
		}
	}
	return e
}

// expected names the layout of each release.
var expected = map[string]struct{ model, context string }{
	"b6673":  {"b6431", "b6431"},
	"b6845":  {"b6845", "b6431"},
	"b7347":  {"b6845", "b6431"},
	"b7698":  {"b7698", "b7698"},
	"b7836":  {"b7698", "b7698"},
	"b8121":  {"b7698", "b7698"},
	"b8179":  {"b7698", "b7698"},
	"b8390":  {"b7698", "b7698"},
	"b9842":  {"b7698", "b9554"},
	"b10068": {"b7698", "b9554"},
	"b10361": {"b10236", "b10361"},
	"v0.4.0": {"b10715", "b10361"},
	"v0.5.0": {"b10715", "b10361"},
	"b11739": {"b10715", "b11548"},
	"v0.7.0": {"b10715", "b11548"},
}

func TestEveryReleaseHasOneLayout(t *testing.T) {
	require.Len(t, expected, len(Releases()))
	for _, version := range Releases() {
		t.Run(version, func(t *testing.T) {
			for _, s := range []struct {
				name, want string
				known      []layout
			}{{"model", expected[version].model, modelLayouts}, {"context", expected[version].context, contextLayouts}} {
				e := readDefaults(t, version, s.name)
				whole, err := e.recognise(s.known, LayoutError{})
				require.NoError(t, err)
				require.Equal(t, s.want, whole.name)
				require.True(t, e.steady(whole), "the defaults that never changed")
				// A compiler that copies the struct whole writes its padding, too.
				for i := range whole.size {
					e.written[i] = true
				}
				found, err := e.recognise(s.known, LayoutError{})
				require.NoError(t, err, "padding written")
				require.Equal(t, whole.fields[:len(found.fields)], found.fields, "padding written")
			}
		})
	}
}

// The offsets that were read off with a compiler, in the releases where they
// moved.
func TestLayoutsAreWhereCPutsThem(t *testing.T) {
	for _, test := range []struct {
		known        []layout
		layout, name string
		offset, size int
	}{
		{contextLayouts, "b6431", "kv_unified", 117, 120},
		{contextLayouts, "b7698", "samplers", 120, 136},
		{contextLayouts, "b9209", "ctx_type", 28, 144},
		{contextLayouts, "b9554", "n_threads", 24, 160},
		{contextLayouts, "b9554", "cb_eval", 88, 160},
		{contextLayouts, "b10361", "n_threads", 28, 160},
		{contextLayouts, "b10361", "flash_attn_type", 52, 160},
		{contextLayouts, "b10361", "type_k", 104, 160},
		{contextLayouts, "b11548", "moe_cache_size", 112, 168},
		{contextLayouts, "b11548", "embeddings", 136, 168},
		{modelLayouts, "b6431", "use_extra_bufts", 68, 72},
		{modelLayouts, "b6845", "no_host", 69, 72},
		{modelLayouts, "b7698", "no_alloc", 71, 72},
		{modelLayouts, "b10133", "load_mode", 24, 72},
		{modelLayouts, "b10133", "no_alloc", 68, 72},
		{modelLayouts, "b10236", "load_mtp", 69, 72},
		{modelLayouts, "b10715", "main_gpu", 32, 80},
		{modelLayouts, "b10715", "load_mtp", 77, 80},
	} {
		at := slices.IndexFunc(test.known, func(l layout) bool { return l.name == test.layout })
		require.GreaterOrEqual(t, at, 0, test.layout)
		f, ok := test.known[at].find(test.name)
		require.True(t, ok, "%s %s", test.layout, test.name)
		require.Equal(t, test.offset, f.offset, "%s %s", test.layout, test.name)
		require.Equal(t, test.size, test.known[at].size, test.layout)
	}
}

// TestDefaultsAreTheLibrarys compares the goldens with the library that is
// here, so that they are what the releases write and not what we believe.
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
	for name, e := range map[string]evidence{"model": witness(lib.fn.modelDefaults), "context": witness(lib.fn.contextDefaults)} {
		file := defaultsFile(version, name)
		if *update {
			require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
			require.NoError(t, os.WriteFile(file, []byte(e.text()), 0o644))
		}
		if _, known := expected[version]; !known {
			t.Skipf("release %s is not one of %v", version, Releases())
		}
		require.Equal(t, readDefaults(t, version, name).text(), e.text())
	}
}

func TestRecogniseRefusesWhatMoved(t *testing.T) {
	spoil := func(change func(e *evidence)) evidence {
		e := readDefaults(t, "v0.5.0", "context")
		change(&e)
		return e
	}
	write := func(from, to int) func(*evidence) {
		return func(e *evidence) {
			for i := from; i < to; i++ {
				e.written[i] = true
			}
		}
	}
	tests := []struct {
		name  string
		e     evidence
		known []layout
		want  string
	}{
		{"a bool put into a hole", spoil(write(134, 135)), contextLayouts, "fits no known layout (it writes 160 bytes without 135 to 135)"},
		{"a bool less", spoil(func(e *evidence) { e.written[133] = false }), contextLayouts,
			"fits no known layout (it writes 160 bytes without 133 to 135)"},
		{"a pointer more at the end", spoil(write(160, 168)), contextLayouts, "fits no known layout (it writes 168 bytes without 134 to 135)"},
		{"nothing filled in", evidence{written: make([]bool, len(scratch{}))}, contextLayouts, "fits no known layout (it writes 0 bytes)"},
		{"two layouts alike", spoil(func(*evidence) {}), append([]layout{laidOut("twin", contextLayouts[4].members())}, contextLayouts...),
			"fits more than one layout (twin, b10361)"},
		{"written whole, another default", spoil(func(e *evidence) { write(0, 160)(e); e.values[0]++ }), contextLayouts, "fits no known layout"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := test.e.recognise(test.known, LayoutError{Path: "/lib/libllama.so", Version: "v9", Struct: "llama_context_params"})
			require.ErrorIs(t, err, dylib.ErrUnusable)
			require.ErrorContains(t, err, "/lib/libllama.so (version v9): llama_context_params "+test.want)
			require.ErrorContains(t, err, "v0.5.0")
		})
	}
	other := spoil(func(e *evidence) { e.values[0]++ })
	_, err := other.recognise(contextLayouts, LayoutError{})
	require.NoError(t, err, "another default is no other layout")
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
