package results_test

import (
	"time"

	"assay/results"
)

// decode is a sound record of a timed case.
func decode(run string) results.Record {
	return results.Record{
		Schema:  results.Schema,
		RunID:   run,
		Time:    time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC),
		Status:  results.StatusOK,
		Host:    results.Host{Name: "mini", OS: "darwin", Arch: "arm64", Chip: "Apple M4", Cores: 10, MemoryBytes: 16 << 30},
		Runtime: results.Runtime{Name: "llama.cpp", Version: "b7000"},
		Model:   results.Model{Ref: "/models/qwen3.gguf", Name: "qwen3-0.6b", Arch: "qwen3", WeightType: "q4_K"},
		Case:    results.Case{Kind: results.KindDecode, NCtx: 4096, NGen: 128, TypeK: "f16", TypeV: "f16", FlashAttn: "auto"},
		Measured: &results.Measured{
			SamplesNS: []int64{1_000_000, 1_010_000, 1_005_000},
			Rounds:    []int{0, 0, 1},
		},
	}
}
