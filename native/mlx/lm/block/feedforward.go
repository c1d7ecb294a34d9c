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

// Silu is mlx.nn.silu.
var Silu = &mlx.Function{Inputs: 1, Body: func(s *mlx.Scope, in []mlx.Array) mlx.Array {
	return s.Multiply(in[0], s.Sigmoid(in[0]))
}}

// Relu2 is mlx.nn.relu2.
var Relu2 = &mlx.Function{Inputs: 1, Body: func(s *mlx.Scope, in []mlx.Array) mlx.Array {
	return s.Square(s.Maximum(in[0], s.Scalar(0, s.Type(in[0]))))
}}

// PreciseSwiglu is precise_swiglu of mlx_lm/models/activations.py on (gate, x):
// silu(gate) · x in float32, in the type of x.
var PreciseSwiglu = &mlx.Function{Inputs: 2, Body: func(s *mlx.Scope, in []mlx.Array) mlx.Array {
	gate, x := s.AsType(in[0], mlx.Float32), s.AsType(in[1], mlx.Float32)
	return s.AsType(s.Multiply(s.Multiply(gate, s.Sigmoid(gate)), x), s.Type(in[1]))
}}

// Geglu is gelu(gate) · up as one function.
var Geglu = &mlx.Function{Inputs: 2, Body: func(s *mlx.Scope, in []mlx.Array) mlx.Array {
	return s.Multiply(Gelu(s, in[0]), in[1])
}}

// GeluApprox is mlx.nn.gelu_approx.
var GeluApprox = &mlx.Function{Inputs: 1, Body: func(s *mlx.Scope, in []mlx.Array) mlx.Array {
	return Gelu(s, in[0])
}}

// Gelu is the body of GeluApprox.
func Gelu(s *mlx.Scope, x mlx.Array) mlx.Array {
	number := func(n float64) mlx.Array { return s.Scalar(n, s.Type(x)) }
	cubed := s.Multiply(number(0.044715), s.Power(x, number(3)))
	tanh := s.Tanh(s.Multiply(number(math.Sqrt(2/math.Pi)), s.Add(x, cubed)))
	return s.Multiply(s.Multiply(number(0.5), x), s.Add(number(1), tanh))
}

// Gate combines the gate's and the up projection's outputs.
type Gate func(s *mlx.Scope, gate, up mlx.Array) mlx.Array

// SwigluGate is silu(gate) · up.
func SwigluGate(s *mlx.Scope, gate, up mlx.Array) mlx.Array { return s.Call(swiglu, gate, up) }

// GeluGate is gelu(gate) · up, in two steps.
func GeluGate(s *mlx.Scope, gate, up mlx.Array) mlx.Array {
	return s.Multiply(s.Call(GeluApprox, gate), up)
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

// MLPNamed takes an MLP whose gate, up and down projections have paths of their own.
func (b *Builder) MLPNamed(paths [3]string, hidden, intermediate int, combine Gate) *MLP {
	return &MLP{
		gate:    b.Linear(paths[0], intermediate, hidden, false),
		up:      b.Linear(paths[1], intermediate, hidden, false),
		down:    b.Linear(paths[2], hidden, intermediate, false),
		combine: combine,
	}
}

func (m *MLP) Forward(st *cache.Step, x mlx.Array) mlx.Array {
	gated := m.combine(st.S, m.gate.Forward(st.S, x), m.up.Forward(st.S, x))
	return m.down.Forward(st.S, gated)
}
