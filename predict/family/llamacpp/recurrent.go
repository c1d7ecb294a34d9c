package llamacpp

import (
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

// gatedDeltaRows is src/models/qwen3next.cpp and qwen35.cpp: values share the state size of the keys.
var gatedDeltaRows = part{isRecurrent("gated-delta"), []row{
	tensor("attn_qkv.weight", hidden, ssmConv),
	tensor("attn_gate.weight", hidden, ssmInner),
	tensor("ssm_conv1d.weight", ssmKernel, ssmConv),
	tensor("ssm_dt.bias", ssmHeads),
	tensor("ssm_a", ssmHeads),
	tensor("ssm_norm.weight", ssmState),
	tensor("ssm_out.weight", ssmInner, hidden),
}}

var alphaWithBeta = part{isRecurrent("gated-delta"), []row{tensor("ssm_ba.weight", hidden, times(fixed(2), ssmHeads))}}

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
