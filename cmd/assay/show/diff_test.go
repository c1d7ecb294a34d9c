package show

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/results"
	"assay/results/diff"
)

// Rows of one model and test show in what they differ.
func TestComparedRowsAreToldApart(t *testing.T) {
	of := func(runtime, flash string) diff.Case {
		return diff.Case{Key: results.Key(runtime + " m " + flash), Runtime: runtime, Model: "m", Test: "tg8",
			Case: results.Case{Kind: results.KindDecode, NGen: 8, FlashAttn: flash}}
	}
	on, off := of("llama.cpp", "on"), of("llama.cpp", "off")
	mlx, typed := of("mlx", ""), of("llama.cpp", "on")
	typed.Key, typed.WeightType = "typed", "q4_0"
	assert.Empty(t, keysApart([]diff.Case{on}))
	assert.Equal(t, map[results.Key]string{on.Key: " fa=on", off.Key: " fa=off"}, keysApart([]diff.Case{on, off}))
	assert.Equal(t, map[results.Key]string{typed.Key: " q4_0"}, keysApart([]diff.Case{on, typed}))
	assert.Equal(t, map[results.Key]string{on.Key: " llama.cpp", mlx.Key: " mlx"}, keysApart([]diff.Case{on, mlx}))
}
