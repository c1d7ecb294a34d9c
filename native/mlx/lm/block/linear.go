package block

import (
	"fmt"

	"assay/native/mlx"
	"assay/native/mlx/lm/folder"
)

// Linear is mlx.nn.Linear or mlx.nn.QuantizedLinear.
type Linear struct {
	// transposed is the weight as (in, out): a view made once, where Python
	// makes one each time.
	transposed mlx.Array
	packed     mlx.Packed
	quant      mlx.Quantisation // Bits is 0 in a layer that is not quantised
	bias       mlx.Array
}

func (l *Linear) Forward(s *mlx.Scope, x mlx.Array) mlx.Array {
	switch {
	case l.quant.Bits != 0 && l.bias.Valid():
		return s.Add(s.QuantizedMatmul(x, l.packed, true, l.quant), l.bias)
	case l.quant.Bits != 0:
		return s.QuantizedMatmul(x, l.packed, true, l.quant)
	case l.bias.Valid():
		return s.AddMM(l.bias, x, l.transposed)
	}
	return s.Matmul(x, l.transposed)
}

// Linear takes the layer at path, (out, in) in the files.
func (b *Builder) Linear(path string, out, in int, bias bool) *Linear {
	l := &Linear{}
	words, quant := b.matrix(path, out, in)
	l.packed, l.quant = words, quant
	if quant.Bits == 0 && words.Words.Valid() {
		l.transposed = b.Own(b.S.T(words.Words))
		l.packed = mlx.Packed{}
	}
	if bias {
		l.bias = b.Vector(path+".bias", out)
	}
	return l
}

// Bare takes the weight of a layer at path that is never quantised.
func (b *Builder) Bare(path string, out, in int) *Linear {
	l := &Linear{}
	if weight := b.tensor(path+".weight", floating, out, in); weight.Valid() {
		l.transposed = b.Own(b.S.T(weight))
	}
	return l
}

// Bounded is Bare in float32, with weights bounded to a range (0: not).
func (b *Builder) Bounded(path string, size [2]int, bound float64) *Linear {
	l := &Linear{}
	weight := b.tensor(path+".weight", floating, size[0], size[1])
	if !weight.Valid() {
		return l
	}
	s := b.S
	weight = s.AsType(weight, mlx.Float32)
	if bound != 0 {
		weight = s.Clip(weight, s.Scalar(-bound, mlx.Float32), s.Scalar(bound, mlx.Float32))
	}
	l.transposed = b.Own(s.T(weight))
	return l
}

// LinearAt takes a square layer of a list.
func (b *Builder) LinearAt(path string, i, hidden int) *Linear {
	return b.Linear(fmt.Sprintf("%s.%d", path, i), hidden, hidden, false)
}

// matrix takes a weight of a shape: one array in this Scope when it is not
// quantised, otherwise words, scales and perhaps biases that are kept.
func (b *Builder) matrix(path string, shape ...int) (mlx.Packed, mlx.Quantisation) {
	stored := b.packing(path)
	if b.listing() && b.packable(path, shape) {
		stored = &folder.Stored{}
	}
	if stored != nil && b.quant == nil {
		b.unexplained = append(b.unexplained, b.full(path+".scales"))
	}
	if b.quant != nil && b.quant.Transposed && b.Stored(path+".qweight") {
		return b.transposed(path, shape), b.quant.All
	}
	quant, quantised := b.quant.Of(b.full(path), shape[len(shape)-1], stored)
	if !quantised {
		return mlx.Packed{Words: b.tensor(path+".weight", floating, shape...)}, mlx.Quantisation{}
	}
	rows, in := shape[:len(shape)-1], shape[len(shape)-1]
	if in%quant.GroupSize != 0 {
		b.wrong = append(b.wrong, fmt.Sprintf("%s: rows of %d are no multiple of group_size %d", b.full(path), in, quant.GroupSize))
		return mlx.Packed{}, quant
	}
	words := append(append([]int{}, rows...), in*quant.Bits/32)
	groups := append(append([]int{}, rows...), in/quant.GroupSize)
	w := mlx.Packed{Words: b.keep(b.tensor(path+".weight", packed, words...))}
	if !quant.Mode.HasBiases() {
		w.Scales = b.keep(b.tensor(path+".scales", coded, groups...))
		return w, quant
	}
	w.Scales = b.keep(b.tensor(path+".scales", floating, groups...))
	w.Biases = b.keep(b.tensor(path+".biases", floating, groups...))
	return w, quant
}

// Embedding is mlx.nn.Embedding or mlx.nn.QuantizedEmbedding.
type Embedding struct {
	weight mlx.Array
	head   Linear // the same weights as an output layer
}

// Embedding takes the layer at path; tied says that it is the output layer too.
func (b *Builder) Embedding(path string, vocab, hidden int, tied bool) *Embedding {
	words, quant := b.matrix(path, vocab, hidden)
	if quant.Bits != 0 || !words.Words.Valid() {
		return &Embedding{head: Linear{packed: words, quant: quant}}
	}
	e := &Embedding{weight: b.Own(words.Words)}
	if tied {
		e.head.transposed = b.Own(b.S.T(words.Words))
	}
	return e
}

func (e *Embedding) Forward(s *mlx.Scope, tokens mlx.Array) mlx.Array {
	if e.head.quant.Bits == 0 {
		return s.Take(e.weight, tokens, 0)
	}
	p := e.head.packed
	rows := mlx.Packed{Words: s.Take(p.Words, tokens, 0), Scales: s.Take(p.Scales, tokens, 0)}
	if e.head.quant.Mode.HasBiases() {
		rows.Biases = s.Take(p.Biases, tokens, 0)
	}
	return s.Dequantize(rows, e.head.quant)
}

// Norm is mlx.nn.RMSNorm, with or without a weight, or mlx.nn.LayerNorm; plusOne is gemma's, which stores the weight less 1
// and adds it on each call.
type Norm struct {
	weight  mlx.Array
	eps     float32
	plusOne mlx.Array
	layer   bool // nn.LayerNorm, with a bias or none
	bias    mlx.Array
}

// Unweighted returns a norm without a weight.
func Unweighted(eps float64) *Norm { return &Norm{eps: float32(eps)} }

// ScaledNorm takes a norm whose weight is stored under a name of its own, and is
// multiplied by a number.
func (b *Builder) ScaledNorm(name string, size int, eps, factor float64) *Norm {
	n := Unweighted(eps)
	if weight := b.tensor(name, floating, size); weight.Valid() {
		n.weight = b.Own(b.S.Multiply(weight, b.S.Scalar(factor, b.S.Type(weight))))
	}
	return n
}

// LayerNorm takes the layer norm at path.
func (b *Builder) LayerNorm(path string, size int, eps float64, bias bool) *Norm {
	n := b.Norm(path, size, eps)
	n.layer = true
	if bias {
		n.bias = b.Vector(path+".bias", size)
	}
	return n
}

func (b *Builder) Norm(path string, size int, eps float64) *Norm {
	return &Norm{weight: b.Vector(path+".weight", size), eps: float32(eps)}
}

func (b *Builder) GemmaNorm(path string, size int, eps float64) *Norm {
	n := b.Norm(path, size, eps)
	if n.weight.Valid() {
		n.plusOne = b.Own(b.S.Scalar(1, b.S.Type(n.weight)))
	}
	return n
}

func (n *Norm) Forward(s *mlx.Scope, x mlx.Array) mlx.Array {
	weight := n.weight
	if n.layer {
		return s.LayerNorm(x, weight, n.bias, n.eps)
	}
	if n.plusOne.Valid() {
		weight = s.Add(n.plusOne, weight)
	}
	return s.RMSNorm(x, weight, n.eps)
}
