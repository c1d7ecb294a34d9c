package results_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/results"
)

func TestSameOutput(t *testing.T) {
	base := results.Record{
		Runtime: results.Runtime{Name: "llama.cpp"}, Model: results.Model{Name: "m"},
		Case: results.Case{Kind: results.KindPrefill, NPrompt: 64, TypeK: "f16", FlashAttn: "on"},
	}
	for name, tt := range map[string]struct {
		change func(*results.Record)
		same   bool
	}{
		"nothing":         {func(*results.Record) {}, true},
		"flash attention": {func(r *results.Record) { r.Case.FlashAttn = "off" }, true},
		"batches":         {func(r *results.Record) { r.Case.NBatch, r.Case.NUbatch = 7, 7 }, true},
		"another kind":    {func(r *results.Record) { r.Case = results.Case{Kind: results.KindDecode, NGen: 8, TypeK: "f16"} }, true},
		"the cache":       {func(r *results.Record) { r.Case.TypeK = "q8_0" }, false},
		"the depth":       {func(r *results.Record) { r.Case.NDepth = 64 }, false},
		"bits":            {func(r *results.Record) { r.Case.KVBits = 8 }, false},
		"the model":       {func(r *results.Record) { r.Model.FileType = "Q8_0" }, false},
		"the runtime":     {func(r *results.Record) { r.Runtime.Name = "mlx" }, false},
	} {
		other := base
		tt.change(&other)
		assert.Equal(t, tt.same, results.SameOutput(base, other), name)
	}
}
