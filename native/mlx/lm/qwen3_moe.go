package lm

import (
	"slices"

	"assay/native/mlx"
)

// qwen3MoE is mlx_lm/models/qwen3_moe.py, which has no rope_scaling in effect.
func qwen3MoE(b *builder) *network {
	d := b.qwen3Dims()
	b.integer("max_position_embeddings")
	rope := &rotary{headDim: d.headDim, Rope: mlx.Rope{Dims: d.headDim, Base: float32(b.float("rope_theta")), Scale: 1}}
	experts, chosen := b.experts("num_experts")
	dense, width := b.integer("intermediate_size"), b.integer("moe_intermediate_size")
	step, denseOnly := b.integer("decoder_sparse_step"), b.floats("mlp_only_layers")
	normalise := b.boolean("norm_topk_prob")
	tied := b.boolean("tie_word_embeddings")
	if tied {
		b.ignore("lm_head.weight")
	}

	n := b.base(d, tied)
	for i := range d.layers {
		path := layerPath(i)
		a := b.attention(path+".self_attn", d, attentionOptions{norms: b.norm, rope: rope})
		var f feedForward
		if slices.Contains(denseOnly, float32(i)) || (i+1)%step != 0 {
			f = b.mlp(path+".mlp", d.hidden, dense, false, swigluGate)
		} else {
			names := perExpert(path+".mlp.experts", "gate_proj", "up_proj", "down_proj")
			f = &qwen3Experts{
				gate:      b.linear(path+".mlp.gate", experts, d.hidden, false),
				experts:   b.switchGLU(path+".mlp.switch_mlp", names, experts, chosen, d.hidden, width, false, swigluGate),
				normalise: normalise,
				all:       experts,
			}
		}
		n.layers = append(n.layers, b.preNorm(path, d, a, f))
	}
	n.norm = b.norm("model.norm", d.hidden, d.eps)
	return n
}

// qwen3Experts is Qwen3MoeSparseMoeBlock.
type qwen3Experts struct {
	gate      *linear
	experts   *switchGLU
	normalise bool
	all       int
}

func (m *qwen3Experts) forward(st *step, x mlx.Array) mlx.Array {
	s := st.s
	gates := s.Softmax(m.gate.forward(s, x))
	indices := lastChosen(st, s.ArgPartition(gates, -m.experts.chosen), m.all, m.experts.chosen)
	scores := s.TakeAlong(gates, indices)
	if m.normalise {
		scores = s.Divide(scores, s.Sum(scores, -1, true))
	}
	return weighted(s, m.experts.forward(st, x, indices), scores)
}

// lastChosen is indices[..., -chosen:] of all experts.
func lastChosen(st *step, indices mlx.Array, all, chosen int) mlx.Array {
	return st.s.Slice(indices, []int{0, 0, all - chosen}, []int{1, st.tokens, all})
}
