package lm

import "assay/native/mlx"

// phi3 is mlx_lm/models/phi3.py: projections in one matrix each.
func phi3(b *builder) *network {
	d := b.squareDims()
	intermediate := b.integer("intermediate_size")
	rope := b.rope(ropeOptions{
		dims: int(float64(d.headDim) * b.float("partial_rotary_factor", 1)), headDim: d.headDim,
		base: b.float("rope_theta", 10000), traditional: b.boolean("rope_traditional", false),
	})
	tied := b.boolean("tie_word_embeddings", false)

	n := b.base(d, tied)
	for i := range d.layers {
		path := layerPath(i)
		a := &attention{
			shape: d.cached(), queryHeads: d.heads, scale: inverseRoot(float64(d.headDim)), rope: rope,
			qkv: b.linear(path+".self_attn.qkv_proj", (d.heads+2*d.kvHeads)*d.headDim, d.hidden, false),
			o:   b.linear(path+".self_attn.o_proj", d.hidden, d.heads*d.headDim, false),
		}
		n.layers = append(n.layers, b.preNorm(path, d, a, &fusedMLP{
			gateUp: b.linear(path+".mlp.gate_up_proj", 2*intermediate, d.hidden, false),
			down:   b.linear(path+".mlp.down_proj", d.hidden, intermediate, false),
			width:  intermediate,
		}))
	}
	n.norm = b.norm("model.norm", d.hidden, d.eps)
	return n
}

// fusedMLP is phi3's MLP.
type fusedMLP struct {
	gateUp, down *linear
	width        int
}

func (m *fusedMLP) forward(st *step, x mlx.Array) mlx.Array {
	parts := st.s.Split(m.gateUp.forward(st.s, x), -1, m.width)
	return m.down.forward(st.s, swigluGate(st.s, parts[0], parts[1]))
}
