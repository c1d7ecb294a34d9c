package builder

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// LayerType is a group of layers that are alike: the same class, dimensions and
// shapes. Types of weights may differ among them.
type LayerType struct {
	// Layer is the first of them.
	Layer
	// Blocks are the blocks that they stand in, each as often as it has one; -1
	// is outside.
	Blocks []int
	// WeightBytes is what all of them take as stored.
	WeightBytes int64
}

// Count is the number of layers.
func (t LayerType) Count() int64 { return int64(len(t.Blocks)) }

// Specs are the layer's dimensions: from the shapes where they show, else from
// the facts. Those that are 0 are left out.
func (l Layer) Specs() map[string]int64 {
	out := map[string]int64{}
	for _, s := range l.Class.specs {
		if n := s.value(l); n != 0 {
			out[s.name] = n
		}
	}
	return out
}

func (s spec) value(l Layer) int64 {
	if s.shape != nil {
		if n, ok := s.shape(l); ok {
			return n
		}
	}
	if s.fact == nil {
		return 0
	}
	return s.fact(l.facts, l.Block)
}

// group gathers layers alike, in the order of their first one.
func group(layers []Layer) []LayerType {
	var out []LayerType
	at := map[string]int{}
	for _, l := range layers {
		key := l.likeness()
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key] = i
			out = append(out, LayerType{Layer: l})
		}
		out[i].Blocks = append(out[i].Blocks, l.Index)
		out[i].WeightBytes += l.Cost(OneToken()).WeightBytes
	}
	slices.SortStableFunc(out, func(a, b LayerType) int { return cmp.Compare(order(a), order(b)) })
	return out
}

// order puts the embedding first and what else stands outside the blocks last.
func order(t LayerType) int {
	switch {
	case t.Class.Label == "token_embedding":
		return 0
	case t.Index >= 0:
		return 1
	}
	return 2
}

// likeness is the same text for layers that are alike. A layer that reads
// another's cache is unlike one with its own.
func (l Layer) likeness() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %v %t", l.Class.Name, l.Specs(), l.Index < 0)
	if a := l.Block.Attention; a != nil && l.Class.Label == "attention" {
		fmt.Fprintf(&b, " shared %t", a.SharedFrom != nil)
	}
	for _, s := range l.Class.Slots {
		for _, t := range l.Weights[s.Name] {
			fmt.Fprintf(&b, " %s%v", s.Name, t.Shape)
		}
		for _, t := range l.Extras[s.Name] {
			fmt.Fprintf(&b, " +%s%v", s.Name, t.Shape)
		}
	}
	return b.String()
}
