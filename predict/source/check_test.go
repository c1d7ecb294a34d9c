package source_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestContradictedExperts plants one wrong key at a time beside the weights of a
// mixture of experts with latent attention; the untouched config is the control.
func TestContradictedExperts(t *testing.T) {
	const config = `{"model_type": "deepseek_v2", "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 1,
	 "num_attention_heads": 4, "num_key_value_heads": 4, "vocab_size": 128, "q_lora_rank": null, "kv_lora_rank": 32,
	 "qk_rope_head_dim": 16, "qk_nope_head_dim": 16, "v_head_dim": 16, "n_routed_experts": 4, "num_experts_per_tok": 2,
	 "moe_intermediate_size": 24, "n_shared_experts": 1, "first_k_dense_replace": 0}`
	weights := map[string][]int64{
		"model.embed_tokens.weight": {128, 64}, "model.norm.weight": {64}, "lm_head.weight": {128, 64},
		"model.layers.0.self_attn.kv_a_layernorm.weight": {32}, "model.layers.0.mlp.gate.weight": {4, 64},
		"model.layers.0.mlp.experts.0.up_proj.weight": {24, 64}, "model.layers.0.mlp.shared_experts.up_proj.weight": {24, 64},
	}
	assert.Empty(t, load(t, modelFolder(t, t.TempDir(), config, weights, false)).Contradictions)
	for _, planted := range []struct{ from, to, field, kept, dropped string }{
		{`"kv_lora_rank": 32`, `"kv_lora_rank": 16`, "mla.kv_lora_rank", "32", "16"},
		{`"n_routed_experts": 4`, `"n_routed_experts": 8`, "experts.count", "4", "8"},
		{`"n_shared_experts": 1`, `"n_shared_experts": 2`, "experts.shared_width", "24", "48"},
	} {
		t.Run(planted.field, func(t *testing.T) {
			wrong := strings.Replace(config, planted.from, planted.to, 1)
			f := load(t, modelFolder(t, t.TempDir(), wrong, weights, false))
			require.Len(t, f.Contradictions, 1, "%v", f.Contradictions)
			got := f.Contradictions[0]
			assert.Equal(t, planted.field, got.Field)
			assert.Equal(t, planted.kept, got.Kept)
			assert.Equal(t, planted.dropped, got.Dropped)
			assert.NotEmpty(t, got.Why)
		})
	}
	wrong := strings.Replace(config, `"moe_intermediate_size": 24`, `"moe_intermediate_size": 32`, 1)
	f := load(t, modelFolder(t, t.TempDir(), wrong, weights, false))
	assert.Len(t, f.Contradictions, 2, "both the routed and the shared experts' width follow from it")
}
