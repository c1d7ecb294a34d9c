package llama_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/native/llama"
	"assay/native/llama/saved"
)

// TestReadSaved: what the library saved is read back, to the last byte, for each
// kind of cache and with several sequences.
func TestReadSaved(t *testing.T) {
	for name, tt := range map[string]struct {
		skeleton skeleton
		params   llama.ContextParams
		k, v     []int64
	}{
		"plain":                  {tiny, llama.ContextParams{NCtx: 512}, []int64{128, 128}, []int64{128, 128}},
		"several sequences":      {tiny, llama.ContextParams{NCtx: 512, NSeqMax: 3}, []int64{128, 128}, []int64{128, 128}},
		"unified":                {tiny, llama.ContextParams{NCtx: 512, NSeqMax: 3, KVUnified: true}, []int64{128, 128}, []int64{128, 128}},
		"transposed values":      {tiny, llama.ContextParams{NCtx: 512, FlashAttn: "off"}, []int64{128, 128}, []int64{128, 128}},
		"latent, without values": {mla, llama.ContextParams{NCtx: 512}, []int64{160, 160}, []int64{0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newContext(t, load(t, tt.skeleton, llama.ModelParams{}), tt.params)
			require.NoError(t, c.Decode([]int32{1, 2, 3, 4, 5}))
			state, err := c.StateGet(0)
			require.NoError(t, err)
			got, err := saved.Read(state, c.Report().Caches)
			require.NoError(t, err)
			require.Len(t, got, 1)
			assert.Equal(t, 5, got[0].Cells)
			assert.Equal(t, tt.k, got[0].KRows)
			want := tt.v
			if name == "latent, without values" && slices.Contains(keepLatentValues, library(t).Version()) {
				want = []int64{128, 128}
			}
			assert.Equal(t, want, got[0].VRows)
			_, err = saved.Read(append(state, 0), c.Report().Caches)
			require.Error(t, err, "a byte too many")
		})
	}
}

// keepLatentValues are the releases that store values of latent attention beside the
// keys that they are a part of, as these tests see them.
var keepLatentValues = []string{"b6673", "b6845", "b7347", "b7698"}
