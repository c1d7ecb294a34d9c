package lm

import (
	"math"

	"assay/native/mlx"
)

// gptOSS is mlx_lm/models/gpt_oss.py, for checkpoints that mlx_lm.convert wrote:
// the original's interleaved mxfp4 experts are not read.
func gptOSS(b *builder) *network {
	d := dims{
		hidden:  b.integer("hidden_size", 2880),
		layers:  b.integer("num_hidden_layers", 36),
		vocab:   b.integer("vocab_size", 201088),
		heads:   b.integer("num_attention_heads", 64),
		kvHeads: b.integer("num_key_value_heads", 8),
		headDim: b.integer("head_dim", 64),
		eps:     b.float("rms_norm_eps", 1e-5),
	}
	b.checkHeads(d)
	experts, chosen := b.integer("num_local_experts", 128), b.integer("num_experts_per_tok", 4)
	intermediate, window := b.integer("intermediate_size", 2880), b.integer("sliding_window", 128)
	rope := b.rope(ropeOptions{dims: d.headDim, headDim: d.headDim, base: b.float("rope_theta", 150000)})

	n := b.base(d, false)
	for i := range d.layers {
		path := layerPath(i)
		a := b.attention(path+".self_attn", d, attentionOptions{
			bias: true, outBias: true, scale: 1 / math.Sqrt(float64(d.headDim)), rope: rope,
		})
		a.sinks = b.vector(path+".self_attn.sinks", d.heads)
		n.layers = append(n.layers, b.preNorm(path, d, a, &gptOSSExperts{
			router:  b.linear(path+".mlp.router", experts, d.hidden, true),
			experts: b.switchGLU(path+".mlp.experts", nil, experts, chosen, d.hidden, intermediate, true, gptOSSGate),
			all:     experts,
		}))
		n.caches[i].unquantisable = "mlx-lm's attention with sinks does not read one"
	}
	n.sliding(b.layerTypes(d.layers, alternating(d.layers)), window)
	n.norm = b.norm("model.norm", d.hidden, d.eps)
	return n
}

// alternating are the layer types where config.json has none.
func alternating(layers int) []string {
	types := make([]string, layers)
	for i := range types {
		types[i] = [...]string{slidingAttention, fullAttention}[i%2]
	}
	return types
}

// gptOSSExperts is MLPBlock.
type gptOSSExperts struct {
	router  *linear
	experts *switchGLU
	all     int
}

func (m *gptOSSExperts) forward(st *step, x mlx.Array) mlx.Array {
	s := st.s
	gates := m.router.forward(s, x)
	indices := lastChosen(st, s.ArgPartition(gates, -m.experts.chosen), m.all, m.experts.chosen)
	weights := s.Softmax(s.TakeAlong(gates, indices))
	return weighted(s, m.experts.forward(st, x, indices), weights)
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
