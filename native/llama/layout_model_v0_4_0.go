package llama

// modelV040 is struct llama_model_params of llama.h in v0.4.0, v0.5.0 and
// v0.7.0.
var modelV040 = layout{
	name: "v0.4.0",
	size: 80,
	fields: []field{
		{"devices", 0, ptr, 0},
		{"tensor_buft_overrides", 8, ptr, 0},
		{"n_gpu_layers", 16, i32, minus1},
		{"split_mode", 20, i32, 1},
		{"load_mode", 24, i32, minus1},
		{"lazy_mode", 28, i32, 1},
		{"main_gpu", 32, i32, 0},
		{"tensor_split", 40, ptr, 0},
		{"progress_callback", 48, ptr, 0},
		{"progress_callback_user_data", 56, ptr, 0},
		{"kv_overrides", 64, ptr, 0},
		{"vocab_only", 72, u8, 0},
		{"check_tensors", 73, u8, 0},
		{"use_extra_bufts", 74, u8, 1},
		{"no_host", 75, u8, 0},
		{"no_alloc", 76, u8, 0},
		{"load_mtp", 77, u8, 0},
	},
}
