package lm

import (
	"fmt"
	"strings"

	"assay/native/mlx"
)

// switchLinear is SwitchLinear or QuantizedSwitchLinear of
// mlx_lm/models/switch_layers.py: one matrix for each expert.
type switchLinear struct {
	swapped mlx.Array // (experts, in, out)
	packed  mlx.Packed
	quant   mlx.Quantisation
	bias    mlx.Array // (experts, out)
}

func (l *switchLinear) forward(s *mlx.Scope, x, experts mlx.Array, sorted bool) mlx.Array {
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

// expertNames says how a family's unconverted checkpoints name the matrices of
// single experts, which mlx-lm stacks when it loads them: "%d" is the expert.
type expertNames map[string]string

// switchLinear takes the layer at path, (experts, out, in) in the files; each is
// the name of one expert's layer where they were not stacked.
func (b *builder) switchLinear(path, each string, experts, out, in int, bias bool) *switchLinear {
	l := &switchLinear{}
	var words mlx.Packed
	if each != "" && b.stored(fmt.Sprintf(each, 0)+".weight") {
		words = b.stacked(path, each, experts, out, in)
	} else {
		words, l.quant = b.matrix(path, experts, out, in)
	}
	if l.quant.Bits != 0 {
		l.packed = words
	} else if words.Words.Valid() {
		l.swapped = b.own(b.s.SwapAxes(words.Words, -1, -2))
	}
	if bias {
		l.bias = b.vector(path+".bias", experts, out)
	}
	return l
}

// stacked joins the matrices of single experts.
func (b *builder) stacked(path, each string, experts, out, in int) mlx.Packed {
	if b.stored(fmt.Sprintf(each, 0) + ".scales") {
		b.note("%s is quantised expert by expert, which is not supported: convert the model with mlx_lm.convert", path)
		return mlx.Packed{}
	}
	matrices := make([]mlx.Array, experts)
	for e := range matrices {
		matrices[e] = b.tensor(fmt.Sprintf(each, e)+".weight", floating, out, in)
	}
	if !b.usable() {
		return mlx.Packed{}
	}
	return mlx.Packed{Words: b.s.Stack(0, matrices...)}
}

// switchGLU is SwitchGLU: the chosen experts of each token.
type switchGLU struct {
	gate, up, down *switchLinear
	combine        gate
	chosen         int // experts for each token
}

// sortFrom is how many (token, expert) pairs make SwitchGLU sort them first.
const sortFrom = 64

// switchGLU takes the experts at path; names gives the three matrices' names in
// an unconverted checkpoint.
func (b *builder) switchGLU(path string, names expertNames, experts, chosen, hidden, intermediate int, bias bool, combine gate) *switchGLU {
	return &switchGLU{
		gate:    b.switchLinear(path+".gate_proj", names["gate_proj"], experts, intermediate, hidden, bias),
		up:      b.switchLinear(path+".up_proj", names["up_proj"], experts, intermediate, hidden, bias),
		down:    b.switchLinear(path+".down_proj", names["down_proj"], experts, hidden, intermediate, bias),
		combine: combine,
		chosen:  chosen,
	}
}

// forward takes x (1, tokens, hidden) and indices (1, tokens, chosen), and
// answers (1, tokens, chosen, hidden).
func (g *switchGLU) forward(st *step, x, indices mlx.Array) mlx.Array {
	s := st.s
	x = s.ExpandDims(x, -2, -3)
	sorted := st.tokens*g.chosen >= sortFrom
	chosen := indices
	var restore mlx.Array
	if sorted {
		flat := s.Flatten(indices, 0, -1)
		order := s.ArgSort(flat)
		restore = s.ArgSort(order)
		x = s.Take(s.Flatten(x, 0, -3), s.FloorDivide(order, s.Scalar(float64(g.chosen), mlx.Uint32)), 0)
		chosen = s.Take(flat, order, 0)
	}
	up := g.up.forward(s, x, chosen, sorted)
	gated := g.gate.forward(s, x, chosen, sorted)
	x = g.down.forward(s, g.combine(s, gated, up), chosen, sorted)
	if sorted {
		x = s.Unflatten(s.Take(x, restore, 0), 0, 1, st.tokens, g.chosen)
	}
	return s.Squeeze(x, -2)
}

// perExpert names the matrices of single experts under a prefix.
func perExpert(prefix string, gate, up, down string) expertNames {
	names := expertNames{}
	for name, own := range map[string]string{"gate_proj": gate, "up_proj": up, "down_proj": down} {
		names[name] = strings.Join([]string{prefix, "%d", own}, ".")
	}
	return names
}
