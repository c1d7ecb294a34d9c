package gemma

import (
	"math"
	"sync"

	"assay/native/mlx"
	"assay/native/mlx/lm/block"
	"assay/native/mlx/lm/cache"
	"assay/native/mlx/lm/family"
)

// layerInputs are the embeddings that gemma3n and gemma4 give each layer of its
// own: one of the token, and one projected from the model's.
type layerInputs struct {
	layers, width, hidden int
	tokens                *block.Embedding
	projection            *block.Linear
	norm                  *block.Norm
	// known masks tokens that have no such embedding, by gemma3n; 0 does not.
	known int
}

func perLayerInputs(b *block.Builder, d block.Dims, width, vocab int) *layerInputs {
	if width == 0 {
		return nil
	}
	return &layerInputs{
		layers: d.Layers, width: width, hidden: d.Hidden,
		tokens:     b.Embedding("model.embed_tokens_per_layer", vocab, d.Layers*width, false),
		projection: b.Linear("model.per_layer_model_projection", d.Layers*width, d.Hidden, false),
		norm:       b.Norm("model.per_layer_projection_norm", width, d.Eps),
	}
}

// of returns (1, tokens, width) for each layer.
func (l *layerInputs) of(st *cache.Step, p block.Pass) []mlx.Array {
	s, tokens := st.S, p.Tokens
	if l.known > 0 {
		known := s.Less(tokens, s.Scalar(float64(l.known), mlx.Int32))
		tokens = s.Where(known, tokens, s.Scalar(0, mlx.Int32))
	}
	split := func(x mlx.Array) mlx.Array { return s.Reshape(x, 1, st.Tokens, l.layers, l.width) }
	embedded := split(family.Times(s, l.tokens.Forward(s, tokens), math.Sqrt(float64(l.width))))
	projected := family.Times(s, l.projection.Forward(s, p.X), math.Pow(float64(l.hidden), -0.5))
	all := s.Add(l.norm.Forward(s, split(projected)), embedded)
	all = family.Times(s, all, math.Pow(2, -0.5))
	inputs := make([]mlx.Array, l.layers)
	for i := range inputs {
		part := s.Slice(all, []int{0, 0, i, 0}, []int{1, st.Tokens, i + 1, l.width})
		inputs[i] = s.Squeeze(part, 2)
	}
	return inputs
}

// perLayerGate mixes a layer's own embedding in.
type perLayerGate struct {
	gate, projection *block.Linear
	norm             *block.Norm
}

func perLayerGateOf(b *block.Builder, path string, d block.Dims, width int) *perLayerGate {
	return &perLayerGate{
		gate:       b.Linear(path+".per_layer_input_gate", width, d.Hidden, false),
		projection: b.Linear(path+".per_layer_projection", d.Hidden, width, false),
		norm:       b.Norm(path+".post_per_layer_input_norm", d.Hidden, d.Eps),
	}
}

func (g *perLayerGate) forward(s *mlx.Scope, h, input mlx.Array) mlx.Array {
	gated := s.Multiply(s.Call(block.GeluApprox, g.gate.Forward(s, h)), input)
	return g.norm.Forward(s, g.projection.Forward(s, gated))
}

var caps sync.Map // of *mlx.Function by the bound

// capFunction is logit_softcap as one function.
func capFunction(to float64) *mlx.Function {
	made, _ := caps.LoadOrStore(to, &mlx.Function{Inputs: 1, Body: func(s *mlx.Scope, in []mlx.Array) mlx.Array {
		limit := s.Scalar(to, s.Type(in[0]))
		return s.Multiply(s.Tanh(s.Divide(in[0], limit)), limit)
	}})
	return made.(*mlx.Function)
}
