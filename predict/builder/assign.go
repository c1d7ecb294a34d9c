package builder

import (
	"fmt"
	"maps"
	"slices"

	"assay/predict/arch"
	"assay/predict/tensor"
)

// placed is a tensor with what its name says.
type placed struct {
	arch.Tensor
	tensor.Place
}

// found is what a table was taken apart into.
type found struct {
	layers   []Layer
	drafts   []Layer
	unmapped []placed
	// params counts all but scales and drafts, draftParams the drafting blocks;
	// scales counts those tensors.
	params, draftParams int64
	scales              int
	// blocks is the number of blocks that the table numbers.
	blocks int
	// missing names layers of the facts without a tensor.
	missing []string
}

// assign gives every tensor to a layer, or to nobody.
func assign(f *arch.Facts, table []arch.Tensor) found {
	var out found
	blocks := map[int][]placed{}
	for _, t := range table {
		p := placed{t, tensor.PlaceOf(t.Name)}
		if p.Suffix == tensor.Scale {
			out.scales++
			continue
		}
		if p.Draft {
			p.Block = len(f.Layers) + max(0, p.Block)
		}
		if p.Tower == "" && p.Block >= len(f.Layers) {
			out.draftParams += t.Elements()
			blocks[p.Block] = append(blocks[p.Block], p)
			continue
		}
		out.params += t.Elements()
		if p.Tower != "" {
			out.unmapped = append(out.unmapped, p)
			continue
		}
		out.blocks = max(out.blocks, p.Block+1)
		blocks[p.Block] = append(blocks[p.Block], p)
	}
	for i := -1; i < len(f.Layers); i++ {
		layers, rest := out.claim(f, i, blocks[i])
		out.layers, out.unmapped = append(out.layers, layers...), append(out.unmapped, rest...)
	}
	for _, i := range slices.Sorted(maps.Keys(blocks)) {
		if i >= len(f.Layers) {
			layers, rest := out.claim(f, i, blocks[i])
			out.drafts, out.unmapped = append(out.drafts, layers...), append(out.unmapped, rest...)
		}
	}
	return out
}

// claim lets every class take its tensors from the block and returns the rest.
// A drafting block is built like the last of the model's own.
func (out *found) claim(f *arch.Facts, index int, rest []placed) (layers []Layer, unclaimed []placed) {
	var block arch.Layer
	if index >= 0 {
		block = f.Layers[min(index, len(f.Layers)-1)]
	}
	for i := range classes {
		c := &classes[i]
		if !c.Where.holds(index, len(f.Layers)) || !c.is(f, block) {
			continue
		}
		l := Layer{Class: c, Index: index, Block: block, facts: f}
		var taken []placed
		taken, rest = c.take(rest)
		switch {
		case c.PerTensor:
			for _, group := range byStem(taken) {
				layers = append(layers, l.with(group))
			}
		case len(taken) > 0 || l.tied():
			layers = append(layers, l.with(taken))
		default:
			out.missing = append(out.missing, l.describe())
		}
	}
	return layers, rest
}

// take divides tensors into those that the class has slots for and the others.
func (c *Class) take(list []placed) (taken, rest []placed) {
	for _, t := range list {
		if _, ok := c.slot(t.Place); ok {
			taken = append(taken, t)
		} else {
			rest = append(rest, t)
		}
	}
	return taken, rest
}

// byStem keeps a norm's weight and bias together.
func byStem(list []placed) [][]placed {
	var out [][]placed
	for _, t := range list {
		i := slices.IndexFunc(out, func(g []placed) bool { return g[0].Stem == t.Stem })
		if i < 0 {
			out = append(out, nil)
			i = len(out) - 1
		}
		out[i] = append(out[i], t)
	}
	return out
}

func (l Layer) with(list []placed) Layer {
	l.Weights, l.Extras = map[string][]arch.Tensor{}, map[string][]arch.Tensor{}
	for _, t := range list {
		s, _ := l.Class.slot(t.Place) // taken by it
		if t.Suffix == tensor.Bias {
			l.Extras[s.Name] = append(l.Extras[s.Name], t.Tensor)
		} else {
			l.Weights[s.Name] = append(l.Weights[s.Name], t.Tensor)
		}
	}
	return l
}

// tied: the output head is the embedding, and needs no tensor.
func (l Layer) tied() bool { return l.Class.Label == "output_head" && l.facts.TiedEmbeddings }

func (l Layer) describe() string {
	if l.Index < 0 {
		return l.Class.Label
	}
	return fmt.Sprintf("%s of layer %d", l.Class.Label, l.Index)
}
