package live

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/run"
	"assay/harness/subject"
	"assay/harness/suite"
	"assay/results"
)

// planOf is a run of these cases, ten samples each.
func planOf(items ...subject.Item) run.Planned {
	return run.Planned{Suite: suite.Suite{Rounds: 2, Samples: 5}, Items: items}
}

func item(ref, weights string, c results.Case) subject.Item {
	c.Kind, c.NGen, c.NCtx = results.KindDecode, 8, 8+c.NDepth
	it := subject.Item{Runtime: "llama.cpp", Ref: ref, WeightType: weights, Case: c}
	if weights != "" {
		it.Skeleton = "full"
	}
	return it
}

// recordOf is what such an item may measure.
func recordOf(it subject.Item, speed float64) results.Record {
	return results.Record{
		Status: results.StatusOK, Runtime: results.Runtime{Name: it.Runtime, Version: "v1", Device: "CPU"}, Case: it.Case,
		Model: results.Model{Ref: it.Ref, Name: "Toy 1B", WeightType: it.WeightType, Skeleton: it.Skeleton, WeightBytes: new(int64(1 << 20))},
		Measured: &results.Measured{TokensPerSecond: &results.TokensPerSecond{Median: speed, Stddev: new(speed / 100),
			CI95: &[2]float64{speed - 1, speed + 1}}},
		Checks: []results.Check{{Name: "kv_bytes", OK: true}},
	}
}

// Rows are told apart by what differs, and what does not stands above them once.
func TestRows(t *testing.T) {
	for name, tt := range map[string]struct {
		items []subject.Item
		rows  []string
	}{
		"one": {[]subject.Item{item("a/toy.gguf", "", results.Case{FlashAttn: "on", NThreads: 2})},
			[]string{"toy: Toy 1B, 1.00 MiB", "llama.cpp v1 on CPU, 2 threads, fa on", "", "test t/s 95 % memory", "tg8 100 ± 1 99.0 – 101 - ✓"}},
		"by weight type": {[]subject.Item{item("preset:toy", "f16", results.Case{}), item("preset:toy", "q8_0", results.Case{})},
			[]string{"llama.cpp v1 on CPU", "", "model size test t/s 95 % memory", "toy f16 1 MiB tg8 100 ± 1 99.0 – 101 - ✓",
				"toy q8_0 1 MiB tg8 101 ± 1 100 – 102 - ✓"}},
		"by file": {[]subject.Item{item("a/toy-Q4_0.gguf", "", results.Case{}), item("a/toy-Q8_0.gguf", "", results.Case{})},
			[]string{"llama.cpp v1 on CPU", "", "model size test t/s 95 % memory", "toy-Q4_0 1 MiB tg8 100 ± 1 99.0 – 101 - ✓",
				"toy-Q8_0 1 MiB tg8 101 ± 1 100 – 102 - ✓"}},
		"by folder": {[]subject.Item{item("a/toy.gguf", "", results.Case{}), item("b/toy.gguf", "", results.Case{})},
			[]string{"llama.cpp v1 on CPU", "", "model size test t/s 95 % memory", "a/toy 1 MiB tg8 100 ± 1 99.0 – 101 - ✓",
				"b/toy 1 MiB tg8 101 ± 1 100 – 102 - ✓"}},
		"by depth": {[]subject.Item{item("toy", "", results.Case{}), item("toy", "", results.Case{NDepth: 4})},
			[]string{"toy: Toy 1B, 1.00 MiB", "llama.cpp v1 on CPU", "", "test t/s 95 % memory", "tg8 100 ± 1 99.0 – 101 - ✓",
				"tg8 @ d4 101 ± 1 100 – 102 - ✓"}},
		"by flash attention": {[]subject.Item{item("toy", "", results.Case{FlashAttn: "on"}), item("toy", "", results.Case{FlashAttn: "off"})},
			[]string{"toy: Toy 1B, 1.00 MiB", "llama.cpp v1 on CPU", "", "fa test t/s vs first 95 % memory",
				"on tg8 100 ± 1 - 99.0 – 101 - ✓", "off tg8 101 ± 1 +1.0 % 100 – 102 - ✓"}},
		"by threads": {[]subject.Item{item("toy", "", results.Case{NThreads: 1}), item("toy", "", results.Case{NThreads: 2})},
			[]string{"toy: Toy 1B, 1.00 MiB", "llama.cpp v1 on CPU", "", "t test t/s vs first 95 % memory",
				"1 tg8 100 ± 1 - 99.0 – 101 - ✓", "2 tg8 101 ± 1 +1.0 % 100 – 102 - ✓"}},
		"K and V alike are one": {[]subject.Item{item("toy", "", results.Case{TypeK: "f16", TypeV: "f16"}),
			item("toy", "", results.Case{TypeK: "q8_0", TypeV: "q8_0"})},
			[]string{"toy: Toy 1B, 1.00 MiB", "llama.cpp v1 on CPU", "", "type_k test t/s vs first 95 % memory",
				"f16 tg8 100 ± 1 - 99.0 – 101 - ✓", "q8_0 tg8 101 ± 1 +1.0 % 100 – 102 - ✓"}},
		"nor is V above them": {[]subject.Item{item("toy", "", results.Case{TypeK: "q8_0", TypeV: "q8_0"}),
			item("toy", "", results.Case{TypeK: "f16", TypeV: "f16"})},
			[]string{"toy: Toy 1B, 1.00 MiB", "llama.cpp v1 on CPU", "", "type_k test t/s vs first 95 % memory",
				"q8_0 tg8 100 ± 1 - 99.0 – 101 - ✓", "f16 tg8 101 ± 1 +1.0 % 100 – 102 - ✓"}},
	} {
		t.Run(name, func(t *testing.T) {
			table, out := newRows(planOf(tt.items...), false), ""
			for i, it := range tt.items {
				out += table.row(recordOf(it, 100+float64(i)), "")
			}
			lines := strings.Split(strings.TrimSpace(out), "\n")
			require.Len(t, lines, len(tt.rows), out)
			for i, want := range tt.rows {
				assert.Equal(t, want, strings.Join(strings.Fields(lines[i]), " "))
				assert.LessOrEqual(t, len([]rune(lines[i])), widest, lines[i])
			}
		})
	}
}

// A row of everything at once leaves columns out rather than the terminal's width.
func TestRowsKeepTheWidth(t *testing.T) {
	long := "models/" + strings.Repeat("long-", 12) + "Q4_K_M.gguf"
	var items []subject.Item
	for _, c := range []results.Case{{NThreads: 1, TypeK: "f16", TypeV: "q8_0"},
		{NThreads: 16, TypeK: "q8_0", TypeV: "f16", FlashAttn: "auto", NUbatch: 4096, NDepth: 131072}} {
		items = append(items, item(long, "", c), item("other.gguf", "", c))
	}
	plan := planOf(items...)
	plan.Foretold = true
	table := newRows(plan, false)
	for _, it := range items {
		for line := range strings.Lines(table.row(recordOf(it, 12345), "")) {
			assert.LessOrEqual(t, len([]rune(strings.TrimRight(line, "\n"))), widest, line)
		}
	}
	assert.Contains(t, table.row(recordOf(items[0], 1), ""), "Q4_K_M", "the end of a name tells quantisations apart")
}
