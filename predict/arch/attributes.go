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

// attributes names every fact that is read from a config, by the field path
// under which its provenance is kept.
var attributes = map[string]attribute{
	"layers":                {[]string{"num_hidden_layers", "n_layers", "num_layers", "n_layer"}, 1, maxLayers},
	"hidden":                {[]string{"hidden_size", "dim", "model_dim", "d_model", "n_embd"}, 1, maxWidth},
	"vocab":                 {[]string{"vocab_size"}, 1, 1 << 26},
	"context_length":        {[]string{"max_position_embeddings", "max_seq_len", "n_positions"}, 1, maxTokens},
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
