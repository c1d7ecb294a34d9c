package recurrence

import (
	"assay/native/mlx"
	"assay/native/mlx/lm/block"
	"assay/native/mlx/lm/cache"
)

// Conv is a depthwise convolution over time that goes on where the last step
// ended: it reads the rows that its State kept of it.
type Conv struct {
	weight, bias mlx.Array
	width, rows  int // channels; rows kept, one less than the kernel has
	// copies says that the kept rows are copied (qwen3_next), where elsewhere they
	// are a view that keeps the step's input alive.
	copies bool
}

// ConvOptions are a convolution's sizes.
type ConvOptions struct {
	Width, Kernel int
	Bias, Copies  bool
}

// NewConv takes the convolution at path, (width, kernel, 1) in converted files,
// (width, 1, kernel) in others.
func NewConv(b *block.Builder, path string, o ConvOptions) *Conv {
	c := &Conv{width: o.Width, rows: o.Kernel - 1, copies: o.Copies}
	if o.Kernel < 2 {
		b.Note("a convolution over %d tokens is not supported", o.Kernel)
		return c
	}
	if b.Dimension(path+".weight", 2) == o.Kernel {
		c.weight = b.Turned(path+".weight", o.Width, 1, o.Kernel)
	} else {
		c.weight = b.Vector(path+".weight", o.Width, o.Kernel, 1)
	}
	if o.Bias {
		c.bias = b.Vector(path+".bias", o.Width)
	}
	return c
}

// Forward takes (1, tokens, width), and keeps in the state what the next step
// will read.
func (c *Conv) Forward(st *cache.Step, x mlx.Array, state *cache.State) mlx.Array {
	s := st.S
	before := state.Conv
	if !before.Valid() {
		before = s.Zeros(s.Type(x), st.Rows, c.rows, c.width)
	}
	x = s.Concatenate(1, before, x)
	s.Set(&state.Conv, c.kept(st, x))
	x = s.DepthwiseConv(x, c.weight, c.width)
	if c.bias.Valid() {
		x = s.Add(x, c.bias)
	}
	return x
}

// kept are the rows (rows, kernel - 1, width) before each sequence's end.
func (c *Conv) kept(st *cache.Step, x mlx.Array) mlx.Array {
	s := st.S
	if st.Ends != nil {
		at := make([]int32, 0, len(st.Ends)*c.rows)
		for _, end := range st.Ends {
			for i := range c.rows {
				at = append(at, int32(end+i))
			}
		}
		return s.TakeAlongAxis(x, s.Int32s(at, st.Rows, c.rows, 1), 1)
	}
	kept := s.Slice(x, []int{0, st.Tokens, 0}, []int{st.Rows, st.Tokens + c.rows, c.width})
	if c.copies {
		return s.Contiguous(kept)
	}
	return kept
}

// insideOf is true where a token is a prompt's and pads none, (rows, tokens); the zero
// Array where all are.
func insideOf(st *cache.Step) mlx.Array {
	if st.Ends == nil {
		return mlx.Array{}
	}
	s, ends := st.S, make([]int32, len(st.Ends))
	for i, end := range st.Ends {
		ends[i] = int32(end)
	}
	return s.Less(s.Arange(0, float64(st.Tokens), 1, mlx.Int32), s.Int32s(ends, st.Rows, 1))
}

// Short is ShortConv of mlx_lm/models/lfm2.py: a convolution between two gates.
type Short struct {
	in, out *block.Linear
	conv    *Conv
}

// NewShort takes the layer at path, which is as wide as the model.
func NewShort(b *block.Builder, path string, o ConvOptions) *Short {
	return &Short{
		in:   b.Linear(path+".in_proj", 3*o.Width, o.Width, o.Bias),
		conv: NewConv(b, path+".conv", o),
		out:  b.Linear(path+".out_proj", o.Width, o.Width, o.Bias),
	}
}

func (l *Short) Forward(st *cache.Step, x mlx.Array, _ mlx.Mask, c cache.Cache) mlx.Array {
	s, state, width := st.S, c.(*cache.State), l.conv.width
	parts := s.Split(l.in.Forward(s, x), -1, width, 2*width)
	y := l.conv.Forward(st, s.Multiply(parts[0], parts[2]), state)
	state.Advance(st)
	return l.out.Forward(s, s.Multiply(parts[1], y))
}
