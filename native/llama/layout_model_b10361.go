package llama

// modelB10361 is struct llama_model_params of llama.h in b10361, where load_mode
// took the place of use_mmap and use_mlock.
var modelB10361 = layout{
	name: "b10361",
	size: 72,
	fields: []field{
		{"devices", 0, ptr, 0},
		{"tensor_buft_overrides", 8, ptr, 0},
		{"n_gpu_layers", 16, i32, minus1},
		{"split_mode", 20, i32, 1},
		{"load_mode", 24, i32, 1},
		{"main_gpu", 28, i32, 0},
		{"tensor_split", 32, ptr, 0},
		{"progress_callback", 40, ptr, 0},
		{"progress_callback_user_data", 48, ptr, 0},
		{"kv_overrides", 56, ptr, 0},
		{"vocab_only", 64, u8, 0},
		{"check_tensors", 65, u8, 0},
		{"use_extra_bufts", 66, u8, 1},
		{"no_host", 67, u8, 0},
		{"no_alloc", 68, u8, 0},
		{"load_mtp", 69, u8, 0},
	},
}
