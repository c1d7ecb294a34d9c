package arch

import "slices"

// recurrentTypes: pure state-space models and their hybrids with attention.
var recurrentTypes = []modelType{
	{name: "mamba2", family: "mamba2", recurrent: mamba2Part, mix: recurrentOnly,
		names:    map[string][]string{"recurrent.head_dim": {"head_dim"}, "recurrent.heads": {"num_heads"}},
		defaults: map[string]any{"conv_kernel": 4, "state_size": 128, "n_groups": 8, "head_dim": 64}},
	{name: "falcon_h1", family: "falcon-h1", recurrent: mamba2Part, mix: bothEverywhere},
	{name: "granitemoehybrid", family: "granitehybrid", recurrent: mamba2Part, mix: byLayerTypes, sharedIsDense: true,
		pureFamily: "granite", scaled: true, defaults: graniteDefaults,
		names: map[string][]string{"experts.intermediate": {"intermediate_size"}}},
	{name: "nemotron_h", family: "nemotron_h", recurrent: mamba2Part, mix: byPattern, ungated: true,
		names: map[string][]string{"recurrent.conv_kernel": {"conv_kernel"}, "attention.key_dim": {"head_dim", "attention_head_dim"}}},
	{name: "lfm2", family: "lfm2", recurrent: shortConvPart, mix: byAttentionIndexes, qkNorm: true, adjustedWidth: true,
		names:    map[string][]string{"feed_forward.intermediate": {"block_ff_dim", "intermediate_size"}},
		defaults: map[string]any{"conv_L_cache": 3, "tie_word_embeddings": true}},
	{name: "qwen3_next", family: "qwen3next", recurrent: gatedDeltaPart, mix: byInterval, qkNorm: true, sharedGate: true,
		gatedAttention: true, defaults: map[string]any{"full_attention_interval": 4}},
}

func isRecurrent(kind string) func(scope) bool {
	return func(s scope) bool { return s.layer.Recurrent != nil && s.layer.Recurrent.Kind == kind }
}

// The dimensions of a Mamba 2 mixer (src/models/mamba2.cpp of v0.5.0).
var (
	ssmInner  = func(s scope) int64 { return s.layer.Recurrent.Inner }
	ssmState  = func(s scope) int64 { return s.layer.Recurrent.State }
	ssmGroups = func(s scope) int64 { return s.layer.Recurrent.Groups }
	ssmHeads  = func(s scope) int64 { return s.layer.Recurrent.Heads }
	ssmKernel = func(s scope) int64 { return s.layer.Recurrent.ConvKernel }

	// ssmConv is what the convolution runs over: the inner width and, for each
	// group, the input and output projections of the state (B and C); in a gated
	// delta net the queries and keys stand in their place.
	ssmConv = sum(ssmInner, times(fixed(2), times(ssmGroups, ssmState)))
)

var mamba2Rows = part{isRecurrent("mamba2"), []row{
	tensor("ssm_in.weight", hidden, sum(ssmInner, ssmConv, ssmHeads)),
	tensor("ssm_conv1d.weight", ssmKernel, ssmConv),
	tensor("ssm_conv1d.bias", ssmConv),
	tensor("ssm_dt.bias", ssmHeads),
	tensor("ssm_a", fixed(1), ssmHeads),
	tensor("ssm_d", fixed(1), ssmHeads),
	tensor("ssm_out.weight", ssmInner, hidden),
}}

var mamba2Norm = part{isRecurrent("mamba2"), []row{
	tensor("ssm_norm.weight", func(s scope) int64 { return ssmInner(s) / max(ssmGroups(s), 1) }, ssmGroups),
}}

var shortConvRows = part{isRecurrent("shortconv"), []row{
	tensor("shortconv.conv.weight", ssmKernel, hidden),
	tensor("shortconv.in_proj.weight", hidden, times(fixed(3), hidden)),
	tensor("shortconv.out_proj.weight", hidden, hidden),
}}

// gatedDeltaRows is src/models/qwen3next.cpp: values share the state size of the keys.
var gatedDeltaRows = part{isRecurrent("gated-delta"), []row{
	tensor("attn_qkv.weight", hidden, ssmConv),
	tensor("attn_gate.weight", hidden, ssmInner),
	tensor("ssm_conv1d.weight", ssmKernel, ssmConv),
	tensor("ssm_dt.bias", ssmHeads),
	tensor("ssm_a", ssmHeads),
	tensor("ssm_ba.weight", hidden, times(fixed(2), ssmHeads)),
	tensor("ssm_norm.weight", ssmState),
	tensor("ssm_out.weight", ssmInner, hidden),
}}

// gatedAttentionRows: the query projection also makes a gate for the output.
var gatedAttentionRows = part{hasAttention, []row{
	tensor("attn_q.weight", hidden, times(fixed(2), queryWidth)),
	tensor("attn_k.weight", hidden, keyWidth),
	tensor("attn_v.weight", hidden, valueWidth),
	tensor("attn_output.weight", mixedWidth, hidden),
}}

var ssmKeys = []key{
	{"ssm.conv_kernel", recurrentKey(func(r *Recurrent) int64 { return r.ConvKernel })},
	{"ssm.inner_size", recurrentKey(func(r *Recurrent) int64 { return r.Inner })},
	{"ssm.state_size", recurrentKey(func(r *Recurrent) int64 { return r.State })},
	{"ssm.group_count", recurrentKey(func(r *Recurrent) int64 { return r.Groups })},
	{"ssm.time_step_rank", recurrentKey(func(r *Recurrent) int64 { return r.Heads })},
}

// recurrentKey is a size that all recurrent layers share.
func recurrentKey(of func(*Recurrent) int64) func(*Facts) any {
	return func(f *Facts) any {
		if r := f.recurrent(); r != nil {
			return uint32(of(r))
		}
		return nil
	}
}

// recurrent is the first recurrent layer's part, nil in a pure attention model.
func (f *Facts) recurrent() *Recurrent {
	for i := range f.Layers {
		if r := f.Layers[i].Recurrent; r != nil {
			return r
		}
	}
	return nil
}

var (
	mamba2Family = family{name: "mamba2", block: []part{attnNorm, mamba2Rows, mamba2Norm}, keys: slices.Concat(ssmKeys, []key{
		{"attention.head_count", func(*Facts) any { return uint32(0) }},
	})}
	// falconH1Family: both mixers in every layer, and a feed-forward norm that
	// carries no ".weight".
	falconH1Family = family{name: "falcon-h1", keys: ssmKeys, block: slices.Concat([]part{
		attnNorm, mamba2Rows, attentionRows, attentionBias,
		{hasFeedForward, []row{tensor("ffn_norm", hidden)}},
	}, feedForward)}
	// graniteHybridFamily asserts an inner width of twice the hidden size.
	graniteHybridFamily = family{name: "granitehybrid", scaled: true, zeroKVHeads: true, hidden: halfOfInner, expertWidthIsDense: true,
		keys: slices.Concat(ssmKeys, []key{mayScaleLogits}, scaleKeys), block: slices.Concat([]part{mamba2Rows, mamba2Norm}, standardBlock)}
	// nemotronHFamily: each layer is one of mixer, attention and MLP, with one norm.
	nemotronHFamily = family{name: "nemotron_h", zeroKVHeads: true, layerNorm: true, keys: ssmKeys,
		block: slices.Concat([]part{attnNorm, mamba2Rows, mamba2Norm, attentionRows, attentionBias}, feedForward)}
	// lfm2Family: the convolution's state is as wide as the hidden size, and
	// attn_q is hidden × hidden, so neither can shrink.
	lfm2Family = family{name: "lfm2", zeroKVHeads: true, hidden: unchanged, keepHeads: true, outputNorm: "token_embd_norm.weight",
		keys:  []key{{"shortconv.l_cache", recurrentKey(func(r *Recurrent) int64 { return r.ConvKernel })}},
		block: slices.Concat([]part{shortConvRows}, standardBlock)}
	qwen3nextFamily = family{name: "qwen3next", keys: slices.Concat(ssmKeys, []key{{"full_attention_interval", attentionInterval}}),
		block: slices.Concat([]part{attnNorm, gatedDeltaRows, gatedAttentionRows, headNorms,
			{nil, []row{tensor("post_attention_norm.weight", hidden)}}}, feedForward)}
)

// attentionInterval is the distance of the attention layers, counted from the first.
func attentionInterval(f *Facts) any {
	for i := range f.Layers {
		if f.Layers[i].Attention != nil {
			return uint32(i + 1)
		}
	}
	return nil
}
