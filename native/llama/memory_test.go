package llama_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"assay/native/llama"
	"assay/native/llama/printed"
)

// cacheOf decodes a few tokens and answers the cache tensors that were reached.
func cacheOf(t *testing.T, s skeleton, p llama.ContextParams) (map[string]llama.CacheTensor, *llama.Context) {
	t.Helper()
	cache := llama.NewCacheTensors()
	p.Eval, p.NThreads = cache.Observe, 1
	c := newContext(t, load(t, s, llama.ModelParams{}), p)
	require.NoError(t, c.Decode([]int32{1, 2, 3}))
	byName := map[string]llama.CacheTensor{}
	for _, tensor := range cache.All() {
		byName[tensor.Name] = tensor
	}
	require.Len(t, byName, len(cache.All()), "names are unique")
	return byName, c
}

func TestMLAKeepsOneCompressedCache(t *testing.T) {
	got, c := cacheOf(t, mla, llama.ContextParams{NCtx: 512})
	// MLA without a V cache came after b7698; before, V was a copy of the compressed part.
	want := map[string]int64{"cache_k_l0": 512 * 80 * 2, "cache_k_l1": 512 * 80 * 2}
	if since(t, "b6673", "b7698") {
		want["cache_v_l0"], want["cache_v_l1"] = 512*64*2, 512*64*2
	}
	var sum int64
	for name, tensor := range got {
		require.Equal(t, want[name], tensor.Bytes, name)
		sum += tensor.Bytes
	}
	require.Len(t, got, len(want))
	require.InDelta(t, sum, *c.Report().CacheBytes(), printed.ReportPrecision)
}

func TestRecurrentStateIsPerSequence(t *testing.T) {
	got, c := cacheOf(t, recurrent, llama.ContextParams{NCtx: 512, NSeqMax: 3})
	// Convolution: (kernel - 1) × inner; state: state × inner; both f32, three sequences.
	const conv, state = 3 * 128 * 4 * 3, 16 * 128 * 4 * 3
	require.Len(t, got, 4)
	for layer := range 2 {
		r, s := got[fmt.Sprintf("cache_r_l%d", layer)], got[fmt.Sprintf("cache_s_l%d", layer)]
		require.Equal(t, int64(conv), r.Bytes)
		require.Equal(t, "r", r.Kind)
		require.Equal(t, int64(state), s.Bytes)
		require.Equal(t, layer, s.Layer)
	}
	r := c.Report()
	require.Len(t, r.Caches, 1)
	require.True(t, r.Caches[0].Recurrent)
	require.Equal(t, 3, r.Caches[0].Streams)
	require.InDelta(t, 2*(conv+state), r.Caches[0].Bytes, printed.ReportPrecision)
	require.InDelta(t, 2*(conv+state), *r.Sum("RS"), printed.ReportPrecision)
}

func TestSharedLayersAddNothing(t *testing.T) {
	got, c := cacheOf(t, sharing, llama.ContextParams{NCtx: 2048})
	require.Len(t, got, 2*20, "layers 20 and 21 have no cache of their own")
	var sum int64
	for _, tensor := range got {
		require.Less(t, tensor.Layer, 20)
		cells := int64(1024) // window 512 + n_ubatch 512
		if tensor.Layer%5 == 4 {
			cells = 2048
		}
		require.Equal(t, cells*32*2, tensor.Bytes, tensor.Name)
		sum += tensor.Bytes
	}
	require.InDelta(t, sum, *c.Report().CacheBytes(), 2*printed.ReportPrecision)
}
