package tensor

// The places where Hugging Face's models keep attention, a dense MLP, and the
// experts: each its own, a stack, or mlx-lm's stack (switch_layers.py of 0.31.3).
const (
	attn    = `(self_attn|mixer|attention)\.`
	mlp     = `(mlp|feed_forward|mixer)\.`
	experts = `((mlp|block_sparse_moe|mixer|feed_forward)\.(experts(\.N)?|switch_mlp)|experts\.switch_glu)\.`
	shared  = `(mlp|feed_forward|mixer)\.shared_experts?\.`
	mamba   = `(mixer|mamba)\.`
	linear  = `linear_attn\.`
)

// catalogue has every tensor by the names in a GGUF (src/llama-arch.cpp and
// src/models of llama.cpp, v0.5.0), of transformers 5.23.0 and of mlx-lm 0.31.3.
var catalogue = []Row{
	{Kind: "token_embd", Part: Embedding, Use: Lookup, HF: `embed_tokens|embeddings?|wte`, Outside: true},
	{Kind: "output", Part: OutputHead, Use: Output, Tail: true, HF: `lm_head`, Outside: true},
	{Kind: "output_norm", Part: Norms, Use: Norm, Tail: true, HF: `norm|norm_f|(final|pre_ff)_layernorm`, Outside: true},
	// The name of LFM2's output_norm; beside one it norms the embeddings.
	{Kind: "token_embd_norm", Part: Norms, Use: Norm, Tail: true, HF: `embedding_norm`, Outside: true},
	{Kind: "rope_freqs", Part: Norms, Use: Operand},
	{Kind: "rope_factors_long", Part: Norms, Use: Operand},
	{Kind: "rope_factors_short", Part: Norms, Use: Operand},
	{Kind: "rope_inv_freq", Part: Norms, Use: Idle, HF: `((self_attn|attention)\.)?rotary_emb\.inv_freq`},

	{Kind: "attn_norm", Part: Norms, Use: Norm, HF: `input_layernorm|operator_norm|norm|pre_ff_layernorm`},
	{Kind: "ffn_norm", Part: Norms, Use: Norm, Tail: true, HF: `post_attention_layernorm|pre_feedforward_layernorm|ffn_norm|pre_ff_layernorm`},
	{Kind: "post_attention_norm", Part: Norms, Use: Norm, Tail: true, HF: `post_attention_layernorm`},
	// Norms in the middle of attention or of a feed-forward, or behind attention: bitnet.cpp,
	// arctic.cpp, dbrx.cpp and grok.cpp of src/models, v0.5.0.
	{Kind: "attn_sub_norm", Part: Norms, Use: Norm},
	{Kind: "attn_output_norm", Part: Norms, Use: Norm, Tail: true},
	{Kind: "ffn_sub_norm", Part: Norms, Use: Norm, Tail: true},
	{Kind: "ffn_norm_exps", Part: Norms, Use: Norm, Tail: true},
	{Kind: "post_ffw_norm", Part: Norms, Use: Norm, Tail: true, HF: `post_feedforward_layernorm`},
	// Gemma 4's experts stand beside a dense MLP, each with norms of its own
	// (src/models/gemma4.cpp).
	{Kind: "pre_ffw_norm_2", Part: Norms, Use: Norm, Tail: true, HF: `pre_feedforward_layernorm_2`},
	{Kind: "post_ffw_norm_1", Part: Norms, Use: Norm, Tail: true, HF: `post_feedforward_layernorm_1`},
	{Kind: "post_ffw_norm_2", Part: Norms, Use: Norm, Tail: true, HF: `post_feedforward_layernorm_2`},
	{Kind: "layer_output_scale", Part: Norms, Use: Vector, Tail: true, HF: `layer_scalar`},

	{Kind: "attn_q", Part: Attention, Use: Product, HF: attn + `q_proj`},
	{Kind: "attn_k", Part: Attention, Use: Keys, HF: attn + `k_proj`},
	{Kind: "attn_v", Part: Attention, Use: Keys, HF: attn + `v_proj`},
	{Kind: "attn_qkv", Part: Attention, Use: Product, HF: attn + `qkv_proj|` + linear + `in_proj_qkv`},
	{Kind: "attn_output", Part: Attention, Use: Product, HF: attn + `(o_proj|out_proj|dense)`},
	{Kind: "attn_q_norm", Part: Norms, Use: Norm, HF: `self_attn\.(q_norm|q_layernorm)`},
	{Kind: "attn_k_norm", Part: Norms, Use: KeyNorm, HF: `self_attn\.(k_norm|k_layernorm)`},
	{Kind: "attn_sinks", Part: Attention, Use: Operand, HF: `self_attn\.sinks`},
	{Kind: "attn_gate", Part: Attention, Use: Product, HF: `self_attn\.(gate_proj|g_proj)|` + linear + `in_proj_z`},

	{Kind: "attn_q_a", Part: Attention, Use: Product, HF: `self_attn\.q_a_proj`},
	{Kind: "attn_q_a_norm", Part: Norms, Use: Norm, HF: `self_attn\.q_a_layernorm`},
	{Kind: "attn_q_b", Part: Attention, Use: Product, HF: `self_attn\.q_b_proj`},
	{Kind: "attn_kv_a_mqa", Part: Attention, Use: Product, HF: `self_attn\.kv_a_proj_with_mqa`},
	{Kind: "attn_kv_a_norm", Part: Norms, Use: Norm, HF: `self_attn\.kv_a_layernorm`},
	{Kind: "attn_kv_b", Part: Attention, Use: Product, HF: `self_attn\.kv_b_proj`},
	{Kind: "attn_k_b", Part: Attention, Use: Product, HF: `self_attn\.embed_q`},
	{Kind: "attn_v_b", Part: Attention, Use: Product, HF: `self_attn\.unembed_out`},

	{Kind: "ffn_gate", Part: FeedForward, Use: Product, Tail: true, HF: mlp + `(gate_proj|w1)`},
	{Kind: "ffn_up", Part: FeedForward, Use: Product, Tail: true, HF: mlp + `(up_proj|w3|fc1|c_fc|dense_h_to_4h)`},
	{Kind: "ffn_gate_up", Part: FeedForward, Use: Product, Tail: true, HF: mlp + `gate_up_proj|shared_mlp\.input_linear`, GGUF: "ffn_up"},
	{Kind: "ffn_down", Part: FeedForward, Use: Product, Tail: true,
		HF: mlp + `(down_proj|w2|fc2|c_proj|dense_4h_to_h)|shared_mlp\.output_linear`},
	{Kind: "ffn_gate_inp", Part: Router, Use: Product, Tail: true,
		HF: `(mlp|block_sparse_moe|mixer|feed_forward)\.gate|(mlp|feed_forward)\.router|block_sparse_moe\.router\.layer|router\.proj`},
	{Kind: "exp_probs_b", Part: Router, Use: Read, Tail: true,
		HF: `((mlp|mixer)\.gate|block_sparse_moe)\.e_score_correction|feed_forward\.expert`},
	// Gemma 4 scales what its router sees, and each expert's result (gemma4.cpp).
	{Kind: "ffn_gate_inp.scale", Part: Router, Use: Vector, Tail: true, HF: `router\.scale`},
	{Kind: "ffn_down_exps.scale", Part: Router, Use: Vector, Tail: true, HF: `router\.per_expert_scale`},
	{Kind: "ffn_gate_exps", Part: Experts, Use: Dispatched, Tail: true, HF: experts + `(gate_proj|w1)`},
	{Kind: "ffn_up_exps", Part: Experts, Use: Dispatched, Tail: true, HF: experts + `(up_proj|w3|fc1)`},
	{Kind: "ffn_gate_up_exps", Part: Experts, Use: Dispatched, Tail: true, HF: experts + `gate_up_proj|block_sparse_moe\.input_linear`},
	{Kind: "ffn_down_exps", Part: Experts, Use: Routed, Tail: true, HF: experts + `(down_proj|w2|fc2)|block_sparse_moe\.output_linear`},
	{Kind: "ffn_gate_shexp", Part: SharedExperts, Use: Product, Tail: true, HF: shared + `gate_proj`},
	{Kind: "ffn_up_shexp", Part: SharedExperts, Use: Product, Tail: true, HF: shared + `up_proj`},
	{Kind: "ffn_gate_up_shexp", Part: SharedExperts, Use: Product, Tail: true, HF: `shared_mlp\.input_linear`, GGUF: "ffn_up_shexp"},
	{Kind: "ffn_down_shexp", Part: SharedExperts, Use: Product, Tail: true, HF: shared + `down_proj|shared_mlp\.output_linear`},
	// A vector, but a product with it nevertheless.
	{Kind: "ffn_gate_inp_shexp", Part: SharedExperts, Use: Product, Tail: true, HF: `mlp\.shared_expert_gate`},

	{Kind: "ssm_in", Part: Recurrent, Use: Product, HF: mamba + `in_proj|` + linear + `in_proj_qkvz`},
	{Kind: "ssm_x", Part: Recurrent, Use: Product, HF: mamba + `x_proj`},
	{Kind: "ssm_dt", Part: Recurrent, Use: Product, HF: mamba + `dt(_proj)?|` + linear + `dt`},
	{Kind: "ssm_ba", Part: Recurrent, Use: Product, HF: linear + `in_proj_ba`},
	{Kind: "ssm_beta", Part: Recurrent, Use: Product, HF: linear + `in_proj_b`},
	{Kind: "ssm_alpha", Part: Recurrent, Use: Product, HF: linear + `in_proj_a`},
	{Kind: "ssm_out", Part: Recurrent, Use: Product, HF: mamba + `out_proj|` + linear + `out_proj`},
	{Kind: "ssm_conv1d", Part: Recurrent, Use: Read, HF: mamba + `conv1d|` + linear + `conv1d`},
	{Kind: "ssm_a", Part: Recurrent, Use: Read, HF: mamba + `A_log|` + linear + `A_log`},
	{Kind: "ssm_d", Part: Recurrent, Use: Read, HF: mamba + `D`},
	{Kind: "ssm_norm", Part: Recurrent, Use: Norm, HF: mamba + `norm|` + linear + `norm`},
	{Kind: "shortconv.in_proj", Part: Recurrent, Use: Product, HF: `conv\.in_proj`},
	{Kind: "shortconv.out_proj", Part: Recurrent, Use: Product, HF: `conv\.out_proj`},
	{Kind: "shortconv.conv", Part: Recurrent, Use: Read, HF: `conv\.conv`},
	// Kimi's delta attention (src/models/kimi-linear.cpp): decay and gate through
	// a low rank, a convolution each for queries, keys and values.
	{Kind: "ssm_f_a", Part: Recurrent, Use: Product, HF: `self_attn\.f_a_proj`},
	{Kind: "ssm_f_b", Part: Recurrent, Use: Product, HF: `self_attn\.f_b_proj`},
	{Kind: "ssm_g_a", Part: Recurrent, Use: Product, HF: `self_attn\.g_a_proj`},
	{Kind: "ssm_g_b", Part: Recurrent, Use: Product, HF: `self_attn\.g_b_proj`},
	{Kind: "ssm_conv1d_q", Part: Recurrent, Use: Read, HF: `self_attn\.q_conv(1d|\.conv)`},
	{Kind: "ssm_conv1d_k", Part: Recurrent, Use: Read, HF: `self_attn\.k_conv(1d|\.conv)`},
	{Kind: "ssm_conv1d_v", Part: Recurrent, Use: Read, HF: `self_attn\.v_conv(1d|\.conv)`},

	// The indexer of sparse attention (src/models/deepseek32.cpp) scores the keys
	// that a query may look at.
	{Kind: "indexer.attn_q_b", Part: Attention, Use: Product, HF: `self_attn\.indexer\.wq_b`},
	{Kind: "indexer.attn_k", Part: Attention, Use: Keys, HF: `self_attn\.indexer\.wk`},
	{Kind: "indexer.k_norm", Part: Norms, Use: KeyNorm, HF: `self_attn\.indexer\.k_norm`},
	{Kind: "indexer.proj", Part: Attention, Use: Product, HF: `self_attn\.indexer\.weights_proj`},

	// Gemma 3n (src/models/gemma3n.cpp): alternating updates of four states, a
	// low-rank residual, and embeddings of each layer's own.
	{Kind: "altup_proj", Part: Updates, Use: Product, HF: `altup_projections\.\d+`, Outside: true},
	{Kind: "altup_unembd_proj", Part: Updates, Use: Product, HF: `altup_unembed_projections\.\d+`, Outside: true},
	{Kind: "altup_router", Part: Updates, Use: Twice, HF: `altup\.modality_router`},
	{Kind: "altup_router_norm", Part: Norms, Use: Norm, HF: `altup\.router_norm`},
	{Kind: "altup_predict_coef", Part: Updates, Use: Mixing, HF: `altup\.prediction_coefs`},
	{Kind: "altup_correct_coef", Part: Updates, Use: Product, HF: `altup\.correction_coefs`},
	{Kind: "altup_correct_scale", Part: Norms, Use: Vector, HF: `altup\.correct_output_scale`},
	{Kind: "laurel_l", Part: Updates, Use: Product, HF: `laurel\.linear_left`},
	{Kind: "laurel_r", Part: Updates, Use: Product, HF: `laurel\.linear_right`},
	{Kind: "laurel_post_norm", Part: Norms, Use: Norm, HF: `laurel\.post_laurel_norm`},
	{Kind: "per_layer_token_embd", Part: Embedding, Use: Lookup, HF: `embed_tokens_per_layer`, Outside: true},
	{Kind: "per_layer_model_proj", Part: Updates, Use: Product, HF: `per_layer_model_projection`, Outside: true},
	{Kind: "per_layer_proj_norm", Part: Norms, Use: Norm, HF: `per_layer_projection_norm`, Outside: true},
	{Kind: "inp_gate", Part: Updates, Use: Product, HF: `per_layer_input_gate`},
	{Kind: "proj", Part: Updates, Use: Product, HF: `per_layer_projection`},
	{Kind: "post_norm", Part: Norms, Use: Norm, HF: `post_per_layer_input_norm`},

	// Blocks that predict further tokens (LLM_TENSOR_NEXTN_*).
	{Kind: "nextn.eh_proj", Part: Draft, Use: Idle, HF: `eh_proj|fc`},
	{Kind: "nextn.enorm", Part: Draft, Use: Idle, HF: `enorm|pre_fc_norm_embedding`},
	{Kind: "nextn.hnorm", Part: Draft, Use: Idle, HF: `hnorm|pre_fc_norm_hidden`},
	{Kind: "nextn.embed_tokens", Part: Draft, Use: Idle, HF: `embed_tokens`},
	{Kind: "nextn.shared_head_norm", Part: Draft, Use: Idle, HF: `shared_head\.norm|norm`},
	{Kind: "nextn.shared_head_head", Part: Draft, Use: Idle, HF: `shared_head\.head`},
}
