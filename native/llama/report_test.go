package llama_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assay/native/llama"

	"github.com/stretchr/testify/require"
)

// readLog reads lines as a library printed them, "LEVEL text": a load and a
// context of the skeletons gemma3 and mamba, n_ctx 5000, two sequences, K in
// q8_0; what is not about memory is cut out.
func readLog(t testing.TB, file string) []llama.Line {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var lines []llama.Line
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		lines = append(lines, llama.Line{Level: llama.Level(line[0] - '0'), Text: line[2:]})
	}
	return lines
}

const hundredthMiB = 1 << 20 / 100.0

// mib is a size as the log gives it, in bytes.
func mib(hundredths float64) int64 { return int64(hundredths*hundredthMiB + 0.5) }

func TestParseReportReadsEveryRelease(t *testing.T) {
	for _, version := range llama.Releases {
		t.Run(version+" windowed", func(t *testing.T) {
			r := llama.ParseReport(readLog(t, filepath.Join("testdata", "log", version+".gemma3.log")))
			require.Equal(t, []llama.CacheReport{
				{Cells: 2560, Layers: 1, Seqs: 2, Streams: 2, TypeK: "q8_0", TypeV: "f16",
					KBytes: mib(33), VBytes: mib(62), Bytes: mib(96), LayerIDs: []int{5}, Filtered: []int{0, 1, 2, 3, 4, 6}},
				{Cells: 1024, Layers: 6, Seqs: 2, Streams: 2, TypeK: "q8_0", TypeV: "f16",
					KBytes: mib(80), VBytes: mib(150), Bytes: mib(230), LayerIDs: []int{0, 1, 2, 3, 4, 6}, Filtered: []int{5}},
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
			r := llama.ParseReport(readLog(t, filepath.Join("testdata", "log", version+".mamba.log")))
			require.Equal(t, []llama.CacheReport{
				{Recurrent: true, Cells: 2, Layers: 2, Seqs: 2, Streams: 2, TypeK: "f32", TypeV: "f32",
					KBytes: mib(1), VBytes: mib(3), Bytes: mib(4), LayerIDs: []int{0, 1}},
			}, r.Caches)
			require.Equal(t, mib(4), *r.Sum("RS"))
			require.Nil(t, r.Sum("KV"))
		})
	}
}

func TestParseReportTakesTheLastComputeBuffer(t *testing.T) {
	r := llama.ParseReport([]llama.Line{
		{Text: "sched_reserve:      Metal compute buffer size =   100.00 MiB"},
		{Text: "sched_reserve:        CPU compute buffer size =     1.00 MiB"},
		{Text: "load_tensors: Metal model buffer size =    10.00 MiB"},
		{Text: "sched_reserve:      Metal compute buffer size =    50.00 MiB"},
		{Text: "load_tensors: Metal model buffer size =     5.00 MiB"},
		{Text: "sched_reserve: graph nodes  = 999 (with bs=512), 1000 (with bs=1)"},
		{Text: "sched_reserve: graph splits = 3"},
	})
	require.Equal(t, int64(51<<20), *r.Sum("compute"))
	require.Equal(t, int64(15<<20), *r.Sum("model"))
	require.Equal(t, 999, *r.GraphNodes)
	require.Equal(t, 3, *r.GraphSplits)
	require.Nil(t, r.CacheBytes(), "no cache was printed")
}

func FuzzParseReport(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "log", "*.log"))
	require.NoError(f, err)
	for _, file := range files {
		for _, line := range readLog(f, file) {
			f.Add(line.Text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := llama.ParseReport([]llama.Line{{Text: text}})
		for _, c := range r.Caches {
			require.GreaterOrEqual(t, c.Cells, 0)
			require.GreaterOrEqual(t, c.Layers, 0)
			require.GreaterOrEqual(t, c.Bytes, int64(0))
		}
		for _, b := range r.Buffers {
			require.GreaterOrEqual(t, b.Bytes, int64(0))
		}
	})
}
