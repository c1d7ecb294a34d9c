package lm

import "assay/native/mlx"

// mixtral is mlx_lm/models/mixtral.py, which has no rope_scaling in effect.
func mixtral(b *builder) *network {
	d := dims{
		hidden: b.integer("hidden_size", 4096),
		layers: b.integer("num_hidden_layers", 32),
		vocab:  b.integer("vocab_size", 32000),
		heads:  b.integer("num_attention_heads", 32),
		eps:    b.float("rms_norm_eps", 1e-5),
	}
	d.kvHeads = b.integer("num_key_value_heads", 8)
	d.headDim = d.hidden / d.heads
	b.checkHeads(d)
	rope := &rotary{headDim: d.headDim, Rope: mlx.Rope{
		Dims: d.headDim, Traditional: b.boolean("rope_traditional", false), Base: float32(b.float("rope_theta", 1e6)), Scale: 1,
	}}
	experts, chosen := b.integer("num_local_experts", 8), b.integer("num_experts_per_tok", 2)
	width := b.integer("intermediate_size", 14336)
	tied := b.boolean("tie_word_embeddings", false)
	if tied {
		b.ignore("lm_head.weight")
	}

	n := b.base(d, tied)
	for i := range d.layers {
		path := layerPath(i)
		a := b.attention(path+".self_attn", d, attentionOptions{rope: rope})
		names := perExpert(path+".block_sparse_moe.experts", "w1", "w3", "w2")
		n.layers = append(n.layers, b.preNorm(path, d, a, &mixtralExperts{
			gate:    b.linear(path+".block_sparse_moe.gate", experts, d.hidden, false),
			experts: b.switchGLU(path+".block_sparse_moe.switch_mlp", names, experts, chosen, d.hidden, width, false, swigluGate),
		}))
	}
	n.norm = b.norm("model.norm", d.hidden, d.eps)
	return n
}

// mixtralExperts is MixtralSparseMoeBlock.
type mixtralExperts struct {
	gate    *linear
	experts *switchGLU
}

func (m *mixtralExperts) forward(st *step, x mlx.Array) mlx.Array {
	s := st.s
	gates := m.gate.forward(s, x)
	indices := firstChosen(st, s.ArgPartition(s.Negative(gates), m.experts.chosen-1), m.experts.chosen)
	scores := s.Softmax(s.TakeAlong(gates, indices))
	return weighted(s, m.experts.forward(st, x, indices), scores)
}
