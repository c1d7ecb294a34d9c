// Package recurrence has the layers that keep a state in place of keys and values:
// gated delta rules, state-space layers and convolutions over time, and their sums
// over several tokens, in chunks. It must not know any family.
package recurrence

import (
	"math"

	"assay/native/mlx"
	"assay/native/mlx/lm/block"
	"assay/native/mlx/lm/cache"
)

// Delta is a gated delta rule (Yang, Kautz, Hatamizadeh, Gated Delta Networks,
// 2024; mlx_lm/models/gated_delta.py): for each value head, with its key head's
// q and k of norm 1,
//
//	S = g·S + β·(v − g·S·k)·kᵀ,   y = S·q
//
// Several tokens are computed in chunks, by products (see chunks.go); one token
// by multiplications and sums, as mlx-lm does.
type Delta struct {
	KeyHeads, ValueHeads, KeyDim, ValueDim int
	// Kernel is how many tokens the convolution before it sees.
	Kernel int

	aLog, dtBias mlx.Array
	norm         *block.Norm
	conv         *Conv
}

// NewDelta takes the parameters of a rule of such sizes at path; eps is its norm's.
func NewDelta(b *block.Builder, path string, d Delta, eps float64) *Delta {
	if d.ValueHeads%d.KeyHeads != 0 {
		b.Note("linear_num_value_heads %d is no multiple of linear_num_key_heads %d", d.ValueHeads, d.KeyHeads)
	}
	d.conv = NewConv(b, path+".conv1d", ConvOptions{Width: 2*d.Keys() + d.Values(), Kernel: d.Kernel, Copies: true})
	d.dtBias = b.Vector(path+".dt_bias", d.ValueHeads)
	d.aLog = b.Vector(path+".A_log", d.ValueHeads)
	d.norm = b.Norm(path+".norm", d.ValueDim, eps)
	return &d
}

// Keys and Values are the widths of all heads.
func (d *Delta) Keys() int   { return d.KeyHeads * d.KeyDim }
func (d *Delta) Values() int { return d.ValueHeads * d.ValueDim }

// DeltaInput is what a layer projects a step's tokens to: queries, keys and
// values (1, tokens, 2 keys + values), the gate z (1, tokens, heads, dim), and a
// and b (1, tokens, value heads), which decay and write are made of.
type DeltaInput struct{ QKV, Z, A, B mlx.Array }

// Forward returns (1, tokens, values).
func (d *Delta) Forward(st *cache.Step, in DeltaInput, state *cache.State) mlx.Array {
	s := st.S
	within := insideOf(st)
	if within.Valid() {
		in.QKV = s.Where(s.ExpandDims(within, -1), in.QKV, s.Scalar(0, s.Type(in.QKV)))
	}
	x := s.Call(block.Silu, d.conv.Forward(st, in.QKV, state))
	parts := s.Split(x, -1, d.Keys(), 2*d.Keys())
	root := math.Pow(float64(d.KeyDim), -0.5)
	q, k := d.normed(st, parts[0], root*root), d.normed(st, parts[1], root)
	v := s.Reshape(parts[2], st.Rows, st.Tokens, d.ValueHeads, d.ValueDim)
	before := state.Recurrent
	if !before.Valid() {
		before = s.Zeros(mlx.Float32, st.Rows, d.ValueHeads, d.ValueDim, d.KeyDim)
	}
	var y, after mlx.Array
	if st.Tokens == 1 {
		y, after = d.step(s, [3]mlx.Array{q, k, v}, in, before)
	} else {
		y, after = d.inRows(st, [3]mlx.Array{q, k, v}, in, before)
	}
	s.Set(&state.Recurrent, after)
	state.Advance(st)
	y = s.Call(block.PreciseSwiglu, in.Z, d.norm.Forward(s, y))
	return s.Reshape(y, st.Rows, st.Tokens, -1)
}

// normed gives each head the norm 1, times a factor: normalize_qk with an
// epsilon of 1e-6 on the sum of squares.
func (d *Delta) normed(st *cache.Step, x mlx.Array, factor float64) mlx.Array {
	s, root := st.S, math.Pow(float64(d.KeyDim), -0.5)
	x = s.Reshape(x, st.Rows, st.Tokens, d.KeyHeads, d.KeyDim)
	x = block.Unweighted(1e-6*root*root).Forward(s, x)
	return s.Multiply(s.Scalar(factor, s.Type(x)), x)
}

// step is the rule for one token.
func (d *Delta) step(s *mlx.Scope, qkv [3]mlx.Array, in DeltaInput, before mlx.Array) (y, after mlx.Array) {
	g := s.Call(decay, d.aLog, in.A, d.dtBias)
	beta := s.Sigmoid(in.B)
	q, k := qkv[0], qkv[1]
	if repeats := d.ValueHeads / d.KeyHeads; repeats > 1 {
		q, k = s.Repeat(q, repeats, -2), s.Repeat(k, repeats, -2)
	}
	one := func(a mlx.Array) mlx.Array { return s.Squeeze(a, 1) }
	parts := s.CallParts(deltaStep, one(q), one(k), one(qkv[2]), one(g), one(beta), before)
	return s.ExpandDims(parts[0], 1), parts[1]
}

// softplus is mlx.nn.softplus.
func softplus(s *mlx.Scope, x mlx.Array) mlx.Array {
	return s.LogAddExp(x, s.Scalar(0, s.Type(x)))
}

// decay is compute_g on (A_log, a, dt_bias).
var decay = &mlx.Function{Inputs: 3, Body: func(s *mlx.Scope, in []mlx.Array) mlx.Array {
	return s.Exp(logDecay(s, in))
}}

// logOfDecay is the decay's logarithm, which chunks sum up.
var logOfDecay = &mlx.Function{Inputs: 3, Body: logDecay}

func logDecay(s *mlx.Scope, in []mlx.Array) mlx.Array {
	rate := s.Negative(s.Exp(s.AsType(in[0], mlx.Float32)))
	return s.Multiply(rate, softplus(s, s.Add(in[1], in[2])))
}

// deltaStep takes q, k (1, heads, key dim), v (1, heads, value dim), decay and
// write (1, heads) and the state, and returns y and the state.
var deltaStep = &mlx.Function{Inputs: 6, Shaped: true, Outputs: 2, Parts: func(s *mlx.Scope, in []mlx.Array) []mlx.Array {
	q, k, v := in[0], in[1], in[2]
	keys := s.ExpandDims(k, -2)
	state := s.Multiply(in[5], s.ExpandDims(in[3], -1, -2))
	written := s.Sum(s.Multiply(state, keys), -1, false)
	delta := s.Multiply(s.Subtract(v, written), s.ExpandDims(in[4], -1))
	state = s.Add(state, s.Multiply(keys, s.ExpandDims(delta, -1)))
	y := s.Sum(s.Multiply(state, s.ExpandDims(q, -2)), -1, false)
	return []mlx.Array{s.AsType(y, s.Type(q)), state}
}}
