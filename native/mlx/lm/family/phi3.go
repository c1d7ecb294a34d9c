package family

import (
	"assay/native/mlx"
	"assay/native/mlx/lm/block"
	"assay/native/mlx/lm/cache"
)

func init() { Register(phi3, "phi3") }

// phi3 is mlx_lm/models/phi3.py: projections in one matrix each.
func phi3(b *block.Builder) *block.Network {
	d := b.SquareDims()
	intermediate := b.Integer("intermediate_size")
	rope := b.Rope(block.RopeOptions{Scaling: b.Scaling(),
		Dims: int(float64(d.HeadDim) * b.Float("partial_rotary_factor", 1)), HeadDim: d.HeadDim,
		Base: b.Float("rope_theta", 10000), Traditional: b.Boolean("rope_traditional", false),
	})
	tied := b.Boolean("tie_word_embeddings", false)

	n := b.Base(d, tied)
	for i := range d.Layers {
		path := block.LayerPath(i)
		a := &block.Attention{
			Shape: d.Cached(), QueryHeads: d.Heads, Scale: block.InverseRoot(float64(d.HeadDim)), Rope: rope,
			QKV: b.Linear(path+".self_attn.qkv_proj", (d.Heads+2*d.KVHeads)*d.HeadDim, d.Hidden, false),
			O:   b.Linear(path+".self_attn.o_proj", d.Hidden, d.Heads*d.HeadDim, false),
		}
		n.Layers = append(n.Layers, b.PreNorm(path, d, a, &fusedMLP{
			gateUp: b.Linear(path+".mlp.gate_up_proj", 2*intermediate, d.Hidden, false),
			down:   b.Linear(path+".mlp.down_proj", d.Hidden, intermediate, false),
			width:  intermediate,
		}))
	}
	n.Norm = b.Norm("model.norm", d.Hidden, d.Eps)
	return n
}

// fusedMLP is phi3's MLP.
type fusedMLP struct {
	gateUp, down *block.Linear
	width        int
}

func (m *fusedMLP) Forward(st *cache.Step, x mlx.Array) mlx.Array {
	parts := st.S.Split(m.gateUp.Forward(st.S, x), -1, m.width)
	return m.down.Forward(st.S, block.SwigluGate(st.S, parts[0], parts[1]))
}
