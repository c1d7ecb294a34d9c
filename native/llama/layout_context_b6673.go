package llama

// contextB6673 is struct llama_context_params of llama.h in b6673, b8121 and
// b8390. The samplers came with b8121; before, the struct ended at byte 120, and
// zeroes behind its end are not looked at.
var contextB6673 = layout{
	name: "b6673",
	size: 136,
	fields: []field{
		{"n_ctx", 0, i32, 512},
		{"n_batch", 4, i32, 2048},
		{"n_ubatch", 8, i32, 512},
		{"n_seq_max", 12, i32, 1},
		{"n_threads", 16, i32, 4},
		{"n_threads_batch", 20, i32, 4},
		{"rope_scaling_type", 24, i32, minus1},
		{"pooling_type", 28, i32, minus1},
		{"attention_type", 32, i32, minus1},
		{"flash_attn_type", 36, i32, minus1},
		{"rope_freq_base", 40, i32, 0},
		{"rope_freq_scale", 44, i32, 0},
		{"yarn_ext_factor", 48, i32, minus1Float},
		{"yarn_attn_factor", 52, i32, minus1Float},
		{"yarn_beta_fast", 56, i32, minus1Float},
		{"yarn_beta_slow", 60, i32, minus1Float},
		{"yarn_orig_ctx", 64, i32, 0},
		{"defrag_thold", 68, i32, minus1Float},
		{"cb_eval", 72, ptr, 0},
		{"cb_eval_user_data", 80, ptr, 0},
		{"type_k", 88, i32, typeF16},
		{"type_v", 92, i32, typeF16},
		{"abort_callback", 96, ptr, 0},
		{"abort_callback_data", 104, ptr, 0},
		{"embeddings", 112, u8, 0},
		{"offload_kqv", 113, u8, 1},
		{"no_perf", 114, u8, 1},
		{"op_offload", 115, u8, 1},
		{"swa_full", 116, u8, 1},
		{"kv_unified", 117, u8, 0},
		{"samplers", 120, ptr, 0},
		{"n_samplers", 128, ptr, 0},
	},
}
