package lm

import (
	"math"

	"assay/native/mlx"
)

// feedForward is the part of a layer behind attention.
type feedForward interface {
	forward(st *step, x mlx.Array) mlx.Array
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

// gate combines the gate's and the up projection's outputs.
type gate func(s *mlx.Scope, gate, up mlx.Array) mlx.Array

func swigluGate(s *mlx.Scope, gate, up mlx.Array) mlx.Array { return s.Call(swiglu, gate, up) }

func geluGate(s *mlx.Scope, gate, up mlx.Array) mlx.Array {
	return s.Multiply(s.Call(geluApprox, gate), up)
}

// mlp is the MLP of mlx-lm's models.
type mlp struct {
	gate, up, down *linear
	combine        gate
}

func (b *builder) mlp(path string, hidden, intermediate int, bias bool, combine gate) *mlp {
	return &mlp{
		gate:    b.linear(path+".gate_proj", intermediate, hidden, bias),
		down:    b.linear(path+".down_proj", hidden, intermediate, bias),
		up:      b.linear(path+".up_proj", intermediate, hidden, bias),
		combine: combine,
	}
}

func (m *mlp) forward(st *step, x mlx.Array) mlx.Array {
	gated := m.combine(st.s, m.gate.forward(st.s, x), m.up.forward(st.s, x))
	return m.down.forward(st.s, gated)
}
