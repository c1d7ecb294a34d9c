package block

import (
	"assay/native/mlx"
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

// Conv takes the convolution at path, (width, kernel, 1) in converted files,
// (width, 1, kernel) in others.
func (b *Builder) Conv(path string, o ConvOptions) *Conv {
	c := &Conv{width: o.Width, rows: o.Kernel - 1, copies: o.Copies}
	if o.Kernel < 2 {
		b.Note("a convolution over %d tokens is not supported", o.Kernel)
		return c
	}
	if b.Dimension(path+".weight", 2) == o.Kernel {
		c.weight = b.keep(b.turned(path+".weight", o.Width, 1, o.Kernel))
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
		before = s.Zeros(s.Type(x), 1, c.rows, c.width)
	}
	x = s.Concatenate(1, before, x)
	kept := s.Slice(x, []int{0, st.Tokens, 0}, []int{1, st.Tokens + c.rows, c.width})
	if c.copies {
		kept = s.Contiguous(kept)
	}
	s.Set(&state.Conv, kept)
	x = s.DepthwiseConv(x, c.weight, c.width)
	if c.bias.Valid() {
		x = s.Add(x, c.bias)
	}
	return x
}
