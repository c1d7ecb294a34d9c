package cost_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/predict/cost"
)

// The table of facts read in MLX's sources, width by width.
func TestWhichAttentionIsFused(t *testing.T) {
	one := func(dim int64) cost.MLXAttention {
		return cost.MLXAttention{KeyDim: dim, ValueDim: dim, Queries: 1, Keys: 1000, Sharing: 4}
	}
	many := func(dim int64) cost.MLXAttention {
		return cost.MLXAttention{KeyDim: dim, ValueDim: dim, Queries: 512, Keys: 1000, Sharing: 4, Causal: true}
	}
	wide := cost.MLXAttention{KeyDim: 192, ValueDim: 128, Queries: 1, Keys: 1000, Sharing: 1}
	few := func(queries, sharing int64) cost.MLXAttention {
		return cost.MLXAttention{KeyDim: 128, ValueDim: 128, Queries: queries, Keys: 1000, Sharing: sharing}
	}
	for _, c := range []struct {
		call    cost.MLXAttention
		release string
		fused   bool
	}{
		{one(64), "0.30.6", true}, {one(80), "0.32.1", false}, {one(96), "0.30.6", true}, {one(128), "0.31.2", true},
		{one(256), "0.31.2", true}, {one(512), "0.32.1", false}, {one(16), "", false},
		{many(64), "0.30.6", true}, {many(80), "0.31.2", true}, {many(128), "0.31.2", true}, {many(256), "0.32.1", false},
		{many(96), "0.32.0", false}, {many(96), "0.32.1", true}, {many(72), "0.31.2", false}, {many(72), "0.32.1", true}, {many(96), "", true},
		{wide, "0.31.2", false}, {wide, "0.32.0", true},
		{few(4, 8), "0.31.2", true}, {few(5, 8), "0.31.2", false}, {few(8, 4), "", true}, {few(8, 5), "", false}, {few(9, 8), "", true},
		{cost.MLXAttention{KeyDim: 128, ValueDim: 128, Queries: 512, Keys: 100, Sharing: 1, Causal: true}, "", false},
		{cost.MLXAttention{KeyDim: 128, ValueDim: 128, Queries: 512, Keys: 100, Sharing: 1}, "", true},
	} {
		assert.Equal(t, c.fused, cost.MLXFuses(c.call, c.release), "%+v in %s", c.call, c.release)
	}
}
