package llamacpp

import (
	"slices"

	"assay/predict/arch"
)

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
	{"ssm.conv_kernel", recurrentKey(func(r *arch.Recurrent) int64 { return r.ConvKernel })},
	{"ssm.inner_size", recurrentKey(func(r *arch.Recurrent) int64 { return r.Inner })},
	{"ssm.state_size", recurrentKey(func(r *arch.Recurrent) int64 { return r.State })},
	{"ssm.group_count", recurrentKey(func(r *arch.Recurrent) int64 { return r.Groups })},
	{"ssm.time_step_rank", recurrentKey(func(r *arch.Recurrent) int64 { return r.Heads })},
}

// recurrentKey is a size that all recurrent layers share.
func recurrentKey(of func(*arch.Recurrent) int64) func(*arch.Facts) any {
	return func(f *arch.Facts) any {
		if r := f.FirstRecurrent(); r != nil {
			return uint32(of(r))
		}
		return nil
	}
}

var (
	mamba2Family = Family{Name: "mamba2", block: []part{attnNorm, mamba2Rows, mamba2Norm}, keys: slices.Concat(ssmKeys, []key{
		{"attention.head_count", func(*arch.Facts) any { return uint32(0) }},
	})}
	// falconH1Family: both mixers in every layer, and a feed-forward norm that
	// carries no ".weight".
	falconH1Family = Family{Name: "falcon-h1", keys: ssmKeys, block: slices.Concat([]part{
		attnNorm, mamba2Rows, attentionRows, attentionBias,
		{hasFeedForward, []row{tensor("ffn_norm", hidden)}},
	}, feedForward)}
	// graniteHybridFamily asserts an inner width of twice the hidden size.
	graniteHybridFamily = Family{Name: "granitehybrid", Scaled: true, zeroKVHeads: true, hidden: halfOfInner, expertWidthIsDense: true,
		keys: slices.Concat(ssmKeys, []key{mayScaleLogits}, scaleKeys), block: slices.Concat([]part{mamba2Rows, mamba2Norm}, standardBlock)}
	// nemotronHFamily: each layer is one of mixer, attention and MLP, with one norm.
	nemotronHFamily = Family{Name: "nemotron_h", zeroKVHeads: true, layerNorm: true, keys: ssmKeys,
		block: slices.Concat([]part{attnNorm, mamba2Rows, mamba2Norm, attentionRows, attentionBias}, feedForward)}
	// lfm2Family: the convolution's state is as wide as the hidden size, and
	// attn_q is hidden × hidden, so neither can shrink.
	lfm2Family = Family{Name: "lfm2", zeroKVHeads: true, hidden: unchanged, keepHeads: true, outputNorm: "token_embd_norm.weight",
		keys:  []key{{"shortconv.l_cache", recurrentKey(func(r *arch.Recurrent) int64 { return r.ConvKernel })}},
		block: slices.Concat([]part{shortConvRows}, standardBlock)}
	qwen3nextFamily = Family{Name: "qwen3next", keys: slices.Concat(ssmKeys, []key{{"full_attention_interval", attentionInterval}}),
		block: slices.Concat([]part{attnNorm, gatedDeltaRows, gatedAttentionRows, headNorms,
			{nil, []row{tensor("post_attention_norm.weight", hidden)}}}, feedForward)}
)

// attentionInterval is the distance of the attention layers, counted from the first.
func attentionInterval(f *arch.Facts) any {
	for i := range f.Layers {
		if f.Layers[i].Attention != nil {
			return uint32(i + 1)
		}
	}
	return nil
}
