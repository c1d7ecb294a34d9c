package line

import (
	"flag"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNumbers(t *testing.T) {
	for _, tc := range []struct {
		text string
		want []int
		err  string
	}{
		{text: "512", want: []int{512}},
		{text: "0,4096", want: []int{0, 4096}},
		{text: "1-4", want: []int{1, 2, 3, 4}},
		{text: "128-512+128", want: []int{128, 256, 384, 512}},
		{text: "1-9*2", want: []int{1, 2, 4, 8}},
		{text: "-1", want: []int{-1}},
		{text: "many", err: `"many" is not a whole number`},
		{text: "1-8*1", err: "is not a range"},
		{text: "0-8*2", err: "is not a range"},
		{text: "9-1", err: "9-1 runs backwards; write 1-9"},
		{text: "1,,2", err: "1,,2 has an empty entry"},
		{text: "1-99999999", err: "is a range of 1000 numbers or more; give it a step, such as 1-99999999*2"},
		{text: "", err: "is not a whole number"},
	} {
		t.Run(tc.text, func(t *testing.T) {
			l := Numbers()
			err := l.Set(tc.text)
			if tc.err != "" {
				assert.ErrorContains(t, err, tc.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tc.want, l.Values)
		})
	}
}

func TestSwitches(t *testing.T) {
	for _, tc := range []struct {
		args []string
		want []any
	}{
		{[]string{"--swa-full"}, []any{true}},
		{[]string{"--swa-full=0,1"}, []any{false, true}},
		{[]string{"--swa-full=0"}, []any{false}},
		{nil, nil},
	} {
		fs := flag.NewFlagSet("test", flag.ContinueOnError)
		l := NewSettingLists(fs)
		require.NoError(t, fs.Parse(tc.args))
		assert.Equal(t, tc.want, l.Given()["swa_full"], "%v", tc.args)
	}
}

func TestPairs(t *testing.T) {
	var p Pairs
	require.NoError(t, p.Set("512,128"))
	require.NoError(t, p.Set("64,16"))
	assert.Equal(t, [][2]int{{512, 128}, {64, 16}}, p.Values)
	for _, bad := range []string{"512", "512,", "a,b", "0,4", "512,-1"} {
		assert.Error(t, p.Set(bad), bad)
	}
}

func TestParseInterspersed(t *testing.T) {
	for _, tc := range []struct {
		args, words []string
		json        bool
	}{
		{args: []string{"model", "--json"}, words: []string{"model"}, json: true},
		{args: []string{"--json", "model"}, words: []string{"model"}, json: true},
		{args: []string{"a", "--json", "b"}, words: []string{"a", "b"}, json: true},
		{args: []string{"a", "--", "--json"}, words: []string{"a", "--json"}},
		{args: nil},
	} {
		fs := flag.NewFlagSet("test", flag.ContinueOnError)
		fs.SetOutput(io.Discard)
		json := fs.Bool("json", false, "")
		words, err := parseInterspersed(fs, tc.args)
		require.NoError(t, err)
		assert.Equal(t, tc.words, words, "%v", tc.args)
		assert.Equal(t, tc.json, *json, "%v", tc.args)
	}
}
