package tensor_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/predict/builder"
	"assay/predict/tensor"
)

// A name is taken apart the same way whichever runtime's it is.
func TestPlaces(t *testing.T) {
	for name, want := range map[string]tensor.Place{
		"token_embd.weight":                            {Block: -1, Stem: "token_embd"},
		"blk.12.attn_q.bias":                           {Block: 12, Stem: "attn_q", Suffix: tensor.Bias},
		"model.layers.3.mlp.experts.17.up_proj.weight": {Block: 3, Stem: "mlp.experts.N.up_proj"},
		"language_model.model.embed_tokens.weight":     {Block: -1, Stem: "embed_tokens"},
		"model.layers.0.self_attn.q_proj.scales":       {Block: 0, Stem: "self_attn.q_proj", Suffix: tensor.Scale},
		"backbone.layers.4.mixer.dt_bias":              {Block: 4, Stem: "mixer.dt", Suffix: tensor.Bias},
		"v.blk.0.attn_q.weight":                        {Block: -1, Stem: "v.blk.0.attn_q", Tower: "vision"},
		"mm.0.weight":                                  {Block: -1, Stem: "mm.0", Tower: "projector"},
		"model.visual.blocks.1.attn.qkv.weight":        {Block: 1, Stem: "attn.qkv", Tower: "visual"},
		"mtp.layers.0.self_attn.q_proj.weight":         {Block: 0, Stem: "self_attn.q_proj", Draft: true},
		"multi_modal_projector.mm_soft_emb_norm.weight": {Block: -1, Stem: "multi_modal_projector.mm_soft_emb_norm",
			Tower: "multi_modal_projector"},
		"model.layers.61.shared_head.head.weight": {Block: 61, Stem: "shared_head.head"},
	} {
		assert.Equal(t, want, tensor.PlaceOf(name), name)
	}
}

// What both namings call a tensor is one row.
func TestBothNamings(t *testing.T) {
	for gguf, folders := range map[string][]string{
		"blk.0.attn_q.weight": {"model.layers.0.self_attn.q_proj.weight", "backbone.layers.0.mixer.q_proj.weight"},
		"blk.0.ffn_down_exps.weight": {"model.layers.0.mlp.experts.3.down_proj.weight", "model.layers.0.block_sparse_moe.experts.0.w2.weight",
			"model.layers.0.mlp.switch_mlp.down_proj.weight"},
		"blk.0.ffn_gate_up_exps.weight": {"model.layers.0.mlp.experts.gate_up_proj"},
		"output_norm.weight":            {"model.norm.weight", "backbone.norm_f.weight", "model.language_model.norm.weight"},
		"blk.0.ssm_beta.weight":         {"model.language_model.layers.0.linear_attn.in_proj_b.weight"},
	} {
		kinds := tensor.PlaceOf(gguf).Kinds()
		assert.Len(t, kinds, 1, gguf)
		for _, name := range folders {
			assert.Contains(t, tensor.PlaceOf(name).Kinds(), kinds[0], name)
		}
	}
}

// The builder's classes take tensors of the catalogue and none beside it.
func TestClassesAreInTheCatalogue(t *testing.T) {
	for _, class := range builder.Classes() {
		for _, slot := range class.Slots {
			for _, kind := range slot.Kinds {
				row, ok := tensor.Of(kind)
				assert.True(t, ok, "%s: %s", class.Name, kind)
				assert.Contains(t, tensor.Parts(), row.Part)
			}
		}
	}
}
