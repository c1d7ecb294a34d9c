package builder

import "assay/predict/arch"

// Work is what a layer is asked for: Tokens of one sequence after Depth others,
// with the logits of Outputs of them.
type Work struct {
	Tokens, Depth, Outputs int64
	// CacheBytes and ActivationBytes are the sizes of one element.
	CacheBytes, ActivationBytes int64
}

// OneToken is a token generated into an empty cache of f16.
func OneToken() Work { return Work{Tokens: 1, Outputs: 1, CacheBytes: 2, ActivationBytes: 2} }

// stateBytes is the size of an element of a recurrent state: f32, whatever the
// cache's type (llama_model::create_memory, src/llama-model.cpp, v0.5.0).
const stateBytes = 4

// Cost is what one layer has and does.
type Cost struct {
	// Params are all, Active those that one token meets.
	Params int64 `json:"parameter_count"`
	Active int64 `json:"active_parameter_count"`
	// WeightFLOPs are the products with weights, MixingFLOPs what multiplies
	// none: attention over the cache, or a scan. A multiplication and an addition
	// count as two.
	WeightFLOPs int64 `json:"weight_flops"`
	MixingFLOPs int64 `json:"mixing_flops"`
	WeightBytes int64 `json:"weight_bytes"`
	// KVBytes is the cache that the work leaves behind, a recurrent state included.
	KVBytes int64 `json:"kv_bytes"`
	// ActivationBytes are the operands and results of the products with weights.
	ActivationBytes int64 `json:"activation_bytes"`
}

// Cost computes what the layer costs for the work.
func (l Layer) Cost(w Work) Cost {
	var c Cost
	for _, slot := range l.Class.Slots {
		for _, t := range l.Weights[slot.Name] {
			c.add(l.tensorCost(slot, t, w))
		}
		for _, t := range l.Extras[slot.Name] {
			vector := slot
			if vector.Use != Routed {
				vector.Use = Vector
			}
			extra := l.tensorCost(vector, t, w)
			extra.WeightFLOPs, extra.ActivationBytes = 0, 0
			c.add(extra)
		}
	}
	if l.tied() && len(l.Weights) == 0 {
		c.WeightFLOPs = 2 * l.facts.Hidden * l.facts.Vocab * w.Outputs
		c.ActivationBytes = (l.facts.Hidden + l.facts.Vocab) * w.Outputs * w.ActivationBytes
	}
	if l.Class.mixing != nil {
		c.MixingFLOPs = l.mixing(w)
	}
	c.KVBytes = l.cache(w)
	return c
}

// tensorCost is one tensor's part. A layer that reads another's cache projects
// no keys and values.
func (l Layer) tensorCost(slot Slot, t arch.Tensor, w Work) Cost {
	n := t.Elements()
	c := Cost{Params: n, Active: n, WeightBytes: t.Bytes()}
	meets := w.Tokens
	if slot.Split == Logits {
		meets = w.Outputs
	}
	used, count := int64(1), int64(1)
	if slot.Use == Routed {
		used, count = l.Block.FeedForward.Experts.Used, l.Block.FeedForward.Experts.Count
		c.Active = n * used / count
	}
	if slot.Use == Lookup || slot.Use == Vector || l.borrows(slot) {
		return c
	}
	c.WeightFLOPs = 2 * n * used * meets / count
	switch slot.Use {
	case Twice:
		c.WeightFLOPs *= 2
	case Mixing:
		c.WeightFLOPs += 2 * (n / max(1, t.Shape[0])) * l.facts.Hidden * meets
	}
	c.ActivationBytes = slot.ends(t) * used * meets * w.ActivationBytes
	if slot.Use == Routed && len(t.Shape) == 2 {
		c.ActivationBytes /= count // one of the experts' own tensors
	}
	return c
}

// ends are the elements that go into a product and come out of it. In a stack
// of experts that is one expert's; in a stack of heads, all heads'.
func (slot Slot) ends(t arch.Tensor) int64 {
	switch {
	case len(t.Shape) < 2 || t.Shape[0] == 0:
		return t.Elements() + 1
	case slot.Use == Routed:
		return t.Shape[0] + t.Shape[1]
	}
	return t.Shape[0] + t.Elements()/t.Shape[0]
}

func (l Layer) borrows(slot Slot) bool {
	a := l.Block.Attention
	return a != nil && a.SharedFrom != nil && slot.Along == "num_kv_heads" && slot.Name != "query_key_value"
}

func (c *Cost) add(o Cost) {
	c.Params += o.Params
	c.Active += o.Active
	c.WeightFLOPs += o.WeightFLOPs
	c.MixingFLOPs += o.MixingFLOPs
	c.WeightBytes += o.WeightBytes
	c.KVBytes += o.KVBytes
	c.ActivationBytes += o.ActivationBytes
}

// mixing sums over the tokens what each does with the cells that it sees.
func (l Layer) mixing(w Work) int64 {
	var sum int64
	for i := range w.Tokens {
		sum += l.Class.mixing(l.Block, l.sees(w.Depth+i))
	}
	return sum
}

// sees is the number of cells that the token at a position looks at, its own
// included.
func (l Layer) sees(pos int64) int64 {
	a := l.Block.Attention
	switch {
	case a == nil || a.Window == 0:
		return pos + 1
	case a.Chunked:
		return pos%a.Window + 1
	}
	return min(pos+1, a.Window)
}

// cache is what the layer keeps after the work: a window's tokens at most, and
// a state of constant size.
func (l Layer) cache(w Work) int64 {
	var bytes int64
	if l.Class.kept != nil {
		tokens := w.Depth + w.Tokens
		if a := l.Block.Attention; a != nil && a.Window > 0 {
			tokens = min(tokens, a.Window)
		}
		bytes += tokens * l.Class.kept(l.facts, l.Block) * w.CacheBytes
	}
	if l.Class.state != nil {
		bytes += l.Class.state(l.facts, l.Block) * stateBytes
	}
	return bytes
}
