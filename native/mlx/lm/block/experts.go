package block

import (
	"fmt"
	"strings"

	"assay/native/mlx"
	"assay/native/mlx/lm/cache"
)

// switchLinear is SwitchLinear or QuantizedSwitchLinear of
// mlx_lm/models/switch_layers.py: one matrix for each expert.
type switchLinear struct {
	swapped mlx.Array // (experts, in, out)
	packed  mlx.Packed
	quant   mlx.Quantisation
	bias    mlx.Array // (experts, out)
}

func (l *switchLinear) Forward(s *mlx.Scope, x, experts mlx.Array, sorted bool) mlx.Array {
	if l.quant.Bits != 0 {
		x = s.GatherQMM(x, l.packed, experts, l.quant, sorted)
	} else {
		x = s.GatherMM(x, l.swapped, experts, sorted)
	}
	if l.bias.Valid() {
		x = s.Add(x, s.ExpandDims(s.Take(l.bias, experts, 0), -2))
	}
	return x
}

// ExpertNames says how a family's unconverted checkpoints name the matrices of
// single experts, which mlx-lm stacks when it loads them: "%d" is the expert.
type ExpertNames map[string]string

// switchLinear takes the layer at path, (experts, out, in) in the files; each is
// the name of one expert's layer where they were not stacked.
func (b *Builder) switchLinear(path, each string, shape [3]int, bias bool) *switchLinear {
	experts, out, in := shape[0], shape[1], shape[2]
	l := &switchLinear{}
	var words mlx.Packed
	if each != "" && b.Stored(fmt.Sprintf(each, 0)+".weight") {
		words = b.stacked(path, each, shape)
	} else {
		words, l.quant = b.matrix(path, experts, out, in)
	}
	if l.quant.Bits != 0 {
		l.packed = words
	} else if words.Words.Valid() {
		l.swapped = b.Own(b.S.SwapAxes(words.Words, -1, -2))
	}
	if bias {
		l.bias = b.Vector(path+".bias", experts, out)
	}
	return l
}

// stacked joins the matrices of single experts.
func (b *Builder) stacked(path, each string, shape [3]int) mlx.Packed {
	if b.Stored(fmt.Sprintf(each, 0) + ".scales") {
		b.Note("%s is quantised expert by expert, which is not supported: convert the model with mlx_lm.convert", path)
		return mlx.Packed{}
	}
	matrices := make([]mlx.Array, shape[0])
	for e := range matrices {
		matrices[e] = b.tensor(fmt.Sprintf(each, e)+".weight", floating, shape[1], shape[2])
	}
	if !b.Usable() {
		return mlx.Packed{}
	}
	return mlx.Packed{Words: b.S.Stack(0, matrices...)}
}

// SwitchGLU is SwitchGLU: the chosen experts of each token.
type SwitchGLU struct {
	gate, up, down *switchLinear
	combine        Gate
	Chosen         int // experts for each token
}

// sortFrom is how many (token, expert) pairs make SwitchGLU sort them first.
const sortFrom = 64

// ExpertOptions are the sizes and the kind of a layer's experts.
type ExpertOptions struct {
	// All are the experts, Chosen those that a token takes.
	All, Chosen, Hidden, Width int
	Bias                       bool
	Combine                    Gate
	// Names gives the three matrices' names in an unconverted checkpoint.
	Names ExpertNames
	// Joined is how an unconverted checkpoint names gates and ups in one tensor, and
	// Down the rest; Swapped says that their last two axes are exchanged.
	Joined, Down string
	Swapped      bool
}

// SwitchGLU takes the experts at path.
func (b *Builder) SwitchGLU(path string, o ExpertOptions) *SwitchGLU {
	switch {
	case o.Joined != "" && b.Stored(o.Joined):
		return b.cutExperts(o)
	case b.Stored(path + ".gate_up_proj_blocks"):
		return b.blockExperts(path, o)
	}
	matrix := func(name string, out, in int) *switchLinear {
		return b.switchLinear(path+"."+name, o.Names[name], [3]int{o.All, out, in}, o.Bias)
	}
	return &SwitchGLU{
		gate:    matrix("gate_proj", o.Width, o.Hidden),
		up:      matrix("up_proj", o.Width, o.Hidden),
		down:    matrix("down_proj", o.Hidden, o.Width),
		combine: o.Combine,
		Chosen:  o.Chosen,
	}
}

// blockExperts takes experts as OpenAI publishes them (gpt_oss.py, sanitize): in
// blocks of 32 four-bit floats, 16 bytes each, with even rows of gates and odd ones
// of ups.
func (b *Builder) blockExperts(path string, o ExpertOptions) *SwitchGLU {
	both := b.blocks(path+".gate_up_proj", [3]int{o.All, 2 * o.Width, o.Hidden})
	down := b.blocks(path+".down_proj", [3]int{o.All, o.Hidden, o.Width})
	g := &SwitchGLU{gate: &switchLinear{}, up: &switchLinear{}, down: down, combine: o.Combine, Chosen: o.Chosen}
	if !b.Usable() {
		return g
	}
	for parity, l := range []*switchLinear{g.gate, g.up} {
		l.quant = both.quant
		l.packed.Words = b.Own(b.everySecond(both.packed.Words, parity))
		l.packed.Scales = b.Own(b.everySecond(both.packed.Scales, parity))
		l.bias = b.Own(b.everySecond(both.bias, parity))
	}
	b.down(down)
	return g
}

// blocks takes experts' matrices of a shape (experts, out, in).
func (b *Builder) blocks(path string, shape [3]int) *switchLinear {
	const block, bytes = 32, 16
	l := &switchLinear{quant: mlx.Quantisation{Bits: 4, GroupSize: block, Mode: mlx.MXFP4}}
	experts, out, in := shape[0], shape[1], shape[2]
	words := b.tensor(path+"_blocks", coded, experts, out, in/block, bytes)
	l.packed.Scales = b.tensor(path+"_scales", coded, experts, out, in/block)
	l.bias = b.tensor(path+"_bias", floating, experts, out)
	if words.Valid() {
		l.packed.Words = b.S.Flatten(b.S.View(words, mlx.Uint32), -2, -1)
	}
	return l
}

// down keeps what blocks took.
func (b *Builder) down(l *switchLinear) {
	l.packed.Words, l.packed.Scales, l.bias = b.Own(l.packed.Words), b.Own(l.packed.Scales), b.Own(l.bias)
}

// everySecond takes every second row of the second axis, even or odd ones.
func (b *Builder) everySecond(a mlx.Array, parity int) mlx.Array {
	s := b.S
	paired := s.Unflatten(a, 1, -1, 2)
	from, to := make([]int, 3), s.Shape(paired)
	if len(to) < 3 {
		return a // an earlier operation failed
	}
	from = append(from, make([]int, len(to)-3)...)
	from[2], to[2] = parity, parity+1
	return s.Contiguous(s.Squeeze(s.Slice(paired, from, to), 2))
}

// cutExperts takes experts of which gates and ups are one tensor (experts, 2 width,
// hidden).
func (b *Builder) cutExperts(o ExpertOptions) *SwitchGLU {
	take := func(name string, out, in int) mlx.Array { // (experts, in, out)
		if o.Swapped {
			return b.tensor(name, floating, o.All, in, out)
		}
		if array := b.tensor(name, floating, o.All, out, in); array.Valid() {
			return b.S.SwapAxes(array, -1, -2)
		}
		return mlx.Array{}
	}
	both, down := take(o.Joined, 2*o.Width, o.Hidden), take(o.Down, o.Hidden, o.Width)
	g := &SwitchGLU{gate: &switchLinear{}, up: &switchLinear{}, down: &switchLinear{}, combine: o.Combine, Chosen: o.Chosen}
	if both.Valid() && down.Valid() {
		halves := b.S.Split(both, -1, o.Width)
		g.gate.swapped, g.up.swapped, g.down.swapped = b.Own(halves[0]), b.Own(halves[1]), b.Own(down)
	}
	return g
}

// Forward takes x (rows, tokens, hidden) and indices (rows, tokens, chosen), and
// returns (rows, tokens, chosen, hidden).
func (g *SwitchGLU) Forward(st *cache.Step, x, indices mlx.Array) mlx.Array {
	return dispatched(st, x, indices, g.Chosen, func(x, chosen mlx.Array, sorted bool) mlx.Array {
		s := st.S
		up := g.up.Forward(s, x, chosen, sorted)
		gated := g.gate.Forward(s, x, chosen, sorted)
		return g.down.Forward(s, g.combine(s, gated, up), chosen, sorted)
	})
}

// dispatched hands each token to its experts, sorted by expert where there are many.
func dispatched(st *cache.Step, x, indices mlx.Array, count int, compute func(x, chosen mlx.Array, sorted bool) mlx.Array) mlx.Array {
	s := st.S
	x = s.ExpandDims(x, -2, -3)
	if st.Rows*st.Tokens*count < sortFrom {
		return s.Squeeze(compute(x, indices, false), -2)
	}
	flat := s.Flatten(indices, 0, -1)
	order := s.ArgSort(flat)
	restore := s.ArgSort(order)
	x = s.Take(s.Flatten(x, 0, -3), s.FloorDivide(order, s.Scalar(float64(count), mlx.Uint32)), 0)
	x = compute(x, s.Take(flat, order, 0), true)
	return s.Squeeze(s.Unflatten(s.Take(x, restore, 0), 0, st.Rows, st.Tokens, count), -2)
}

// SwitchMLP is SwitchMLP: experts of two matrices, up and down.
type SwitchMLP struct {
	up, down *switchLinear
	activate *mlx.Function
	chosen   int
}

// SwitchMLP takes such experts at path; o.Names has fc1 and fc2.
func (b *Builder) SwitchMLP(path string, o ExpertOptions, activate *mlx.Function) *SwitchMLP {
	return &SwitchMLP{
		up:       b.switchLinear(path+".fc1", o.Names["fc1"], [3]int{o.All, o.Width, o.Hidden}, o.Bias),
		down:     b.switchLinear(path+".fc2", o.Names["fc2"], [3]int{o.All, o.Hidden, o.Width}, o.Bias),
		activate: activate,
		chosen:   o.Chosen,
	}
}

// Forward takes x (rows, tokens, hidden) and indices (rows, tokens, chosen), and
// returns (rows, tokens, chosen, hidden).
func (g *SwitchMLP) Forward(st *cache.Step, x, indices mlx.Array) mlx.Array {
	return dispatched(st, x, indices, g.chosen, func(x, chosen mlx.Array, sorted bool) mlx.Array {
		s := st.S
		return g.down.Forward(s, s.Call(g.activate, g.up.Forward(s, x, chosen, sorted)), chosen, sorted)
	})
}

// PerExpert names the matrices of single experts under a prefix.
func PerExpert(prefix string, gate, up, down string) ExpertNames {
	names := ExpertNames{}
	for name, own := range map[string]string{"gate_proj": gate, "up_proj": up, "down_proj": down} {
		names[name] = strings.Join([]string{prefix, "%d", own}, ".")
	}
	return names
}

// Experts reads how many experts there are, under a name, and how many a token
// takes.
func (b *Builder) Experts(name string) (all, chosen int) {
	all, chosen = b.Integer(name), b.Integer("num_experts_per_tok")
	if chosen > all {
		b.Note("num_experts_per_tok %d is more than %s %d", chosen, name, all)
	}
	return all, chosen
}

// FirstChosen is indices[..., :chosen].
func FirstChosen(st *cache.Step, indices mlx.Array, chosen int) mlx.Array {
	return st.S.Slice(indices, []int{0, 0, 0}, []int{st.Rows, st.Tokens, chosen})
}

// Weighted is (y * scores[..., None]).sum(axis=-2).
func Weighted(s *mlx.Scope, y, scores mlx.Array) mlx.Array {
	return s.Sum(s.Multiply(y, s.ExpandDims(scores, -1)), -2, false)
}

// LastChosen is indices[..., -chosen:] of all experts.
func LastChosen(st *cache.Step, indices mlx.Array, all, chosen int) mlx.Array {
	return st.S.Slice(indices, []int{0, 0, all - chosen}, []int{st.Rows, st.Tokens, all})
}
