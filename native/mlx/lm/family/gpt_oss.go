package family

import (
	"math"

	"assay/native/mlx"
	"assay/native/mlx/lm/block"
	"assay/native/mlx/lm/cache"
	"assay/native/mlx/lm/folder"
)

func init() { Register(gptOSS, "gpt_oss") }

// gptOSS is mlx_lm/models/gpt_oss.py. Where config.json names no layer types, they
// are pairs, and the last of an odd number of layers is loaded and not run.
func gptOSS(b *block.Builder) *block.Network {
	d := block.Dims{
		Hidden:  b.Integer("hidden_size", 2880),
		Layers:  b.Integer("num_hidden_layers", 36),
		Vocab:   b.Integer("vocab_size", 201088),
		Heads:   b.Integer("num_attention_heads", 64),
		KVHeads: b.Integer("num_key_value_heads", 8),
		HeadDim: b.Integer("head_dim", 64),
		Eps:     b.Float("rms_norm_eps", 1e-5),
	}
	b.CheckHeads(d)
	experts, chosen := b.Integer("num_local_experts", 128), b.Integer("num_experts_per_tok", 4)
	intermediate, window := b.Integer("intermediate_size", 2880), b.Integer("sliding_window", 128)
	rope := b.Rope(block.RopeOptions{Scaling: b.Scaling(), Dims: d.HeadDim, HeadDim: d.HeadDim, Base: b.Float("rope_theta", 150000)})

	n := b.Base(d, false)
	for i := range d.Layers {
		path := block.LayerPath(i)
		a := b.Attention(path+".self_attn", d, block.AttentionOptions{
			Bias: true, OutBias: true, Scale: 1 / math.Sqrt(float64(d.HeadDim)), Rope: rope,
		})
		a.Sinks = b.Vector(path+".self_attn.sinks", d.Heads)
		n.Layers = append(n.Layers, b.PreNorm(path, d, a, &gptOSSExperts{
			router: b.Linear(path+".mlp.router", experts, d.Hidden, true),
			experts: b.SwitchGLU(path+".mlp.experts", block.ExpertOptions{
				All: experts, Chosen: chosen, Hidden: d.Hidden, Width: intermediate, Combine: gptOSSGate, Bias: true,
			}),
			all: experts,
		}))
		n.Caches[i].Unquantisable = "mlx-lm's attention with sinks does not read one"
	}
	if !b.Has("layer_types") && d.Layers%2 == 1 {
		n.Layers, n.Caches, n.Of = n.Layers[:d.Layers-1], n.Caches[:d.Layers-1], n.Of[:d.Layers-1]
	}
	n.Sliding(b.LayerTypes(d.Layers, alternating(len(n.Layers))), window)
	n.Batches = true
	n.Norm = b.Norm("model.norm", d.Hidden, d.Eps)
	return n
}

// alternating are the layer types where config.json has none.
func alternating(layers int) []string {
	types := make([]string, layers)
	for i := range types {
		types[i] = [...]string{folder.SlidingAttention, folder.FullAttention}[i%2]
	}
	return types
}

// gptOSSExperts is MLPBlock.
type gptOSSExperts struct {
	router  *block.Linear
	experts *block.SwitchGLU
	all     int
}

func (m *gptOSSExperts) Forward(st *cache.Step, x mlx.Array) mlx.Array {
	s := st.S
	gates := m.router.Forward(s, x)
	indices := block.LastChosen(st, s.ArgPartition(gates, -m.experts.Chosen), m.all, m.experts.Chosen)
	weights := s.Softmax(s.TakeAlong(gates, indices))
	return block.Weighted(s, m.experts.Forward(st, x, indices), weights)
}

func gptOSSGate(s *mlx.Scope, gate, up mlx.Array) mlx.Array { return s.Call(gptOSSSwiglu, up, gate) }

// gptOSSSwiglu clips both inputs, scales the sigmoid and adds 1 to the linear
// part; the inputs are (linear, gate).
var gptOSSSwiglu = &mlx.Function{Inputs: 2, Body: func(s *mlx.Scope, in []mlx.Array) mlx.Array {
	number := func(n float64) mlx.Array { return s.Scalar(n, s.Type(in[0])) }
	const alpha, limit = 1.702, 7.0
	gate := s.Clip(in[1], mlx.Array{}, number(limit))
	linear := s.Clip(in[0], number(-limit), number(limit))
	gated := s.Multiply(gate, s.Sigmoid(s.Multiply(number(alpha), gate)))
	return s.Multiply(gated, s.Add(linear, number(1)))
}}
