package printed_test

import (
	"fmt"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"assay/native/llama/printed"
)

// readLog reads lines as a library printed them, "LEVEL text": a load and a
// context of the skeletons gemma3 and mamba, n_ctx 5000, two sequences, K in
// q8_0; what is not about memory is cut out.
func readLog(t testing.TB, file string) []printed.Line {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var lines []printed.Line
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		lines = append(lines, printed.Line{Level: printed.Level(line[0] - '0'), Text: line[2:]})
	}
	return lines
}

const hundredthMiB = 1 << 20 / 100.0

// mib is a size as the log gives it, in bytes.
func mib(hundredths float64) int64 { return int64(hundredths*hundredthMiB + 0.5) }

func TestParseReportReadsEveryRelease(t *testing.T) {
	kept, err := filepath.Glob(filepath.Join("testdata", "log", "*.gemma3.log"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(kept), 7)
	for _, file := range kept {
		version := strings.TrimSuffix(filepath.Base(file), ".gemma3.log")
		t.Run(version+" windowed", func(t *testing.T) {
			r := printed.ParseReport(readLog(t, filepath.Join("testdata", "log", version+".gemma3.log")))
			require.Equal(t, []printed.CacheReport{
				{Cells: 2560, Layers: 1, Streams: 2, TypeK: "q8_0", TypeV: "f16",
					KBytes: mib(33), VBytes: mib(62), Bytes: mib(96)},
				{Cells: 1024, Layers: 6, Streams: 2, TypeK: "q8_0", TypeV: "f16",
					KBytes: mib(80), VBytes: mib(150), Bytes: mib(230)},
			}, r.Caches)
			require.Equal(t, mib(326), *r.Sum("KV"))
			require.Equal(t, mib(326), *r.CacheBytes())
			require.Equal(t, mib(0), *r.Sum("output"))
			require.Positive(t, *r.Sum("model"))
			require.Positive(t, *r.Sum("compute"))
			require.Nil(t, r.Sum("RS"))
			require.Equal(t, "false", r.Settings["kv_unified"])
			require.Equal(t, "auto", r.Settings["flash_attn"])
		})
		t.Run(version+" recurrent", func(t *testing.T) {
			r := printed.ParseReport(readLog(t, filepath.Join("testdata", "log", version+".mamba.log")))
			require.Equal(t, []printed.CacheReport{
				{Recurrent: true, Cells: 2, Layers: 2, Streams: 2, TypeK: "f32", TypeV: "f32",
					KBytes: mib(1), VBytes: mib(3), Bytes: mib(4)},
			}, r.Caches)
			require.Equal(t, mib(4), *r.Sum("RS"))
			require.Nil(t, r.Sum("KV"))
		})
	}
}

func TestParseReportTakesTheLastComputeBuffer(t *testing.T) {
	r := printed.ParseReport([]printed.Line{
		{Text: "sched_reserve:      Metal compute buffer size =   100.00 MiB"},
		{Text: "sched_reserve:        CPU compute buffer size =     1.00 MiB"},
		{Text: "load_tensors: Metal model buffer size =    10.00 MiB"},
		{Text: "sched_reserve:      Metal compute buffer size =    50.00 MiB"},
		{Text: "load_tensors: Metal model buffer size =     5.00 MiB"},
	})
	require.Equal(t, int64(51<<20), *r.Sum("compute"))
	require.Equal(t, int64(15<<20), *r.Sum("model"))
	require.Nil(t, r.CacheBytes(), "no cache was printed")
}

// A size or count that cannot be read must not pass for 0, nor be left out of a
// sum.
func TestParseReportCountsNothingThatItCannotRead(t *testing.T) {
	const (
		cache  = "llama_kv_cache: size = %s MiB ( %s cells,   1 layers,  2/2 seqs), K (f16):    %s MiB, V (f16):    0.50 MiB"
		buffer = "llama_kv_cache:        CPU KV buffer size =     %s MiB"
	)
	huge := strings.Repeat("9", 30)
	tests := []struct {
		name, line string
		read       bool
	}{
		{"a cache", fmt.Sprintf(cache, "1.00", "256", "0.50"), true},
		{"a buffer", fmt.Sprintf(buffer, "1.00"), true},
		{"a buffer of nothing", fmt.Sprintf(buffer, "0.00"), true},
		{"a size with two dots", fmt.Sprintf(cache, "1.0.0", "256", "0.50"), false},
		{"a size of dots", fmt.Sprintf(cache, "1.00", "256", "..."), false},
		{"a size beyond any machine", fmt.Sprintf(cache, "1.00", "256", huge), false},
		{"cells beyond any machine", fmt.Sprintf(cache, "1.00", huge, "0.50"), false},
		{"no streams", strings.Replace(fmt.Sprintf(cache, "1.00", "256", "0.50"), "2/2", "2", 1), false},
		{"a buffer with two dots", fmt.Sprintf(buffer, "1.0.0"), false},
		{"a buffer beyond any machine", fmt.Sprintf(buffer, huge), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			good := []printed.Line{{Text: fmt.Sprintf(cache, "4.00", "512", "3.50")}, {Text: fmt.Sprintf(buffer, "4.00")}}
			r := printed.ParseReport(append(good, printed.Line{Text: test.line}))
			if test.read {
				require.Empty(t, r.Unread)
				require.NotNil(t, r.CacheBytes())
				require.NotNil(t, r.Sum("KV"))
				return
			}
			require.Equal(t, []string{test.line}, r.Unread)
			require.Nil(t, r.CacheBytes(), "a sum without it would be too small")
			require.Nil(t, r.Sum("KV"))
			require.Len(t, r.Caches, 1)
			require.Len(t, r.Buffers, 1)
		})
	}
}

// Whatever numbers stand in the lines, they are read as they stand or not at all.
func FuzzParseReport(f *testing.F) {
	f.Add("0.96", "2560", "1", "2", "K")
	f.Add("230.00", "1024", "6", "1", "R")
	f.Add("1.2.3", "99999999999999999999", "", "0", "K")
	f.Fuzz(func(t *testing.T, size, cells, layers, streams, kind string) {
		line := fmt.Sprintf("x: size = %s MiB ( %s cells, %s layers,  %s/%s seqs), %s (f16): %s MiB, V (f16): %s MiB",
			size, cells, layers, streams, streams, kind, size, size)
		r := printed.ParseReport([]printed.Line{{Text: line}, {Text: "x: CPU KV buffer size = " + size + " MiB"}})
		for _, c := range r.Caches {
			requireSize(t, c.KBytes, line)
			requireSize(t, c.Bytes, line)
			require.Regexp(t, fmt.Sprintf(`\( *0*%d cells, +0*%d layers, +0*%d/`, c.Cells, c.Layers, c.Streams), line)
		}
		for _, b := range r.Buffers {
			requireSize(t, b.Bytes, size+" MiB")
		}
		if len(r.Unread) > 0 {
			require.Nil(t, r.CacheBytes())
			require.Nil(t, r.Sum("KV"))
		}
	})
}

var sizes = regexp.MustCompile(`([0-9.]+) MiB`)

// requireSize fails unless the text has a size of as many bytes.
func requireSize(t *testing.T, bytes int64, text string) {
	t.Helper()
	for _, found := range sizes.FindAllStringSubmatch(text, -1) {
		mib, ok := new(big.Float).SetString(found[1])
		if ok {
			exact, _ := new(big.Float).Mul(mib, big.NewFloat(1<<20)).Float64()
			if math.Abs(exact-float64(bytes)) <= 0.5 {
				return
			}
		}
	}
	require.Fail(t, "read a size that is not there", "%d bytes in %q", bytes, text)
}

func TestParseReportReadsSplits(t *testing.T) {
	for text, want := range map[string][]int{
		"llama_context: graph splits = 1":                                                                       {1},
		"sched_reserve: graph splits = 26 (with bs=512), 3 (with bs=1)":                                         {26, 3},
		"sched_reserve: graph (pp bs=512, tg bs=1): nodes = 822 / 822, splits = 324 / 2, input objects = 4 / 4": {324, 2},
		"sched_reserve: graph splits = many":                                                                    nil,
	} {
		require.Equal(t, want, printed.ParseReport(linesOf(text)).Splits, text)
	}
}
