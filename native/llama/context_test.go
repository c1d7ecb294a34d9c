package llama_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"assay/native/llama"
	"assay/native/llama/printed"
)

var (
	gemma = skeleton{arch: "gemma3", layers: 7, hidden: 64, heads: 4, kvHeads: 2, headDim: 32, ff: 96, vocab: 128, window: 512}
	moe   = skeleton{arch: "llama", layers: 2, hidden: 64, heads: 4, kvHeads: 2, headDim: 32, ff: 32, vocab: 128, experts: 8, expertsUsed: 2}
)

func TestModelAnswersItsSize(t *testing.T) {
	m := load(t, tiny, llama.ModelParams{})
	// token_embd, output and output_norm; per layer q, k, v, output, gate, up,
	// down and two norms. All F32.
	params := int64(2*128*64 + 64 + 2*(2*64*128+2*64*64+3*64*96+2*64))
	require.Equal(t, params, m.NParams())
	require.Equal(t, 4*params, m.Bytes())
	require.Equal(t, 128, m.NVocab())
}

func TestLoadModelSaysWhatIsWrong(t *testing.T) {
	lib := library(t)
	_, err := lib.LoadModel(filepath.Join(t.TempDir(), "absent.gguf"), llama.ModelParams{})
	require.ErrorIs(t, err, fs.ErrNotExist)

	path := filepath.Join(t.TempDir(), "broken.gguf")
	require.NoError(t, os.WriteFile(path, []byte("not a GGUF file"), 0o644))
	_, err = lib.LoadModel(path, llama.ModelParams{})
	var failed *llama.CallError
	require.ErrorAs(t, err, &failed)
	require.NotEmpty(t, failed.Lines)
	require.ErrorContains(t, err, "broken.gguf")
}

func TestNewContextSaysWhatIsWrong(t *testing.T) {
	m := load(t, tiny, llama.ModelParams{})
	_, err := m.NewContext(llama.ContextParams{TypeK: "q9_9"})
	require.ErrorContains(t, err, `type_k "q9_9" is no cache type; known are [bf16 f16`)
	_, err = m.NewContext(llama.ContextParams{NCtx: -1})
	require.ErrorContains(t, err, "n_ctx is -1, below 0")
	_, err = m.NewContext(llama.ContextParams{FlashAttn: "yes"})
	require.ErrorContains(t, err, `flash_attn is "yes", not auto, on or off`)
	_, err = library(t).LoadModel(tiny.write(t), llama.ModelParams{Mmap: "1"})
	require.ErrorContains(t, err, `mmap is "1", not auto, on or off`)
	// A quantised V cache needs flash attention (llama_init_from_model).
	_, err = m.NewContext(llama.ContextParams{TypeV: "q8_0", FlashAttn: llama.Off})
	var failed *llama.CallError
	require.ErrorAs(t, err, &failed)
	require.ErrorContains(t, err, "the library said: ")
}

func TestCacheTensorsAreExact(t *testing.T) {
	const f16, q8 = 64, 34 // bytes per 32 elements
	layers := func(n int, cells, streams, bytesK, bytesV int64) map[int][2]int64 {
		all := map[int][2]int64{}
		for i := range n {
			all[i] = [2]int64{cells * streams * 2 * bytesK, cells * streams * 2 * bytesV} // width 64: two blocks
		}
		return all
	}
	windowed := func(all map[int][2]int64, cells, bytes int64) map[int][2]int64 {
		for i := range all {
			if i%6 != 5 {
				all[i] = [2]int64{cells * 2 * bytes, cells * 2 * bytes}
			}
		}
		return all
	}
	tests := []struct {
		name   string
		model  skeleton
		params llama.ContextParams
		// want holds the bytes of K and V by layer.
		want map[int][2]int64
	}{
		{"cells round up", tiny, llama.ContextParams{NCtx: 300}, layers(2, 512, 1, f16, f16)},
		{"quantised K", tiny, llama.ContextParams{NCtx: 512, TypeK: "q8_0"}, layers(2, 512, 1, q8, f16)},
		{"quantised V", tiny, llama.ContextParams{NCtx: 512, TypeV: "q8_0", FlashAttn: llama.On}, layers(2, 512, 1, f16, q8)},
		{"no flash attention", tiny, llama.ContextParams{NCtx: 512, FlashAttn: llama.Off}, layers(2, 512, 1, f16, f16)},
		{"two streams", tiny, llama.ContextParams{NCtx: 1024, NSeqMax: 2}, layers(2, 512, 2, f16, f16)},
		{"unified", tiny, llama.ContextParams{NCtx: 1024, NSeqMax: 2, KVUnified: true}, layers(2, 1024, 1, f16, f16)},
		{"experts", moe, llama.ContextParams{NCtx: 512}, layers(2, 512, 1, f16, f16)},
		{"window", gemma, llama.ContextParams{NCtx: 5000}, windowed(layers(7, 5120, 1, f16, f16), 1024, f16)},
		{"full window", gemma, llama.ContextParams{NCtx: 5000, SWAFull: true}, layers(7, 5120, 1, f16, f16)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cache := llama.NewCacheTensors()
			test.params.Eval, test.params.NThreads = cache.Observe, 1
			c := newContext(t, load(t, test.model, llama.ModelParams{}), test.params)
			require.NoError(t, c.Decode(make([]int32, 3)))
			got, sum := map[int][2]int64{}, int64(0)
			for _, tensor := range cache.All() {
				pair := got[tensor.Layer]
				pair[map[string]int{"k": 0, "v": 1}[tensor.Kind]] = tensor.Bytes
				got[tensor.Layer] = pair
				sum += tensor.Bytes
			}
			require.Equal(t, test.want, got)
			require.Equal(t, sum, cache.Bytes())
			// The log's own figures agree within their rounding.
			logged := c.Report().CacheBytes()
			require.NotNil(t, logged)
			slack := float64(printed.ReportPrecision * len(c.Report().Caches))
			require.InDelta(t, sum, *logged, slack)
			require.InDelta(t, sum, *c.Report().Sum("KV"), slack)
		})
	}
}

func TestReportTellsTheCachesApart(t *testing.T) {
	c := newContext(t, load(t, gemma, llama.ModelParams{}), llama.ContextParams{NCtx: 5000, FlashAttn: llama.On, KVUnified: true})
	r := c.Report()
	require.Len(t, r.Caches, 2)
	require.Equal(t, 1, r.Caches[0].Layers)
	require.Equal(t, 5120, r.Caches[0].Cells)
	require.Equal(t, 6, r.Caches[1].Layers)
	require.Equal(t, 1024, r.Caches[1].Cells)
	require.Positive(t, *r.Sum("compute"))
	require.NotNil(t, r.Sum("output"))
	require.Nil(t, r.Sum("RS"))
	require.Equal(t, "true", r.Settings["kv_unified"])
	require.Equal(t, "enabled", r.Settings["flash_attn"])
}

func TestBatchesAgree(t *testing.T) {
	m := load(t, tiny, llama.ModelParams{})
	tokens := []int32{3, 1, 4, 1, 5, 9, 2, 6}
	params := llama.ContextParams{NCtx: 512, NBatch: 4, NThreads: 1, NSeqMax: 2}
	whole := newContext(t, m, params)
	require.NoError(t, whole.Decode(tokens))
	want, err := whole.Logits(-1)
	require.NoError(t, err)

	t.Run("one by one", func(t *testing.T) {
		c := newContext(t, m, params)
		for _, token := range tokens {
			require.NoError(t, c.DecodeOne(token))
		}
		got, err := c.Logits(-1)
		require.NoError(t, err)
		require.InDeltaSlice(t, want, got, 1e-3)
	})
	t.Run("explicit, in the second sequence", func(t *testing.T) {
		c := newContext(t, m, params)
		for start := 0; start < len(tokens); start += 4 {
			b := llama.Batch{
				Tokens: tokens[start : start+4], Seq: []int32{1, 1, 1, 1},
				Pos:    []int32{int32(start), int32(start + 1), int32(start + 2), int32(start + 3)},
				Logits: []bool{false, false, false, true},
			}
			require.NoError(t, c.DecodeBatch(b))
		}
		got, err := c.Logits(3)
		require.NoError(t, err)
		require.InDeltaSlice(t, want, got, 1e-3)
		_, err = c.Logits(0)
		require.Error(t, err, "no logits were asked for")
	})
	t.Run("restored", func(t *testing.T) {
		first := newContext(t, m, params)
		require.NoError(t, first.Decode(tokens[:4]))
		state, err := first.StateGet(0)
		require.NoError(t, err)
		second := newContext(t, m, params)
		require.NoError(t, second.StateSet(0, state))
		require.NoError(t, second.Decode(tokens[4:]))
		got, err := second.Logits(-1)
		require.NoError(t, err)
		require.InDeltaSlice(t, want, got, 1e-3)
	})
	t.Run("cleared", func(t *testing.T) {
		whole.ClearMemory()
		require.NoError(t, whole.Decode(tokens))
		got, err := whole.Logits(-1)
		require.NoError(t, err)
		require.InDeltaSlice(t, want, got, 1e-3)
	})
	t.Run("wrong lengths", func(t *testing.T) {
		require.ErrorContains(t, whole.DecodeBatch(llama.Batch{Tokens: tokens[:2], Pos: []int32{0}}), "2 tokens, 1 positions")
		require.ErrorContains(t, whole.DecodeBatch(llama.Batch{}), "a batch of 0 tokens")
		require.ErrorContains(t, whole.StateSet(0, nil), "the state is empty")
	})
}

func TestDecodeSaysWhenTheCacheIsFull(t *testing.T) {
	c := newContext(t, load(t, tiny, llama.ModelParams{}), llama.ContextParams{NCtx: 256, NThreads: 1})
	require.NoError(t, c.Decode(make([]int32, 256)))
	err := c.DecodeOne(1)
	var refused *llama.DecodeError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, int32(1), refused.Status)
	require.ErrorContains(t, err, "the cache has no room")
}

func TestStateGrowsByTheCacheOfAToken(t *testing.T) {
	c := newContext(t, load(t, tiny, llama.ModelParams{}), llama.ContextParams{NCtx: 512, NThreads: 1})
	require.NoError(t, c.Decode(make([]int32, 10)))
	before := c.StateSize(0)
	require.NoError(t, c.Decode(make([]int32, 20)))
	// 2 layers, K and V, width 64, f16; 12 bytes of position and sequence a token.
	require.Equal(t, int64(20*(2*2*64*2+12)), c.StateSize(0)-before)
}

func TestPlanningAllocatesNothing(t *testing.T) {
	lib := library(t)
	m, err := lib.LoadModel(gemma.write(t), llama.ModelParams{NoAlloc: true})
	var lacking *llama.UnsupportedError
	if since(t, "b6673", "b7347") {
		require.ErrorAs(t, err, &lacking)
		require.ErrorContains(t, err, "llama.cpp "+lib.Version()+" has no no_alloc; install b7698 or later")
		return
	}
	require.NoError(t, err)
	t.Cleanup(m.Close)
	c := newContext(t, m, llama.ContextParams{NCtx: 131072})
	r := c.Report()
	require.Equal(t, int64(131072*64*2*2+6*1024*64*2*2), *r.CacheBytes())
	require.Zero(t, *r.Sum("KV"))
	require.Positive(t, *r.Sum("compute"))
	require.ErrorContains(t, c.DecodeOne(1), "without allocating")
}
