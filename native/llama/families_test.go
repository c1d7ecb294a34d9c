package llama_test

// The families whose memory is not one K and one V of equal width per layer:
// tensor names and shapes as their load_arch_tensors has them (src/models of
// llama.cpp v0.5.0).

// mla is DeepSeek V2's attention: one compressed K of 64 + 16 a cell, no V.
var mla = skeleton{
	arch: "deepseek2", layers: 2, hidden: 64, heads: 4, kvHeads: 1, headDim: 80, valueDim: 64, ff: 96, vocab: 128,
	extra: map[string]any{
		"attention.q_lora_rank": uint32(32), "attention.kv_lora_rank": uint32(64),
		"attention.key_length_mla": uint32(48), "attention.value_length_mla": uint32(32),
		"rope.dimension_count": uint32(16), "leading_dense_block_count": uint32(2),
		"expert_feed_forward_length": uint32(32), "expert_shared_count": uint32(1), "expert_weights_scale": float32(1),
	},
	blocks: func(g *ggufWriter, block string) {
		const hidden, heads, qRank, kvRank, nope, rope, value, ff = 64, 4, 32, 64, 32, 16, 32, 96
		g.tensor(block+"attn_norm.weight", hidden)
		g.tensor(block+"attn_q_a_norm.weight", qRank)
		g.tensor(block+"attn_kv_a_norm.weight", kvRank)
		g.tensor(block+"attn_q_a.weight", hidden, qRank)
		g.tensor(block+"attn_q_b.weight", qRank, heads*(nope+rope))
		g.tensor(block+"attn_kv_a_mqa.weight", hidden, kvRank+rope)
		g.tensor(block+"attn_k_b.weight", nope, kvRank, heads)
		g.tensor(block+"attn_v_b.weight", kvRank, value, heads)
		g.tensor(block+"attn_output.weight", heads*value, hidden)
		g.tensor(block+"ffn_norm.weight", hidden)
		g.tensor(block+"ffn_gate.weight", hidden, ff)
		g.tensor(block+"ffn_up.weight", hidden, ff)
		g.tensor(block+"ffn_down.weight", ff, hidden)
	},
}

// recurrent is Mamba: a convolution state and a state per sequence, no cells.
var recurrent = skeleton{
	arch: "mamba", layers: 2, hidden: 64, vocab: 128,
	extra: map[string]any{
		"ssm.conv_kernel": uint32(4), "ssm.inner_size": uint32(128),
		"ssm.state_size": uint32(16), "ssm.time_step_rank": uint32(8),
	},
	blocks: func(g *ggufWriter, block string) {
		const hidden, inner, conv, state, rank = 64, 128, 4, 16, 8
		g.tensor(block+"attn_norm.weight", hidden)
		g.tensor(block+"ssm_in.weight", hidden, 2*inner)
		g.tensor(block+"ssm_conv1d.weight", conv, inner)
		g.tensor(block+"ssm_conv1d.bias", inner)
		g.tensor(block+"ssm_x.weight", inner, rank+2*state)
		g.tensor(block+"ssm_dt.weight", rank, inner)
		g.tensor(block+"ssm_dt.bias", inner)
		g.tensor(block+"ssm_a", state, inner)
		g.tensor(block+"ssm_d", inner)
		g.tensor(block+"ssm_out.weight", inner, hidden)
	},
}

// sharing is Gemma 3n: layers from the twentieth on use the cache of an earlier
// one. Its altup (4, 256) and laurel (64) sizes are constants in llama.cpp.
var sharing = skeleton{
	arch: "gemma3n", layers: sharingLayers, hidden: 64, heads: 2, kvHeads: 1, headDim: 32, ff: 64, vocab: 32, window: 512, tied: true,
	blocks: func(g *ggufWriter, block string) {
		const hidden, q, kv, head, ff, altup, width, laurel = 64, 64, 32, 32, 64, 4, 256, 64
		if block == "blk.0." {
			g.tensor("altup_proj.weight", hidden, hidden, altup-1)
			g.tensor("altup_unembd_proj.weight", hidden, hidden, altup-1)
			g.tensor("per_layer_token_embd.weight", width*sharingLayers, 32)
			g.tensor("per_layer_model_proj.weight", hidden, width*sharingLayers)
			g.tensor("per_layer_proj_norm.weight", width)
		}
		for _, name := range []string{"attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm",
			"post_norm", "altup_router_norm", "laurel_post_norm", "altup_correct_scale"} {
			g.tensor(block+name+".weight", hidden)
		}
		g.tensor(block+"attn_q.weight", hidden, q)
		g.tensor(block+"attn_k.weight", hidden, kv)
		g.tensor(block+"attn_v.weight", hidden, kv)
		g.tensor(block+"attn_output.weight", q, hidden)
		g.tensor(block+"attn_q_norm.weight", head)
		g.tensor(block+"attn_k_norm.weight", head)
		g.tensor(block+"ffn_gate.weight", hidden, ff)
		g.tensor(block+"ffn_up.weight", hidden, ff)
		g.tensor(block+"ffn_down.weight", ff, hidden)
		g.tensor(block+"inp_gate.weight", hidden, width)
		g.tensor(block+"proj.weight", width, hidden)
		g.tensor(block+"altup_correct_coef.weight", altup, altup)
		g.tensor(block+"altup_predict_coef.weight", altup, altup*altup)
		g.tensor(block+"altup_router.weight", hidden, altup)
		g.tensor(block+"laurel_l.weight", hidden, laurel)
		g.tensor(block+"laurel_r.weight", laurel, hidden)
	},
}

const sharingLayers = 22
