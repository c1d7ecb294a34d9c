package recurrence

import (
	"sync"

	"assay/native/mlx"
	"assay/native/mlx/lm/block"
	"assay/native/mlx/lm/cache"
)

// SSM is Mamba-2's mixer (Dao and Gu, Transformers are SSMs, 2024;
// mlx_lm/models/ssm.py): for each head, with B and C of its group,
//
//	H = exp(−exp(A_log)·dt)·H + dt·x·Bᵀ,   y = H·C + D·x
//
// Several tokens are computed in chunks, by products; one token by
// multiplications and a sum.
type SSM struct {
	SSMSizes
	in, out         *block.Linear
	conv            *Conv
	aLog, d, dtBias mlx.Array
	normed          func(s *mlx.Scope, y, gate mlx.Array) mlx.Array
	stepOf          *mlx.Function
}

// SSMSizes are a mixer's sizes.
type SSMSizes struct{ Heads, HeadDim, Groups, State, Kernel, Hidden int }

// Inner is the width of all heads.
func (z SSMSizes) Inner() int { return z.Heads * z.HeadDim }

// SSMOptions are what the families' mixers differ in.
type SSMOptions struct {
	ProjectionBias, ConvBias bool
	// Low and High bound the time step.
	Low, High float64
	// Norm joins what comes out (1, tokens, inner) with the gate.
	Norm func(s *mlx.Scope, y, gate mlx.Array) mlx.Array
}

// NewSSM takes the mixer at path.
func NewSSM(b *block.Builder, path string, z SSMSizes, o SSMOptions) *SSM {
	if z.Heads%z.Groups != 0 {
		b.Note("%d state-space heads are no multiple of %d groups", z.Heads, z.Groups)
	}
	width := z.Inner() + 2*z.Groups*z.State
	return &SSM{
		SSMSizes: z,
		in:       b.Linear(path+".in_proj", z.Inner()+width+z.Heads, z.Hidden, o.ProjectionBias),
		conv:     NewConv(b, path+".conv1d", ConvOptions{Width: width, Kernel: z.Kernel, Bias: o.ConvBias}),
		out:      b.Linear(path+".out_proj", z.Hidden, z.Inner(), o.ProjectionBias),
		aLog:     b.Vector(path+".A_log", z.Heads),
		d:        b.Vector(path+".D", z.Heads),
		dtBias:   b.Vector(path+".dt_bias", z.Heads),
		normed:   o.Norm,
		stepOf:   timeStep(o.Low, o.High),
	}
}

var timeSteps sync.Map // of *mlx.Function by the bounds

// timeStep is compute_dt on (dt, dt_bias), for bounds.
func timeStep(low, high float64) *mlx.Function {
	made, _ := timeSteps.LoadOrStore([2]float64{low, high}, &mlx.Function{Inputs: 2, Body: func(s *mlx.Scope, in []mlx.Array) mlx.Array {
		dt := softplus(s, s.Add(s.AsType(in[0], mlx.Float32), in[1]))
		return s.Clip(dt, s.Scalar(low, mlx.Float32), s.Scalar(high, mlx.Float32))
	}})
	return made.(*mlx.Function)
}

func (m *SSM) Forward(st *cache.Step, x mlx.Array, _ mlx.Mask, c cache.Cache) mlx.Array {
	s, state := st.S, c.(*cache.State)
	inner, width := m.Inner(), m.Groups*m.State
	parts := s.Split(m.in.Forward(s, x), -1, inner, 2*inner+2*width)
	gate, dt := parts[0], parts[2]
	parts = s.Split(s.Call(block.Silu, m.conv.Forward(st, parts[1], state)), -1, inner, inner+width)
	x = s.Reshape(parts[0], 1, st.Tokens, m.Heads, m.HeadDim)
	b := s.Reshape(parts[1], 1, st.Tokens, m.Groups, m.State)
	read := s.Reshape(parts[2], 1, st.Tokens, m.Groups, m.State)
	before := state.Recurrent
	if !before.Valid() {
		before = s.Zeros(mlx.Float32, 1, m.Heads, m.HeadDim, m.State)
	}
	dt = s.Call(m.stepOf, dt, m.dtBias)
	logs := s.Multiply(dt, s.Negative(s.Exp(s.AsType(m.aLog, mlx.Float32))))
	written := s.Multiply(s.ExpandDims(dt, -1), x)
	var y, after mlx.Array
	if st.Tokens == 1 {
		y, after = m.step(s, [4]mlx.Array{written, b, read, logs}, before)
	} else {
		y, after = m.chunks(st, [4]mlx.Array{written, b, read, logs}, before)
	}
	s.Set(&state.Recurrent, after)
	state.Advance(st)
	skip := s.Multiply(x, s.Reshape(s.AsType(m.d, s.Type(x)), 1, 1, m.Heads, 1))
	y = s.Reshape(s.Add(s.AsType(y, s.Type(x)), skip), 1, st.Tokens, inner)
	return m.out.Forward(s, m.normed(s, y, gate))
}

// step is the recurrence for one token.
func (m *SSM) step(s *mlx.Scope, in [4]mlx.Array, before mlx.Array) (y, after mlx.Array) {
	shared := m.Heads / m.Groups
	grouped := func(x mlx.Array) mlx.Array { // (1, 1, groups, state) for each head
		x = s.BroadcastTo(s.Reshape(x, m.Groups, 1, m.State), m.Groups, shared, m.State)
		return s.Reshape(x, 1, m.Heads, m.State)
	}
	one := func(x mlx.Array) mlx.Array { return s.Squeeze(x, 1) }
	parts := s.CallParts(ssmStep, one(in[0]), grouped(in[1]), grouped(in[2]), one(in[3]), before)
	return s.ExpandDims(parts[0], 1), parts[1]
}

// ssmStep takes dt·x (1, heads, head dim), B, C (1, heads, state), the decay's
// logarithm (1, heads) and the state, and returns y and the state.
var ssmStep = &mlx.Function{Inputs: 5, Shaped: true, Outputs: 2, Parts: func(s *mlx.Scope, in []mlx.Array) []mlx.Array {
	decayed := s.Multiply(s.Exp(s.ExpandDims(in[3], -1, -2)), in[4])
	state := s.Add(decayed, s.Multiply(s.ExpandDims(in[0], -1), s.ExpandDims(in[1], -2)))
	return []mlx.Array{s.Sum(s.Multiply(state, s.ExpandDims(in[2], -2)), -1, false), state}
}}

// chunks is the recurrence for several tokens (Transformers are SSMs, section 6).
// In a chunk, with G the running sum of the decays' logarithms and L their
// segments, and B, C and X = dt·x a row a token:
//
//	Y = (L·CBᵀ)·X + e^G·C·Hᵀ,   H' = e^G[last]·H + (L[last]·X)ᵀ·B
//
// Everything but the sum of states is computed for all chunks at once.
func (m *SSM) chunks(st *cache.Step, in [4]mlx.Array, before mlx.Array) (y, after mlx.Array) {
	s, c := st.S, chunkOf(st.Tokens)
	n, shared := (st.Tokens+c-1)/c, m.Heads/m.Groups
	grouped := func(x mlx.Array, tail ...int) mlx.Array {
		return s.Reshape(x, append([]int{n, m.Groups, shared}, tail...)...)
	}
	x := grouped(inChunks(s, in[0], c), c, m.HeadDim)
	logs := grouped(inChunks(s, in[3], c), c)
	b, read := s.ExpandDims(inChunks(s, in[1], c), 2), s.ExpandDims(inChunks(s, in[2], c), 2)
	between := segments(s, logs, []int{n, m.Groups, shared, c, c})
	inside := s.Matmul(s.Multiply(between, s.Matmul(read, s.SwapAxes(b, -1, -2))), x)
	last := s.SwapAxes(s.Slice(between, []int{0, 0, 0, c - 1, 0}, []int{n, m.Groups, shared, c, c}), -1, -2)
	parts := s.Matmul(s.SwapAxes(s.Multiply(last, x), -1, -2), b) // (n, groups, shared, head dim, state)
	running := s.ExpandDims(s.Exp(s.CumSum(logs, -1)), -1)
	ends := s.Slice(running, []int{0, 0, 0, c - 1, 0}, []int{n, m.Groups, shared, c, 1})
	states := make([]mlx.Array, n)
	after = s.Reshape(before, 1, m.Groups, shared, m.HeadDim, m.State)
	for i := range n {
		states[i] = after
		end := s.Slice(ends, []int{i, 0, 0, 0, 0}, []int{i + 1, m.Groups, shared, 1, 1})
		part := s.Slice(parts, []int{i, 0, 0, 0, 0}, []int{i + 1, m.Groups, shared, m.HeadDim, m.State})
		after = s.Add(s.Multiply(end, after), part)
	}
	carried := s.Matmul(read, s.SwapAxes(s.Concatenate(0, states...), -1, -2))
	y = s.Add(inside, s.Multiply(running, carried))
	y = outOfChunks(st, s.Reshape(y, n, m.Heads, c, m.HeadDim), m.Heads, m.HeadDim)
	return y, s.Reshape(after, 1, m.Heads, m.HeadDim, m.State)
}
