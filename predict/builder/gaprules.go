package builder

import (
	"fmt"

	"assay/predict/tensor"
)

// gapParallelism says how the tensors would be split by their shapes: what
// takes the hidden size in by columns, what gives it out by rows.
func (m Model) gapParallelism(g Gap) []string {
	hidden := m.Facts.Hidden
	var out []string
	for _, t := range g.Tensors {
		if len(t.Shape) == 0 {
			out = append(out, fmt.Sprintf("`%s`: a scalar, repeated on every device", t.Pattern))
			continue
		}
		rows := t.Shape[0]
		last := t.Shape[len(t.Shape)-1]
		switch {
		case len(t.Shape) == 3:
			out = append(out, fmt.Sprintf("`%s` %s: a stack of %d matrices. Expert parallelism over the stack, with an all-to-all before and "+
				"after, "+
				"if a router picks among them; else tensor parallelism over the stack", t.Pattern, shapeText(t), rows))
		case len(t.Shape) == 2 && last == hidden && rows == hidden:
			out = append(out, fmt.Sprintf("`%s` %s: square; by columns if more products follow it in the layer, by rows with an all-reduce if it "+
				"is the last", t.Pattern, shapeText(t)))
		case len(t.Shape) == 2 && last == hidden:
			out = append(out, fmt.Sprintf("`%s` %s: takes the hidden states in. By columns, nothing is communicated", t.Pattern, shapeText(t)))
		case len(t.Shape) == 2 && rows == hidden:
			out = append(out, fmt.Sprintf("`%s` %s: gives hidden states out. By rows, then an all-reduce of tokens × %d", t.Pattern,
				shapeText(t), hidden))
		default:
			out = append(out, fmt.Sprintf("`%s` %s: repeated on every device until its use is known", t.Pattern, shapeText(t)))
		}
	}
	return out
}

// gapTests are what a class for the layer has to prove, with this model's
// figures.
func (m Model) gapTests(g Gap) []string {
	var products, inBlock, vectors int64
	first := g.Blocks[0]
	for _, t := range g.list {
		if t.Block != first {
			continue
		}
		inBlock += t.Elements()
		if len(t.Shape) == 2 && t.Suffix == tensor.Weight {
			products += t.Elements()
		} else {
			vectors += t.Elements()
		}
	}
	return []string{
		fmt.Sprintf("claims: all %d patterns above are taken in %d places, and nothing of other layers is", len(g.Tensors), g.Count),
		fmt.Sprintf("parameters: %d in the first place, %d in all; without them the model's count is %d", inBlock,
			g.Params(), m.Params-g.Params()),
		fmt.Sprintf("output shape: (batch, tokens, %d) for (batch, tokens, %d)", m.Facts.Hidden, m.Facts.Hidden),
		fmt.Sprintf("FLOPs: 2 × %d = %d a token if every matrix is a product that every token meets; %d elements are vectors or stacks to be "+
			"settled", products, 2*products, vectors),
		"cache: what is kept per token or per sequence, against the state that a runtime saves for 1 and for 1000 tokens",
		"split: with 1, 2 and 4 devices the shares' parameters sum up to the count, the repeated ones counted apart",
		"communication: bytes for 1 device are 0, and for n devices follow from the splits above",
		"defect: a tensor of another shape, and one left out, are each named as a discrepancy",
	}
}
