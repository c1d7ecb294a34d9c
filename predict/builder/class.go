package builder

import (
	"fmt"
	"slices"

	"assay/predict/arch"
	"assay/predict/tensor"
)

// Layer is one layer of a class with its tensors by slot.
type Layer struct {
	Class *Class
	// Index is the block, or -1 outside the blocks.
	Index int
	// Block has the facts of the block; empty outside.
	Block arch.Layer
	// Weights are the tensors themselves, Extras their biases.
	Weights, Extras map[string][]arch.Tensor

	facts *arch.Facts
}

// Class is one kind of layer, as data: the tensors that make it up, and the
// rules that everything else follows from.
type Class struct {
	// Name is the class, Label what a config calls its layers.
	Name, Label string
	// Does is one line for people.
	Does  string
	Slots []Slot
	// Where says where layers of the class stand. PerTensor: every matching
	// tensor is a layer of its own, as norms are.
	Where     Where
	PerTensor bool

	// is says whether a block, or the model, has such a layer.
	is func(*arch.Facts, arch.Layer) bool
	// specs are its dimensions.
	specs []spec
	// mixing are the operations per token that multiply no weights, over so many
	// cells that the token sees. Nil: none.
	mixing func(l arch.Layer, cells int64) int64
	// kept are the elements that a cache keeps per token, state those of one
	// sequence's recurrent state. Nil: none.
	kept, state func(*arch.Facts, arch.Layer) int64
}

// Where says where a layer stands.
type Where string

// The places.
const (
	InBlocks Where = "blocks"
	Outside  Where = "outside" // before or behind the blocks
	Anywhere Where = "anywhere"
	// Drafting blocks are those that predict tokens beyond the next; they have
	// what blocks have, and these classes.
	Drafting Where = "drafting blocks"
)

func (w Where) holds(block, blocks int) bool {
	switch w {
	case Anywhere:
		return true
	case Drafting:
		return block >= blocks
	}
	return (w == InBlocks) == (block >= 0)
}

// Slot is one tensor of a class under the names that it has.
type Slot struct {
	Name string
	// Kinds are the tensors of the catalogue that it takes.
	Kinds []string
	Use   Use
	// Split is how tensor parallelism divides it, Along the spec that counts the
	// indivisible units.
	Split Split
	Along string
	// Padded: llama.cpp's converter pads its rows to the vocabulary.
	Padded bool
}

// Use is how a tensor's elements meet a token.
type Use string

// The uses.
const (
	Product Use = "product" // a matrix product
	Routed  Use = "routed"  // one with the experts that were chosen
	Lookup  Use = "lookup"  // one row is read
	Vector  Use = "vector"  // element by element
	Twice   Use = "twice"   // a matrix product, once before and once after the layer
	Mixing  Use = "mixing"  // a product, whose result multiplies the token's own states
)

// Split is how tensor parallelism divides a tensor (Megatron-LM, arXiv 1909.08053).
type Split string

// The splits.
const (
	Columns    Split = "columns"    // by outputs: nothing is communicated
	Rows       Split = "rows"       // by inputs: an all-reduce of the hidden states follows
	Vocabulary Split = "vocabulary" // rows of the embedding: an all-reduce follows
	Logits     Split = "logits"     // outputs of the head: an all-gather of the logits follows
	Replicated Split = "replicated" // whole on every device
)

// slot finds the slot of a tensor; false where the class has none.
func (c *Class) slot(p tensor.Place) (*Slot, bool) {
	kinds := p.Kinds()
	for i := range c.Slots {
		if s := &c.Slots[i]; s.takes(kinds) {
			return s, true
		}
	}
	return nil, false
}

// Names are what the slot's tensors are called in a GGUF, then patterns of what
// Hugging Face calls them.
func (s *Slot) Names() []string {
	var ggufs, folders []string
	for _, kind := range s.Kinds {
		row, _ := tensor.Of(kind) // a test holds the kinds against the catalogue
		ggufs = append(ggufs, row.Stem())
		if row.HF != "" {
			folders = append(folders, row.HF)
		}
	}
	return slices.Concat(ggufs, folders)
}

func (s *Slot) takes(kinds []string) bool {
	return slices.ContainsFunc(kinds, func(kind string) bool { return slices.Contains(s.Kinds, kind) })
}

// Parallelism says how the class splits and what it then communicates.
func (c *Class) Parallelism() []string {
	var out []string
	for _, s := range c.Slots {
		line := fmt.Sprintf("%s: %s", s.Name, s.Split)
		if s.Along != "" {
			line += " along " + s.Along
		}
		switch s.Split {
		case Rows:
			line += ", then an all-reduce of tokens × hidden_size"
		case Vocabulary:
			line += ", then an all-reduce of tokens × the width of a row"
		case Logits:
			line += ", then an all-gather of outputs × vocab_size"
		}
		out = append(out, line)
	}
	if slices.ContainsFunc(c.Slots, func(s Slot) bool { return s.Use == Routed }) {
		out = append(out, "expert parallelism: whole experts to a device, with an all-to-all of tokens × top_k × hidden_size before and after")
	}
	return out
}

// Dimensions are what a layer of the class is described by, each with where it
// is taken from.
func (c *Class) Dimensions() []string {
	var out []string
	for _, s := range c.specs {
		from := "the shapes, held against the facts"
		switch {
		case s.shape == nil:
			from = "the facts"
		case s.fact == nil:
			from = "the shapes"
		}
		out = append(out, s.name+": from "+from)
	}
	return out
}

// Costs says what a token costs in the class beside its parameters and bytes.
func (c *Class) Costs() []string {
	var out []string
	for _, s := range c.Slots {
		if does := operations[s.Use]; does != "" {
			out = append(out, s.Name+": "+does)
		}
	}
	for _, beside := range []struct {
		there bool
		text  string
	}{
		{c.mixing != nil, "and operations that multiply no weights, over the cells that the token sees or the state"},
		{c.kept != nil, "keeps a row of the cache for every token, of a window at most its own"},
		{c.state != nil, "keeps a state of constant size for every sequence, in f32"},
	} {
		if beside.there {
			out = append(out, beside.text)
		}
	}
	return out
}

// operations are what a use asks for each token.
var operations = map[Use]string{
	Product: "2 operations a parameter",
	Routed:  "2 operations a parameter of the top_k experts chosen",
	Twice:   "4 operations a parameter",
	Mixing:  "2 operations a parameter, and 2 × outputs × hidden_size",
}

// spec is one dimension of a layer: what the facts say of it, and how it shows
// in the shapes; nil where they do not.
type spec struct {
	name  string
	fact  func(*arch.Facts, arch.Layer) int64
	shape func(Layer) (int64, bool)
}

// inputs and outputs are a slot's dimensions; false where the layer lacks it or
// it is no single matrix.
func inputs(slot string) func(Layer) (int64, bool)  { return dimension(slot, 0) }
func outputs(slot string) func(Layer) (int64, bool) { return dimension(slot, 1) }

func dimension(slot string, at int) func(Layer) (int64, bool) {
	return func(l Layer) (int64, bool) {
		w := l.Weights[slot]
		if len(w) == 0 || at >= len(w[0].Shape) {
			return 0, false
		}
		return w[0].Shape[at], true
	}
}

// over divides a dimension by a fact; false where that leaves a remainder.
func over(of func(Layer) (int64, bool), by func(arch.Layer) int64) func(Layer) (int64, bool) {
	return func(l Layer) (int64, bool) {
		n, ok := of(l)
		d := by(l.Block)
		if !ok || d <= 0 || n%d != 0 {
			return 0, false
		}
		return n / d, true
	}
}

// length is the number of elements of a vector.
func length(slot string) func(Layer) (int64, bool) {
	return func(l Layer) (int64, bool) {
		for _, list := range [][]arch.Tensor{l.Weights[slot], l.Extras[slot]} {
			if len(list) > 0 {
				return list[0].Elements(), true
			}
		}
		return 0, false
	}
}

func hiddenSize(f *arch.Facts, _ arch.Layer) int64 { return f.Hidden }
func vocabSize(f *arch.Facts, _ arch.Layer) int64  { return f.Vocab }
