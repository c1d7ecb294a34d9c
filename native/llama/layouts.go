package llama

// contextLayouts are those of struct llama_context_params of llama.h, oldest
// first; a change's comment names the pull request of ggml-org/llama.cpp.
var contextLayouts = history("b6431", []member{
	{"n_ctx", i32}, {"n_batch", i32}, {"n_ubatch", i32}, {"n_seq_max", i32},
	{"n_threads", i32}, {"n_threads_batch", i32},
	{"rope_scaling_type", i32}, {"pooling_type", i32}, {"attention_type", i32}, {"flash_attn_type", i32},
	{"rope_freq_base", i32}, {"rope_freq_scale", i32},
	{"yarn_ext_factor", i32}, {"yarn_attn_factor", i32}, {"yarn_beta_fast", i32}, {"yarn_beta_slow", i32}, {"yarn_orig_ctx", i32},
	{"defrag_thold", i32}, {"cb_eval", ptr}, {"cb_eval_user_data", ptr}, {"type_k", i32}, {"type_v", i32},
	{"abort_callback", ptr}, {"abort_callback_data", ptr},
	{"embeddings", u8}, {"offload_kqv", u8}, {"no_perf", u8}, {"op_offload", u8}, {"swa_full", u8}, {"kv_unified", u8},
}, []change{
	{since: "b7698", put: []placed{{member{"samplers", ptr}, ""}, {member{"n_samplers", ptr}, ""}}},                       // 17004
	{since: "b9209", put: []placed{{member{"n_rs_seq", i32}, "n_seq_max"}, {member{"ctx_type", i32}, "n_threads_batch"}}}, // 22673
	{since: "b9554", put: []placed{{member{"n_outputs_max", i32}, "n_rs_seq"}, {member{"ctx_other", ptr}, ""}}},           // 23861
	{since: "b10361", put: []placed{{member{"n_outputs_max_per_seq", i32}, "n_outputs_max"}}},                             // 25532
	{since: "b11548", put: []placed{{member{"moe_cache_size", ptr}, "type_v"}}},
})

// modelLayouts are those of struct llama_model_params, likewise.
var modelLayouts = history("b6431", []member{
	{"devices", ptr}, {"tensor_buft_overrides", ptr}, {"n_gpu_layers", i32}, {"split_mode", i32}, {"main_gpu", i32},
	{"tensor_split", ptr}, {"progress_callback", ptr}, {"progress_callback_user_data", ptr}, {"kv_overrides", ptr},
	{"vocab_only", u8}, {"use_mmap", u8}, {"use_mlock", u8}, {"check_tensors", u8}, {"use_extra_bufts", u8},
}, []change{
	{since: "b6845", put: []placed{{member{"no_host", u8}, ""}}},
	{since: "b7698", put: []placed{{member{"use_direct_io", u8}, "use_mmap"}, {member{"no_alloc", u8}, ""}}}, // 18166
	{since: "b10133", gone: []string{"use_mmap", "use_direct_io", "use_mlock"}, // 20834
		put: []placed{{member{"load_mode", i32}, "split_mode"}}},
	{since: "b10236", put: []placed{{member{"load_mtp", u8}, ""}}},            // 26296
	{since: "b10715", put: []placed{{member{"lazy_mode", i32}, "load_mode"}}}, // 27794
})
