package builder

import "assay/predict/arch"

// attentionSlots are the projections of plain attention, whatever shares keys
// with what (src/models of llama.cpp v0.5.0; models of transformers 5.23.0).
// Keys and values are not divided below one head: with more devices than KV
// heads they are repeated.
var attentionSlots = []Slot{
	{Name: "query", Kinds: []string{"attn_q"}, Use: Product, Split: Columns, Along: "num_heads"},
	{Name: "key", Kinds: []string{"attn_k"}, Use: Product, Split: Columns, Along: "num_kv_heads"},
	{Name: "value", Kinds: []string{"attn_v"}, Use: Product, Split: Columns, Along: "num_kv_heads"},
	{Name: "query_key_value", Kinds: []string{"attn_qkv"}, Use: Product, Split: Columns, Along: "num_kv_heads"},
	{Name: "output", Kinds: []string{"attn_output"}, Use: Product, Split: Rows, Along: "num_heads"},
	{Name: "query_norm", Kinds: []string{"attn_q_norm"}, Use: Vector, Split: Replicated},
	{Name: "key_norm", Kinds: []string{"attn_k_norm"}, Use: Vector, Split: Replicated},
	{Name: "gate", Kinds: []string{"attn_gate"}, Use: Product, Split: Columns, Along: "num_heads"},
	{Name: "sinks", Kinds: []string{"attn_sinks"}, Use: Vector, Split: Columns, Along: "num_heads"},
}

func heads(_ *arch.Facts, l arch.Layer) int64    { return l.Attention.Heads }
func kvHeads(_ *arch.Facts, l arch.Layer) int64  { return l.Attention.KVHeads }
func keyDim(_ *arch.Facts, l arch.Layer) int64   { return l.Attention.KeyDim }
func valueDim(_ *arch.Facts, l arch.Layer) int64 { return l.Attention.ValueDim }

// queryDim is what one head takes of the query projection: twice as much where
// it makes a gate too.
func queryDim(l arch.Layer) int64 {
	if l.Attention.Gated {
		return 2 * l.Attention.KeyDim
	}
	return l.Attention.KeyDim
}

var attentionSpecs = []spec{
	{"hidden_size", hiddenSize, inputs("query")},
	{"num_heads", heads, over(outputs("query"), queryDim)},
	{"num_kv_heads", kvHeads, over(outputs("key"), func(l arch.Layer) int64 { return l.Attention.KeyDim })},
	{"head_dim", keyDim, over(outputs("key"), func(l arch.Layer) int64 { return l.Attention.KVHeads })},
	{"value_head_dim", valueDim, over(inputs("output"), func(l arch.Layer) int64 { return l.Attention.Heads })},
	{"window", func(_ *arch.Facts, l arch.Layer) int64 { return l.Attention.Window }, nil},
}

// attentionMixing: queries with keys, and scores with values.
func attentionMixing(l arch.Layer, cells int64) int64 {
	a := l.Attention
	return 2 * a.Heads * (a.KeyDim + a.ValueDim) * cells
}

// attentionKept: a layer that reads another's cache keeps nothing.
func attentionKept(_ *arch.Facts, l arch.Layer) int64 {
	a := l.Attention
	if a.SharedFrom != nil {
		return 0
	}
	return a.KVHeads * (a.KeyDim + a.ValueDim)
}

func attentionClass(name, does string, is func(*arch.Attention) bool) Class {
	return Class{
		Name: name, Label: "attention", Where: InBlocks, Does: does, Slots: clone(attentionSlots), specs: attentionSpecs,
		is: func(_ *arch.Facts, l arch.Layer) bool {
			return l.Attention != nil && l.Attention.MLA == nil && is(l.Attention)
		},
		mixing: attentionMixing, kept: attentionKept,
	}
}

func clone(slots []Slot) []Slot { return append([]Slot(nil), slots...) }

func windowed(a *arch.Attention) bool { return a.Window > 0 }

var attentionClasses = []Class{
	attentionClass("WindowedAttentionLayer", "attention over a window or chunk; heads shared as num_kv_heads says", windowed),
	attentionClass("MultiHeadAttentionLayer", "attention with keys and values for every head",
		func(a *arch.Attention) bool { return !windowed(a) && a.KVHeads == a.Heads }),
	attentionClass("MultiQueryAttentionLayer", "attention with one head of keys and values for all",
		func(a *arch.Attention) bool { return !windowed(a) && a.KVHeads == 1 && a.Heads > 1 }),
	attentionClass("GroupedQueryAttentionLayer", "attention with groups of heads that share keys and values",
		func(a *arch.Attention) bool { return !windowed(a) && a.KVHeads > 1 && a.KVHeads < a.Heads }),
	latentAttention,
}

func latent(of func(*arch.MLA) int64) func(*arch.Facts, arch.Layer) int64 {
	return func(_ *arch.Facts, l arch.Layer) int64 { return of(l.Attention.MLA) }
}

// latentAttention is DeepSeek-V2's (arXiv 2405.04434), with the decompression
// absorbed into queries and results, as runtimes that cache the latent do it.
// The latent is one row for all heads: tensor parallelism repeats it.
var latentAttention = Class{
	Name: "MLAAttentionLayer", Label: "attention", Where: InBlocks, Does: "attention over a compressed row that all heads share",
	Slots: []Slot{
		{Name: "query", Kinds: []string{"attn_q"}, Use: Product, Split: Columns, Along: "num_heads"},
		{Name: "query_down", Kinds: []string{"attn_q_a"}, Use: Product, Split: Replicated},
		{Name: "query_down_norm", Kinds: []string{"attn_q_a_norm"}, Use: Vector, Split: Replicated},
		{Name: "query_up", Kinds: []string{"attn_q_b"}, Use: Product, Split: Columns, Along: "num_heads"},
		{Name: "latent_down", Kinds: []string{"attn_kv_a_mqa"}, Use: Product, Split: Replicated},
		{Name: "latent_norm", Kinds: []string{"attn_kv_a_norm"}, Use: Vector, Split: Replicated},
		{Name: "latent_up", Kinds: []string{"attn_kv_b"}, Use: Product, Split: Columns, Along: "num_heads"},
		{Name: "key_up", Kinds: []string{"attn_k_b"}, Use: Product, Split: Columns, Along: "num_heads"},
		{Name: "value_up", Kinds: []string{"attn_v_b"}, Use: Product, Split: Columns, Along: "num_heads"},
		{Name: "output", Kinds: []string{"attn_output"}, Use: Product, Split: Rows, Along: "num_heads"},
		// The indexer chooses the keys that are looked at (DeepSeek-V3.2): every device
		// has to make the same choice.
		{Name: "index_query", Kinds: []string{"indexer.attn_q_b"}, Use: Product, Split: Replicated},
		{Name: "index_key", Kinds: []string{"indexer.attn_k"}, Use: Product, Split: Replicated},
		{Name: "index_key_norm", Kinds: []string{"indexer.k_norm"}, Use: Vector, Split: Replicated},
		{Name: "index_weights", Kinds: []string{"indexer.proj"}, Use: Product, Split: Replicated},
	},
	is: func(_ *arch.Facts, l arch.Layer) bool { return l.Attention != nil && l.Attention.MLA != nil },
	specs: []spec{
		{"hidden_size", hiddenSize, inputs("latent_down")},
		{"num_heads", heads, over(inputs("output"), func(l arch.Layer) int64 { return l.Attention.MLA.ValueDim })},
		{"q_lora_rank", latent(func(m *arch.MLA) int64 { return m.QLoraRank }), outputs("query_down")},
		{"kv_lora_rank", latent(func(m *arch.MLA) int64 { return m.KVLoraRank }), length("latent_norm")},
		{"qk_rope_head_dim", latent(func(m *arch.MLA) int64 { return m.RopeDim }), nil},
		{"qk_nope_head_dim", latent(func(m *arch.MLA) int64 { return m.NopeDim }), inputs("key_up")},
		{"v_head_dim", latent(func(m *arch.MLA) int64 { return m.ValueDim }), outputs("value_up")},
		{"window", func(_ *arch.Facts, l arch.Layer) int64 { return l.Attention.Window }, nil},
	},
	mixing: func(l arch.Layer, cells int64) int64 {
		m := l.Attention.MLA
		return 2 * l.Attention.Heads * (2*m.KVLoraRank + m.RopeDim) * cells
	},
	kept: func(_ *arch.Facts, l arch.Layer) int64 {
		m := l.Attention.MLA
		if x := l.Attention.Indexer; x != nil {
			return m.KVLoraRank + m.RopeDim + x.KeyDim
		}
		return m.KVLoraRank + m.RopeDim
	},
}
