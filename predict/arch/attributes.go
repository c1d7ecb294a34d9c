package arch

// attribute is one fact as Hugging Face configs spell it: the key, then its
// alternatives, and the range a value must lie in. The ranges keep products of
// any of these below 2^63 and are far above every published model.
type attribute struct {
	keys     []string
	min, max int64
}

const (
	maxLayers = 1024
	maxWidth  = 1 << 20
	maxCount  = 1 << 14
	maxTokens = 1 << 40
)

// dialect is how one kind of source spells the facts, by the field path under
// which their provenance is kept.
type dialect map[string]attribute

// configKeys is the dialect of Hugging Face's config.json: the table of known
// spellings, one name for each fact first and its alternatives behind.
var configKeys = dialect{
	"layers":                {[]string{"num_hidden_layers", "n_layers", "num_layers", "n_layer"}, 1, maxLayers},
	"hidden":                {[]string{"hidden_size", "dim", "model_dim", "d_model", "n_embd"}, 1, maxWidth},
	"vocab":                 {[]string{"vocab_size"}, 1, 1 << 26},
	"context_length":        {[]string{"max_position_embeddings", "max_seq_len", "n_positions"}, 1, maxTokens},
	"norm_epsilon":          {keys: []string{"rms_norm_eps", "layer_norm_eps", "layer_norm_epsilon", "norm_eps"}},
	"rope_base":             {keys: []string{"rope_theta", "rotary_emb_base"}},
	"attention.heads":       {[]string{"num_attention_heads", "n_heads", "num_heads", "n_head"}, 0, maxCount},
	"attention.kv_heads":    {[]string{"num_key_value_heads", "n_kv_heads", "num_kv_heads"}, 0, maxCount},
	"attention.key_dim":     {[]string{"head_dim", "attention_head_dim"}, 1, 1 << 16},
	"attention.window":      {[]string{"sliding_window", "sliding_window_size", "attention_chunk_size"}, 0, maxTokens},
	"attention.period":      {[]string{"sliding_window_pattern", "_sliding_window_pattern"}, 1, maxLayers},
	"attention.window_from": {[]string{"max_window_layers"}, 0, maxTokens},

	"feed_forward.intermediate": {[]string{"intermediate_size", "ffn_dim", "n_inner"}, 0, maxWidth},

	"experts.count":         {[]string{"num_experts", "num_local_experts", "n_routed_experts"}, 0, 1 << 12},
	"experts.used":          {[]string{"num_experts_per_tok", "experts_per_token", "num_experts_per_token"}, 1, 1 << 12},
	"experts.intermediate":  {[]string{"moe_intermediate_size"}, 1, maxWidth},
	"experts.shared_width":  {[]string{"shared_expert_intermediate_size", "shared_intermediate_size"}, 0, maxWidth},
	"experts.shared_count":  {[]string{"n_shared_experts"}, 0, 1 << 12},
	"experts.leading_dense": {[]string{"first_k_dense_replace", "num_dense_layers"}, 0, maxLayers},
	"experts.step":          {[]string{"decoder_sparse_step", "interleave_moe_layer_step", "moe_layer_freq"}, 1, maxLayers},

	"mla.q_lora_rank":  {[]string{"q_lora_rank"}, 0, maxWidth},
	"mla.kv_lora_rank": {[]string{"kv_lora_rank"}, 1, maxWidth},
	"mla.rope_dim":     {[]string{"qk_rope_head_dim"}, 1, 1 << 16},
	"mla.nope_dim":     {[]string{"qk_nope_head_dim"}, 1, 1 << 16},
	"mla.value_dim":    {[]string{"v_head_dim"}, 1, 1 << 16},
}

// ggufKeys is the dialect of a GGUF's metadata, without the "<arch>." in front
// (src/llama-arch.cpp of llama.cpp v0.5.0, LLM_KV_NAMES).
var ggufKeys = dialect{
	"layers":                    {[]string{"block_count"}, 1, maxLayers},
	"hidden":                    {[]string{"embedding_length"}, 1, maxWidth},
	"vocab":                     {[]string{"vocab_size"}, 1, 1 << 26},
	"context_length":            {[]string{"context_length"}, 1, maxTokens},
	"norm_epsilon":              {keys: []string{"attention.layer_norm_rms_epsilon", "attention.layer_norm_epsilon"}},
	"rope_base":                 {keys: []string{"rope.freq_base"}},
	"attention.heads":           {[]string{"attention.head_count"}, 0, maxCount},
	"attention.kv_heads":        {[]string{"attention.head_count_kv"}, 0, maxCount},
	"attention.key_dim":         {[]string{"attention.key_length"}, 1, 1 << 16},
	"attention.value_dim":       {[]string{"attention.value_length"}, 1, 1 << 16},
	"attention.window":          {[]string{"attention.sliding_window"}, 0, maxTokens},
	"attention.period":          {[]string{"attention.sliding_window_pattern"}, 0, maxLayers},
	"feed_forward.intermediate": {[]string{"feed_forward_length"}, 0, maxWidth},
	"experts.count":             {[]string{"expert_count"}, 0, 1 << 12},
	"experts.used":              {[]string{"expert_used_count"}, 0, 1 << 12},
	"draft_layers":              {[]string{"nextn_predict_layers"}, 0, maxLayers},
}
