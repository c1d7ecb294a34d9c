package show

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/results"
	"assay/results/diff"
)

// Rows of one model and test show in what they differ.
func TestComparedRowsAreToldApart(t *testing.T) {
	of := func(runtime, words string) diff.Case {
		return diff.Case{Key: results.Key(runtime + " m " + words), Runtime: runtime, Model: "m", Test: "tg8"}
	}
	on, off := of("llama.cpp", "f16 decode flash_attn=on n_gen=8"), of("llama.cpp", "f16 decode flash_attn=off n_gen=8")
	mlx := of("mlx", "f16 decode n_gen=8")
	assert.Empty(t, keysApart([]diff.Case{on}))
	assert.Equal(t, map[results.Key]string{on.Key: " flash_attn=on", off.Key: " flash_attn=off"}, keysApart([]diff.Case{on, off}))
	assert.Equal(t, map[results.Key]string{on.Key: " llama.cpp", mlx.Key: " mlx"}, keysApart([]diff.Case{on, mlx}))
}
