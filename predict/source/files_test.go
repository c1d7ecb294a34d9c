package source_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/arch"
	family "assay/predict/family/llamacpp"
	"assay/predict/kv"
	"assay/predict/source"
)

// A file of four layers in the shape of Llama's, to which the tests add keys.
func plainKeys(arch string, more map[string]any) []family.KV {
	keys := map[string]any{
		"vocab_size": uint32(64), "context_length": uint32(4096), "embedding_length": uint32(128), "block_count": uint32(4),
		"feed_forward_length": uint32(96), "attention.head_count": uint32(4), "attention.head_count_kv": uint32(2),
		"attention.key_length": uint32(32), "attention.value_length": uint32(32), "attention.layer_norm_rms_epsilon": float32(1e-6),
	}
	maps.Copy(keys, more)
	out := []family.KV{{Key: "general.architecture", Value: arch}, {Key: "general.name", Value: "Tiny"}}
	for name, value := range keys {
		if value != nil {
			out = append(out, family.KV{Key: arch + "." + name, Value: value})
		}
	}
	return out
}

// block names tensors of each layer; a shape says how large, and a name that is
// there already is replaced.
func plainTensors(layers int, block map[string][]int64) []arch.Tensor {
	all := map[string][]int64{
		"attn_norm.weight": {128}, "ffn_norm.weight": {128}, "attn_q.weight": {128, 128}, "attn_k.weight": {128, 64},
		"attn_v.weight": {128, 64}, "attn_output.weight": {128, 128}, "ffn_gate.weight": {128, 96}, "ffn_up.weight": {128, 96},
		"ffn_down.weight": {96, 128},
	}
	maps.Copy(all, block)
	out := []arch.Tensor{{Name: "token_embd.weight", Type: "f16", Shape: []int64{128, 64}},
		{Name: "output_norm.weight", Type: "f32", Shape: []int64{128}}}
	for i := range layers {
		for name, shape := range all {
			if shape != nil {
				out = append(out, arch.Tensor{Name: fmt.Sprintf("blk.%d.%s", i, name), Type: "f32", Shape: shape})
			}
		}
	}
	return out
}

func cacheOf(t *testing.T, f arch.Facts, ctx int) kv.Plan {
	t.Helper()
	p, err := kv.LlamaCpp(f, kv.Params{NCtx: ctx, FlashAttn: true})
	require.NoError(t, err)
	return p
}

// Where a file is silent the loader's own period stands, where it states one,
// that: a number, or a list.
func TestWindowsOfFiles(t *testing.T) {
	list := []bool{true, false, true, true}
	for _, tt := range []struct {
		arch    string
		window  any
		pattern any
		want    []int64
	}{
		{"afmoe", uint32(64), nil, []int64{64, 64, 64, 0}},
		{"afmoe", nil, nil, []int64{0, 0, 0, 0}},
		{"afmoe", uint32(0), nil, []int64{0, 0, 0, 0}},
		{"afmoe", uint32(64), uint32(2), []int64{64, 0, 64, 0}},
		{"afmoe", uint32(64), uint32(1), []int64{0, 0, 0, 0}},
		{"afmoe", uint32(64), uint32(0), []int64{64, 64, 64, 64}},
		{"afmoe", uint32(64), list, []int64{64, 0, 64, 64}},
		{"laguna", uint32(64), nil, []int64{0, 64, 64, 64}},
		{"laguna", uint32(64), uint32(2), []int64{0, 64, 0, 64}},
		{"cohere2moe", uint32(64), nil, []int64{0, 64, 64, 64}},
		{"smallthinker", uint32(64), nil, []int64{0, 4096, 4096, 4096}},
		{"smallthinker", uint32(0), nil, []int64{0, 0, 0, 0}},
		{"exaone-moe", uint32(64), nil, []int64{64, 64, 64, 0}},
		{"exaone4", uint32(64), nil, []int64{0, 0, 0, 0}}, // not of 64 layers
		{"plamo3", uint32(64), nil, []int64{64, 64, 64, 64}},
		{"gemma2", nil, nil, []int64{4096, 0, 4096, 0}},
		{"llama4", nil, nil, []int64{8192, 8192, 8192, 0}},
		{"llama4", uint32(64), nil, []int64{8192, 8192, 8192, 0}},
		{"llama4", uint32(0), nil, []int64{0, 0, 0, 0}},
		{"llama", uint32(64), list, []int64{0, 0, 0, 0}},
		{"phi3", uint32(64), nil, []int64{0, 0, 0, 0}},
	} {
		keys := plainKeys(tt.arch, map[string]any{"attention.sliding_window": tt.window, "attention.sliding_window_pattern": tt.pattern})
		f := load(t, writeModel(t, keys, plainTensors(4, nil)))
		var got []int64
		for _, l := range f.Layers {
			got = append(got, l.Attention.Window)
		}
		assert.Equal(t, tt.want, got, "%s, window %v, pattern %v", tt.arch, tt.window, tt.pattern)
	}
}

// The last layers read the cache of the last one of their kind before them.
func TestSharedKVLayers(t *testing.T) {
	for shared := range 4 {
		f := load(t, writeModel(t, plainKeys("gemma4", map[string]any{
			"attention.shared_kv_layers": uint32(shared), "attention.sliding_window": uint32(64),
			"attention.sliding_window_pattern": []bool{true, false, true, true},
			"attention.key_length_swa":         uint32(16), "attention.value_length_swa": uint32(16),
		}), plainTensors(4, nil)))
		own := 0
		for i, l := range f.Layers {
			if l.Attention.SharedFrom == nil {
				own++
			} else {
				assert.GreaterOrEqual(t, i, 4-shared)
			}
			if l.Attention.Window > 0 {
				assert.Equal(t, int64(16), l.Attention.KeyDim, "windowed layers have heads of their own width")
			}
		}
		assert.Equal(t, []int{4, 3, 2, 2}[shared], own, "a layer without one of its kind before it has its own")
	}
}

// Lists with zeros: a layer without attention, or without a feed-forward.
func TestZerosInLists(t *testing.T) {
	tensors := slices.DeleteFunc(plainTensors(4, nil), func(t arch.Tensor) bool {
		return strings.HasPrefix(t.Name, "blk.1.attn_") || strings.HasPrefix(t.Name, "blk.2.ffn_")
	})
	f := load(t, writeModel(t, plainKeys("deci", map[string]any{
		"attention.head_count": []uint32{4, 0, 4, 4}, "attention.head_count_kv": []uint32{2, 2, 2, 2},
		"feed_forward_length": []uint32{96, 96, 0, 96},
	}), tensors))
	assert.Nil(t, f.Layers[1].Attention)
	assert.Nil(t, f.Layers[2].FeedForward)
	assert.Len(t, cacheOf(t, f, 1024).Layers, 3)
}

// Keys that no tensor stands for mislead nobody: the loader is content, too.
func TestSuperfluousKeys(t *testing.T) {
	f := load(t, writeModel(t, plainKeys("llama", map[string]any{"expert_count": uint32(4), "expert_used_count": uint32(2)}),
		plainTensors(4, nil)))
	assert.Nil(t, f.Layers[0].FeedForward.Experts)

	f = load(t, writeModel(t, plainKeys("lfm2", map[string]any{"ssm.conv_kernel": uint32(4), "shortconv.l_cache": uint32(3),
		"attention.head_count_kv": []uint32{0, 0, 0, 0}}),
		plainTensors(4, map[string][]int64{"shortconv.conv.weight": {3, 128}, "attn_k.weight": nil, "attn_output.weight": nil})))
	assert.Equal(t, int64(3), f.Layers[0].Recurrent.ConvKernel)
}

// Recurrent layers by the tensors that only their kind has, with the states that
// llama.cpp v0.5.0 was measured to keep of these shapes, in bytes a layer.
func TestRecurrentFiles(t *testing.T) {
	ssm := map[string]any{"ssm.conv_kernel": uint32(4), "ssm.inner_size": uint32(64), "ssm.state_size": uint32(16),
		"ssm.time_step_rank": uint32(4), "ssm.group_count": uint32(2), "attention.head_count_kv": uint32(0)}
	with := func(more map[string]any) map[string]any {
		out := maps.Clone(ssm)
		maps.Copy(out, more)
		return out
	}
	none := map[string][]int64{"attn_output.weight": nil, "attn_k.weight": nil}
	for _, tt := range []struct {
		arch, tensor, kind string
		keys               map[string]any
		bytes              int64
	}{
		{"qwen35", "ssm_beta.weight", "gated-delta", ssm, 5632},
		{"qwen3next", "ssm_ba.weight", "gated-delta", ssm, 5632},
		{"mamba2", "ssm_in.weight", "mamba2", ssm, 5632},
		{"kimi-linear", "ssm_conv1d_q.weight", "kda", with(map[string]any{"kda.head_dim": uint32(32)}), 20992},
		{"rwkv7", "time_mix_key.weight", "rwkv", map[string]any{"wkv.head_size": uint32(32), "attention.head_count": nil,
			"attention.head_count_kv": nil}, 17408},
		{"arwkv7", "time_mix_key.weight", "rwkv", map[string]any{"wkv.head_size": uint32(32), "token_shift_count": uint32(1)}, 16896},
	} {
		block := maps.Clone(none)
		block[tt.tensor] = []int64{128, 4}
		f := load(t, writeModel(t, plainKeys(tt.arch, tt.keys), plainTensors(4, block)))
		require.NotNil(t, f.Layers[0].Recurrent, tt.arch)
		assert.Equal(t, tt.kind, f.Layers[0].Recurrent.Kind)
		assert.Equal(t, 4*tt.bytes, cacheOf(t, f, 1024).Bytes(), tt.arch)
	}
}

// What is no model is called what it is, and no key is asked for.
func TestOtherFiles(t *testing.T) {
	for name, tt := range map[string]struct {
		keys []family.KV
		want []string
	}{
		"projector": {[]family.KV{{Key: "general.architecture", Value: "clip"}, {Key: "general.type", Value: "mmproj"}},
			[]string{"--mmproj", "clip"}},
		"older": {[]family.KV{{Key: "general.architecture", Value: "clip"}}, []string{"--mmproj"}},
		"adapter": {[]family.KV{{Key: "general.architecture", Value: "llama"}, {Key: "general.type", Value: "adapter"},
			{Key: "adapter.type", Value: "lora"}}, []string{"--lora", "llama"}},
		"its own type": {[]family.KV{{Key: "general.architecture", Value: "qwen2"}, {Key: "adapter.type", Value: "lora"}},
			[]string{"--lora", "qwen2, lora"}},
		"matrix": {[]family.KV{{Key: "general.type", Value: "imatrix"}}, []string{"--imatrix"}},
	} {
		_, err := source.Load(context.Background(), writeModel(t, tt.keys, nil), source.Options{})
		for _, want := range tt.want {
			assert.ErrorContains(t, err, want, name)
		}
		assert.NotContains(t, fmt.Sprint(err), "add the key", name)
	}
}

// A vision tower in the text model's file leaves the text model's facts alone.
func TestTowerInTheFile(t *testing.T) {
	plain := load(t, writeModel(t, plainKeys("llama", nil), plainTensors(4, nil)))
	with := load(t, writeModel(t, plainKeys("llama", map[string]any{"vision.block_count": uint32(2)}), append(plainTensors(4, nil),
		arch.Tensor{Name: "v.blk.0.attn_q.weight", Type: "f32", Shape: []int64{64, 64}},
		arch.Tensor{Name: "mm.0.weight", Type: "f32", Shape: []int64{64, 128}})))
	assert.Equal(t, plain.SHA256(), with.SHA256())
	assert.Equal(t, plain.DraftLayers, with.DraftLayers)
}

// An indexer's key lies in a second cache of as many cells.
func TestIndexer(t *testing.T) {
	f := load(t, writeModel(t, plainKeys("deepseek32", map[string]any{
		"attention.head_count_kv": uint32(1), "attention.key_length": uint32(80), "attention.value_length": uint32(64),
		"rope.dimension_count":     nil,
		"attention.key_length_mla": uint32(48), "attention.value_length_mla": uint32(32), "attention.kv_lora_rank": uint32(64),
		"attention.indexer.head_count": uint32(4), "attention.indexer.key_length": uint32(64), "attention.indexer.top_k": uint32(64),
	}), plainTensors(4, map[string][]int64{"attn_k.weight": nil, "attn_v.weight": nil, "attn_q.weight": {128, 192},
		"attn_kv_a_mqa.weight": {128, 80},
		"attn_k_b.weight":      {32, 64, 4}, "attn_v_b.weight": {64, 32, 4}, "indexer.attn_k.weight": {128, 64}})))
	assert.Equal(t, int64(16), f.Layers[0].Attention.MLA.RopeDim, "of the cached row what is not the latent")
	assert.Equal(t, int64(4*1024*(160+128)), cacheOf(t, f, 1024).Bytes())
}
