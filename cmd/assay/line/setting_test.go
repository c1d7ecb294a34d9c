package line

import (
	"flag"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/results"
)

func TestSettingLists(t *testing.T) {
	fs := flag.NewFlagSet("test", flag.ContinueOnError)
	l := NewSettingLists(fs)
	require.NoError(t, fs.Parse([]string{"-c", "512-2048*2", "--cache-type-k", "f16,q8_0", "-fa", "0,on,-1", "-ngl", "0", "--kv-bits", "4"}))
	assert.Equal(t, map[string][]any{
		"n_ctx": {512, 1024, 2048}, "type_k": {"f16", "q8_0"}, "flash_attn": {"off", "on", "auto"}, "n_gpu_layers": {0}, "kv_bits": {4},
	}, l.Given())
	for _, bad := range [][]string{{"-c", "many"}, {"-fa", "yes"}, {"--swa-full=maybe"}, {"-ctk", ""}} {
		fs := flag.NewFlagSet("test", flag.ContinueOnError)
		fs.SetOutput(io.Discard)
		NewSettingLists(fs)
		assert.Error(t, fs.Parse(bad), "%v", bad)
	}
}

// One case has one value: what is more is refused and not dropped.
func TestCaseSettings(t *testing.T) {
	parse := func(args ...string) (results.Case, error) {
		fs := flag.NewFlagSet("test", flag.ContinueOnError)
		fs.SetOutput(io.Discard)
		o := NewCaseSettings(fs, results.KindPrefill, "n_gen")
		err := fs.Parse(args)
		return o.Settled(), err
	}
	c, err := parse("-ctk", "q8_0", "--swa-full")
	require.NoError(t, err)
	assert.Equal(t, []any{"q8_0", "q8_0", true, 512, 0, 2048}, []any{c.TypeK, c.TypeV, c.SWAFull, c.NPrompt, c.NGen, c.NBatch}, "V follows K")
	c, err = parse("-ctk", "q8_0", "-ctv", "f16")
	require.NoError(t, err)
	assert.Equal(t, "f16", c.TypeV)
	for _, bad := range [][]string{{"-fa", "0,1"}, {"-fa", "0", "-fa", "1"}, {"-c", "1,2"}, {"--swa-full=0,1"}, {"-n", "4"}, {"-t", "4"}} {
		_, err := parse(bad...)
		assert.Error(t, err, "%v", bad)
	}
}

// What llama-bench would leave at its default is said, once.
func TestNoteFollowers(t *testing.T) {
	for args, want := range map[string]string{
		"":                    "",
		"-ctk f16":            "",
		"-ctk f16,q8_0":       "type_v follows type_k here; llama-bench keeps f16: write -ctv f16 for that\n",
		"-ctk q8_0 -ctv q8_0": "",
	} {
		fs := flag.NewFlagSet("test", flag.ContinueOnError)
		l := NewSettingLists(fs)
		require.NoError(t, fs.Parse(strings.Fields(args)))
		var out strings.Builder
		l.NoteFollowers(&out)
		assert.Equal(t, want, out.String(), args)
	}
}
