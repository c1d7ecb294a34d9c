package llama

// modelB8121 is struct llama_model_params of llama.h in b8121 and b8390, the
// first with no_alloc.
var modelB8121 = layout{
	name: "b8121",
	size: 72,
	fields: []field{
		{"devices", 0, ptr, 0},
		{"tensor_buft_overrides", 8, ptr, 0},
		{"n_gpu_layers", 16, i32, minus1},
		{"split_mode", 20, i32, 1},
		{"main_gpu", 24, i32, 0},
		{"tensor_split", 32, ptr, 0},
		{"progress_callback", 40, ptr, 0},
		{"progress_callback_user_data", 48, ptr, 0},
		{"kv_overrides", 56, ptr, 0},
		{"vocab_only", 64, u8, 0},
		{"use_mmap", 65, u8, 1},
		{"use_direct_io", 66, u8, 0},
		{"use_mlock", 67, u8, 0},
		{"check_tensors", 68, u8, 0},
		{"use_extra_bufts", 69, u8, 1},
		{"no_host", 70, u8, 0},
		{"no_alloc", 71, u8, 0},
	},
}
