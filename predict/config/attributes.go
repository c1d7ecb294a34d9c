package config

// attribute is one fact as Hugging Face configs spell it: the key, then its
// alternatives, and the range a value must lie in. The ranges are above
// every published model and keep a model's parameters, in bytes, below 2^63.
type attribute struct {
	keys     []string
	min, max int64
}

const (
	maxLayers  = 512 // llama.cpp's own limit (LLAMA_MAX_LAYERS)
	MaxWidth   = 1 << 19
	maxCount   = 1 << 14
	maxExperts = 1 << 11
	maxTokens  = 1 << 40
)

// dialect is how one kind of source spells the facts, by the field path under
// which their provenance is kept.
type dialect map[string]attribute

// configKeys is the dialect of Hugging Face's config.json: the table of known
// spellings, one name for each fact first and its alternatives behind.
var configKeys = dialect{
	"layers":                    {[]string{"num_hidden_layers", "n_layers", "num_layers", "n_layer"}, 1, maxLayers},
	"hidden":                    {[]string{"hidden_size", "dim", "model_dim", "d_model", "n_embd"}, 1, MaxWidth},
	"vocab":                     {[]string{"vocab_size"}, 1, 1 << 26},
	"context_length":            {[]string{"max_position_embeddings", "max_seq_len", "n_positions"}, 1, maxTokens},
	"norm_epsilon":              {keys: []string{"rms_norm_eps", "layer_norm_eps", "layer_norm_epsilon", "norm_eps"}},
	"rope_base":                 {keys: []string{"rope_theta", "rotary_emb_base"}},
	"attention.heads":           {[]string{"num_attention_heads", "n_heads", "num_heads", "n_head"}, 0, maxCount},
	"attention.kv_heads":        {[]string{"num_key_value_heads", "n_kv_heads", "num_kv_heads"}, 0, maxCount},
	"attention.key_dim":         {[]string{"head_dim", "attention_head_dim"}, 1, 1 << 16},
	"attention.window":          {[]string{"sliding_window", "sliding_window_size", "attention_chunk_size"}, 0, maxTokens},
	"attention.global_key_dim":  {[]string{"global_head_dim"}, 1, 1 << 16},
	"attention.global_kv_heads": {[]string{"num_global_key_value_heads"}, 1, maxCount},
	"attention.period":          {[]string{"sliding_window_pattern", "_sliding_window_pattern", "layer_switch"}, 1, maxLayers},
	"attention.window_from":     {[]string{"max_window_layers"}, 0, maxTokens},

	"feed_forward.intermediate": {[]string{"intermediate_size", "ffn_dim", "n_inner"}, 0, MaxWidth},

	"feed_forward.scale":    {keys: []string{"block_ffn_dim_multiplier"}},
	"feed_forward.multiple": {[]string{"block_multiple_of"}, 1, MaxWidth},

	"experts.count":        {[]string{"num_experts", "num_local_experts", "n_routed_experts"}, 0, maxExperts},
	"experts.used":         {[]string{"num_experts_per_tok", "experts_per_token", "num_experts_per_token", "top_k_experts"}, 1, maxExperts},
	"experts.intermediate": {[]string{"moe_intermediate_size"}, 1, MaxWidth},
	"experts.shared_width": {[]string{"shared_expert_intermediate_size", "shared_intermediate_size", "moe_shared_expert_intermediate_size"},
		0, MaxWidth},
	"experts.shared_count":  {[]string{"n_shared_experts"}, 0, maxExperts},
	"experts.leading_dense": {[]string{"first_k_dense_replace", "num_dense_layers"}, 0, maxLayers},
	"experts.offset":        {[]string{"expert_layer_offset"}, 0, maxLayers},
	"experts.step":          {[]string{"decoder_sparse_step", "interleave_moe_layer_step", "moe_layer_freq"}, 1, maxLayers},

	"experts.weight_scale": {keys: []string{"routed_scaling_factor"}},
	"experts.groups":       {[]string{"n_group"}, 0, maxExperts},
	"experts.groups_used":  {[]string{"topk_group"}, 0, maxExperts},

	"scales.embedding": {keys: []string{"embedding_multiplier"}},
	"scales.residual":  {keys: []string{"residual_multiplier"}},
	"scales.attention": {keys: []string{"attention_multiplier"}},
	"scales.logit":     {keys: []string{"logits_scaling"}},

	"mla.q_lora_rank":  {[]string{"q_lora_rank"}, 0, MaxWidth},
	"mla.kv_lora_rank": {[]string{"kv_lora_rank"}, 1, MaxWidth},
	"mla.rope_dim":     {[]string{"qk_rope_head_dim"}, 1, 1 << 16},
	"mla.nope_dim":     {[]string{"qk_nope_head_dim"}, 1, 1 << 16},
	"mla.value_dim":    {[]string{"v_head_dim"}, 1, 1 << 16},

	"indexer.heads":   {[]string{"index_n_heads"}, 1, maxCount},
	"indexer.key_dim": {[]string{"index_head_dim"}, 1, 1 << 16},
	"indexer.top_k":   {[]string{"index_topk"}, 0, maxTokens},

	"per_layer": {[]string{"hidden_size_per_layer_input"}, 0, MaxWidth},

	"recurrent.conv_kernel": {[]string{"conv_kernel", "mamba_d_conv", "conv_L_cache", "linear_conv_kernel_dim"}, 1, 1 << 10},
	"recurrent.state":       {[]string{"state_size", "mamba_d_state", "ssm_state_size", "linear_key_head_dim"}, 1, 1 << 16},
	"recurrent.groups":      {[]string{"n_groups", "mamba_n_groups", "linear_num_key_heads"}, 1, maxCount},
	"recurrent.heads":       {[]string{"mamba_n_heads", "mamba_num_heads", "linear_num_value_heads"}, 1, maxCount},
	"recurrent.head_dim":    {[]string{"mamba_d_head", "mamba_head_dim", "linear_value_head_dim"}, 1, 1 << 16},
	"recurrent.inner":       {[]string{"mamba_d_ssm"}, 1, MaxWidth},
	"recurrent.expand":      {[]string{"expand", "mamba_expand"}, 1, 1 << 10},
	"draft_layers":          {[]string{"num_nextn_predict_layers", "mtp_num_hidden_layers"}, 0, maxLayers},
	"recurrent.rank":        {[]string{"mamba_dt_rank", "time_step_rank"}, 1, MaxWidth},
	"attention.mix_period":  {[]string{"attn_layer_period"}, 1, maxLayers},
	"attention.mix_offset":  {[]string{"attn_layer_offset"}, 0, maxLayers},
	"attention.interval":    {[]string{"full_attention_interval"}, 1, maxLayers},
	"attention.shared":      {[]string{"num_kv_shared_layers"}, 0, maxLayers},
}

// GGUFKeys is the dialect of a GGUF's metadata, without the "<arch>." in front
// (src/llama-arch.cpp of llama.cpp v0.5.0, LLM_KV_NAMES).
var GGUFKeys = dialect{
	"layers":                     {[]string{"block_count"}, 1, maxLayers},
	"hidden":                     {[]string{"embedding_length"}, 1, MaxWidth},
	"vocab":                      {[]string{"vocab_size"}, 1, 1 << 26},
	"context_length":             {[]string{"context_length"}, 1, maxTokens},
	"norm_epsilon":               {keys: []string{"attention.layer_norm_rms_epsilon", "attention.layer_norm_epsilon"}},
	"rope_base":                  {keys: []string{"rope.freq_base"}},
	"attention.heads":            {[]string{"attention.head_count"}, 0, maxCount},
	"attention.kv_heads":         {[]string{"attention.head_count_kv"}, 0, maxCount},
	"attention.key_dim":          {[]string{"attention.key_length"}, 1, 1 << 16},
	"attention.value_dim":        {[]string{"attention.value_length"}, 1, 1 << 16},
	"attention.window":           {[]string{"attention.sliding_window"}, 0, maxTokens},
	"attention.window_key_dim":   {[]string{"attention.key_length_swa"}, 1, 1 << 16},
	"attention.window_value_dim": {[]string{"attention.value_length_swa"}, 1, 1 << 16},
	"attention.shared":           {[]string{"attention.shared_kv_layers"}, 0, maxLayers},
	"indexer.heads":              {[]string{"attention.indexer.head_count"}, 1, maxCount},
	"indexer.key_dim":            {[]string{"attention.indexer.key_length"}, 1, 1 << 16},
	"indexer.top_k":              {[]string{"attention.indexer.top_k"}, 0, maxTokens},
	"attention.period":           {[]string{"attention.sliding_window_pattern"}, 0, maxLayers},
	"feed_forward.intermediate":  {[]string{"feed_forward_length"}, 0, MaxWidth},
	"experts.count":              {[]string{"expert_count"}, 0, maxExperts},
	"experts.used":               {[]string{"expert_used_count"}, 0, maxExperts},
	"experts.step":               {[]string{"interleave_moe_layer_step"}, 0, maxLayers},
	"experts.weight_scale":       {keys: []string{"expert_weights_scale"}},
	"experts.groups":             {[]string{"expert_group_count"}, 0, maxExperts},
	"experts.groups_used":        {[]string{"expert_group_used_count"}, 0, maxExperts},
	"scales.embedding":           {keys: []string{"embedding_scale"}},
	"scales.residual":            {keys: []string{"residual_scale"}},
	"scales.attention":           {keys: []string{"attention.scale"}},
	"scales.logit":               {keys: []string{"logit_scale"}},
	"mla.q_lora_rank":            {[]string{"attention.q_lora_rank"}, 0, MaxWidth},
	"mla.kv_lora_rank":           {[]string{"attention.kv_lora_rank"}, 1, MaxWidth},
	"mla.key_dim":                {[]string{"attention.key_length_mla"}, 1, 1 << 16},
	"mla.value_dim":              {[]string{"attention.value_length_mla"}, 1, 1 << 16},
	"mla.rope_dim":               {[]string{"rope.dimension_count"}, 1, 1 << 16},
	"recurrent.conv_kernel":      {[]string{"ssm.conv_kernel"}, 1, 1 << 10},
	"recurrent.short_kernel":     {[]string{"shortconv.l_cache"}, 1, 1 << 10},
	"recurrent.delta_dim":        {[]string{"kda.head_dim"}, 1, 1 << 16},
	"recurrent.head_size":        {[]string{"wkv.head_size"}, 1, 1 << 16},
	"recurrent.shift":            {[]string{"token_shift_count"}, 0, 1 << 10},
	"recurrent.inner":            {[]string{"ssm.inner_size"}, 1, MaxWidth},
	"recurrent.state":            {[]string{"ssm.state_size"}, 1, 1 << 16},
	"recurrent.groups":           {[]string{"ssm.group_count"}, 0, maxCount},
	"recurrent.heads":            {[]string{"ssm.time_step_rank"}, 0, maxCount},
	"per_layer":                  {[]string{"embedding_length_per_layer_input"}, 0, MaxWidth},
	"draft_layers":               {[]string{"nextn_predict_layers"}, 0, maxLayers},
}
