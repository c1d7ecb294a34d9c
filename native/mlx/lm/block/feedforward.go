package block

import (
	"math"

	"assay/native/mlx"
	"assay/native/mlx/lm/cache"
)

// FeedForward is the part of a layer behind attention.
type FeedForward interface {
	Forward(st *cache.Step, x mlx.Array) mlx.Array
}

// swiglu is mlx_lm/models/activations.py's, on (gate, up).
var swiglu = &mlx.Function{Inputs: 2, Body: func(s *mlx.Scope, in []mlx.Array) mlx.Array {
	gate, up := in[0], in[1]
	return s.Multiply(s.Multiply(gate, s.Sigmoid(gate)), up)
}}

// geluApprox is mlx.nn.gelu_approx.
var geluApprox = &mlx.Function{Inputs: 1, Body: func(s *mlx.Scope, in []mlx.Array) mlx.Array {
	x := in[0]
	number := func(n float64) mlx.Array { return s.Scalar(n, s.Type(x)) }
	cubed := s.Multiply(number(0.044715), s.Power(x, number(3)))
	tanh := s.Tanh(s.Multiply(number(math.Sqrt(2/math.Pi)), s.Add(x, cubed)))
	return s.Multiply(s.Multiply(number(0.5), x), s.Add(number(1), tanh))
}}

// Gate combines the gate's and the up projection's outputs.
type Gate func(s *mlx.Scope, gate, up mlx.Array) mlx.Array

// SwigluGate is silu(gate) · up.
func SwigluGate(s *mlx.Scope, gate, up mlx.Array) mlx.Array { return s.Call(swiglu, gate, up) }

func geluGate(s *mlx.Scope, gate, up mlx.Array) mlx.Array {
	return s.Multiply(s.Call(geluApprox, gate), up)
}

// MLP is the MLP of mlx-lm's models.
type MLP struct {
	gate, up, down *Linear
	combine        Gate
}

func (b *Builder) MLP(path string, hidden, intermediate int, bias bool, combine Gate) *MLP {
	return &MLP{
		gate:    b.Linear(path+".gate_proj", intermediate, hidden, bias),
		down:    b.Linear(path+".down_proj", hidden, intermediate, bias),
		up:      b.Linear(path+".up_proj", intermediate, hidden, bias),
		combine: combine,
	}
}

func (m *MLP) Forward(st *cache.Step, x mlx.Array) mlx.Array {
	gated := m.combine(st.S, m.gate.Forward(st.S, x), m.up.Forward(st.S, x))
	return m.down.Forward(st.S, gated)
}
