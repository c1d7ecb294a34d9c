package lm

import "assay/native/mlx"

// qwen2MoE is mlx_lm/models/qwen2_moe.py.
func qwen2MoE(b *builder) *network {
	d := b.squareDims()
	// rope_scaling is checked by mlx-lm's qwen2_moe, and not used.
	rope := &rotary{headDim: d.headDim, Rope: mlx.Rope{
		Dims: d.headDim, Traditional: b.boolean("rope_traditional", false), Base: float32(b.float("rope_theta", 1000000)), Scale: 1,
	}}
	experts, chosen := b.experts("num_experts")
	width, shared := b.integer("moe_intermediate_size"), b.integer("shared_expert_intermediate_size")

	n := b.base(d, b.boolean("tie_word_embeddings", false))
	for i := range d.layers {
		path := layerPath(i)
		a := b.attention(path+".self_attn", d, attentionOptions{bias: true, rope: rope})
		names := perExpert(path+".mlp.experts", "gate_proj", "up_proj", "down_proj")
		n.layers = append(n.layers, b.preNorm(path, d, a, &qwen2Experts{
			gate:       b.linear(path+".mlp.gate", experts, d.hidden, false),
			experts:    b.switchGLU(path+".mlp.switch_mlp", names, experts, chosen, d.hidden, width, false, swigluGate),
			shared:     b.mlp(path+".mlp.shared_expert", d.hidden, shared, false, swigluGate),
			sharedGate: b.linear(path+".mlp.shared_expert_gate", 1, d.hidden, false),
		}))
	}
	n.norm = b.norm("model.norm", d.hidden, d.eps)
	return n
}

// experts reads how many experts there are, under a name, and how many a token
// takes.
func (b *builder) experts(name string) (all, chosen int) {
	all, chosen = b.integer(name), b.integer("num_experts_per_tok")
	if chosen > all {
		b.note("num_experts_per_tok %d is more than %s %d", chosen, name, all)
	}
	return all, chosen
}

// qwen2Experts is Qwen2MoeSparseMoeBlock.
type qwen2Experts struct {
	gate       *linear
	experts    *switchGLU
	shared     *mlp
	sharedGate *linear
}

func (m *qwen2Experts) forward(st *step, x mlx.Array) mlx.Array {
	s := st.s
	gates := s.Softmax(m.gate.forward(s, x))
	indices := firstChosen(st, s.ArgPartition(s.Negative(gates), m.experts.chosen-1), m.experts.chosen)
	scores := s.TakeAlong(gates, indices)
	y := weighted(s, m.experts.forward(st, x, indices), scores)
	shared := s.Multiply(s.Sigmoid(m.sharedGate.forward(s, x)), m.shared.forward(st, x))
	return s.Add(y, shared)
}

// firstChosen is indices[..., :chosen].
func firstChosen(st *step, indices mlx.Array, chosen int) mlx.Array {
	return st.s.Slice(indices, []int{0, 0, 0}, []int{1, st.tokens, chosen})
}

// weighted is (y * scores[..., None]).sum(axis=-2).
func weighted(s *mlx.Scope, y, scores mlx.Array) mlx.Array {
	return s.Sum(s.Multiply(y, s.ExpandDims(scores, -1)), -2, false)
}
