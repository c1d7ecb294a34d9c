package mlx

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/native/mlx"
	"assay/results"
)

// A figure that was not counted in full is absent, with the reason, never 0.
func TestCountedIsWholeOrAbsent(t *testing.T) {
	node := func(primitive string) mlx.Node {
		return mlx.Node{Primitive: primitive, Inputs: []mlx.Operand{{Shape: []int64{2, 3}}, {Shape: []int64{3, 4}}},
			Outputs: []mlx.Operand{{Shape: []int64{2, 4}}}}
	}
	whole := mlx.NewCounter()
	whole.Observe(node("Matmul"))
	m := &results.Measured{}
	assert.Empty(t, counted(m, whole))
	assert.Equal(t, new(int64(48)), m.FLOPs)
	assert.Equal(t, map[string]int64{"Matmul": 48}, m.FLOPsByOp)
	assert.Empty(t, m.Missing)

	whole.Observe(node("SegmentedMM"))
	m = &results.Measured{}
	checks := counted(m, whole)
	assert.Nil(t, m.FLOPs)
	assert.Equal(t, new(int64(2)), m.Nodes)
	assert.False(t, checks[0].OK)
	assert.Contains(t, checks[0].Detail, "SegmentedMM")

	m = &results.Measured{}
	assert.Empty(t, counted(m, nil), "a library that shows no graphs is no failure")
	assert.Nil(t, m.FLOPs)
	assert.Nil(t, m.Nodes)
	assert.Contains(t, m.Missing["flops"], "mlx_print_graph")
}
