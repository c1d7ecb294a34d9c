package cost_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/arch"
	"assay/predict/cost"
	family "assay/predict/family/llamacpp"
	"assay/predict/kv"
	"assay/predict/tensor"
)

// The counts that the models' cards and their safetensors indices state.
func TestSizeOf(t *testing.T) {
	tests := []struct {
		preset         string
		params, active int64
	}{
		{"llama-3.1-8b", 8_030_261_248, 8_030_261_248},
		{"qwen2.5-14b", 14_770_033_664, 14_770_033_664},
		{"qwen1.5-moe-a2.7b", 14_315_784_192, 14_315_784_192 - 24*56*3*2048*1408},
	}
	for _, tt := range tests {
		size, err := cost.SizeOf(preset(t, tt.preset), "")
		require.NoError(t, err)
		assert.Equal(t, tt.params, size.Params, tt.preset)
		assert.Equal(t, tt.active, size.Active, tt.preset)
		var params, bytes int64
		for _, p := range size.Parts {
			params, bytes = params+p.Params, bytes+p.Bytes
			assert.LessOrEqual(t, p.Active, p.Params, p.Part)
		}
		assert.Equal(t, size.Params, params)
		assert.Equal(t, size.Bytes, bytes)
	}
}

func TestSizeOfTiedModel(t *testing.T) {
	size, err := cost.SizeOf(preset(t, "gemma-3-12b"), "")
	require.NoError(t, err)
	for _, p := range size.Parts {
		assert.NotEqual(t, tensor.OutputHead, p.Part, "a tied head has no parameters")
	}
}

// Q8_0 has 8.5 bits a weight, Q4_0 4.5: scales count.
func TestBytesAs(t *testing.T) {
	f := preset(t, "llama-3.1-8b")
	size, err := cost.SizeOf(f, "")
	require.NoError(t, err)
	matrices := size.Params - size.Vectors
	for typ, bits := range map[string]int64{"f32": 320, "f16": 160, "q8_0": 85, "q4_0": 45, "q6_K": 65} {
		got, err := cost.BytesAs(f, typ)
		require.NoError(t, err)
		want := 4*size.Vectors + matrices*bits/80
		if typ == "q6_K" {
			want = 4*size.Vectors + matrices/256*210
		}
		assert.Equal(t, want, got, typ)
	}
	_, err = cost.BytesAs(f, "q9_9")
	assert.ErrorContains(t, err, "q9_9")
}

// A row of 96 elements is no whole block of 256, one of 100 none of 32 either.
func TestBytesAsFallsBack(t *testing.T) {
	f := arch.Facts{Name: "odd", Family: "llama", Hidden: 96, Vocab: 10, Tensors: []arch.Tensor{
		{Name: "token_embd.weight", Type: "f16", Shape: []int64{96, 10}},
		{Name: "output.weight", Type: "f16", Shape: []int64{100, 10}},
		{Name: "output_norm.weight", Type: "f32", Shape: []int64{96}},
	}}
	got, err := cost.BytesAs(f, "q4_K")
	require.NoError(t, err)
	assert.Equal(t, int64(10*3*22+10*100*2+96*4), got, "q5_0, f16, f32")
}

func TestTypesOf(t *testing.T) {
	types, err := cost.TypesOf(preset(t, "qwen1.5-moe-a2.7b"), "q4_K")
	require.ErrorContains(t, err, "q4_K")
	assert.Empty(t, types, "rows of 1408 are no whole blocks of 256")
	types, err = cost.TypesOf(preset(t, "qwen1.5-moe-a2.7b"), "q8_0")
	require.NoError(t, err)
	require.Len(t, types, 2)
	assert.Equal(t, "q8_0", types[0].Type)
	assert.Equal(t, "f32", types[1].Type)
	assert.Equal(t, types[0].Params/32*34, types[0].Bytes)
}

// A matrix of no known name costs the operations and nothing else: parameters
// and bytes stand, under a part of their own.
func TestUnknownMatrix(t *testing.T) {
	for name, part := range map[string]tensor.Part{
		"blk.0.new_matrix.weight": tensor.Others, "new_matrix.weight": tensor.Others, "blk.x.ffn_up.weight": tensor.Others,
		"v.blk.0.attn_q.weight": tensor.Towers, "mm.0.weight": tensor.Towers, "a.blk.1.ffn_up.weight": tensor.Towers,
		// These have names, but the layer has nothing that they are a part of.
		"blk.0.ffn_up_exps.weight": tensor.Experts, "ffn_up_exps.weight": tensor.Experts, "blk.1.attn_k.weight": tensor.Attention,
	} {
		f := seen()
		f.Layers[1].Attention = nil
		table, err := family.Tensors(f, family.TypePlan{})
		require.NoError(t, err)
		f.Tensors = table
		before, err := cost.SizeOf(f, "")
		require.NoError(t, err)
		f.Tensors = append(table, arch.Tensor{Name: name, Type: "f16", Shape: []int64{64, 64}})
		after, err := cost.SizeOf(f, "")
		require.NoError(t, err, name)
		assert.Equal(t, int64(64*64), after.Params-before.Params, name)
		assert.Equal(t, int64(2*64*64), after.Bytes-before.Bytes, name)
		assert.Equal(t, int64(64*64), partParams(after, part)-partParams(before, part), name)
		_, err = cost.LlamaCpp(f, kv.Params{NCtx: 512, FlashAttn: true}, cost.Work{Kind: cost.Decode, NGen: 1})
		assert.ErrorIs(t, err, cost.ErrNoRule, name)
		assert.ErrorContains(t, cost.Unknown(f), tensor.Pattern(name))
		f.Tensors = table
		assert.NoError(t, cost.Unknown(f))
	}
}

func partParams(s cost.Size, part tensor.Part) int64 {
	for _, p := range s.Parts {
		if p.Part == part {
			return p.Params
		}
	}
	return 0
}

func TestBadTensors(t *testing.T) {
	for want, bad := range map[string]arch.Tensor{
		"empty":           {Name: "blk.0.ffn_up.weight", Type: "f16"},
		"[64 0] is empty": {Name: "blk.0.ffn_up.weight", Type: "f16", Shape: []int64{64, 0}},
		"no tensor type":  {Name: "blk.0.ffn_up.weight", Type: "q9", Shape: []int64{64, 64}},
		"no multiple":     {Name: "blk.0.ffn_up.weight", Type: "q4_K", Shape: []int64{64, 64}},
	} {
		f := seen()
		f.Layers[1].Attention = nil
		f.Tensors = []arch.Tensor{{Name: "token_embd.weight", Type: "f16", Shape: []int64{64, 64}}, bad}
		_, err := cost.SizeOf(f, "")
		assert.ErrorContains(t, err, want)
	}
}

// Blocks that predict further tokens take bytes and do nothing.
func TestDraftBlocks(t *testing.T) {
	f, p, w := seen(), kv.Params{NCtx: 512, FlashAttn: true}, cost.Work{Kind: cost.Decode, NGen: 1}
	var err error
	f.Tensors, err = family.Tensors(f, family.TypePlan{})
	require.NoError(t, err)
	before := predict(t, f, p, w)
	plain, err := cost.SizeOf(f, "")
	require.NoError(t, err)
	f.Tensors = append(f.Tensors, arch.Tensor{Name: "blk.32.nextn.eh_proj.weight", Type: "f16", Shape: []int64{512, 256}})
	size, err := cost.SizeOf(f, "")
	require.NoError(t, err)
	assert.Equal(t, before, predict(t, f, p, w))
	assert.Equal(t, plain.Bytes+512*256*2, size.Bytes)
	assert.Equal(t, plain.Active, size.Active)
}
