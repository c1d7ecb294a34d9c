package cost

import (
	"cmp"
	"fmt"
	"slices"

	"assay/predict/arch"
	"assay/predict/kv"
)

// attention counts the products with the cache: queries with keys and scores
// with values, over every cell that the runtime's padding makes it look at
// (build_attn_mha, src/llama-graph.cpp, v0.5.0).
func (c *counter) attention(p kv.Params) error {
	op, typ := MulMat, cmp.Or(p.TypeK, "f16")
	if p.FlashAttn {
		op = FlashAttn
	}
	if castTo16(p, p.TypeK) {
		typ = "f16"
	}
	rows := c.keyRows()
	for i, layer := range c.facts.Layers {
		if layer.Attention == nil {
			continue
		}
		source := i
		if layer.Attention.SharedFrom != nil {
			source = *layer.Attention.SharedFrom
		}
		at, ok := c.cacheOf(source)
		if !ok || c.family.Cache.Unread {
			return fmt.Errorf("%w: %s attends without a cache", ErrNoRule, c.facts.Family)
		}
		for _, s := range c.steps {
			cells := s.cells[at]
			width := attentionWidth(layer.Attention, !c.family.Cache.Expanded)
			flops := 2 * s.tokens * cells * width.products
			keys, values := readRows(p, layer.Attention, rows[source])
			c.add(Attention, typ, op, flops, cells*s.streams*(keys+values))
			c.attend(typ, flops, 2*s.tokens*cells*width.values, 2*s.visible(layer.Attention)*width.products, keys)
			c.ActivationBytes += s.tokens * width.operands * activationBytes
			if !p.FlashAttn { // scores come out of one product and go into the other
				c.ActivationBytes += 2 * s.tokens * cells * layer.Attention.Heads * activationBytes
			}
			c.KVWriteBytes += s.tokens * writtenRow(rows[i])
			c.index(layer.Attention, cmp.Or(p.TypeK, "f16"), s.tokens)
			c.rotations(c.plan.Caches[at], layer.Attention, typ, s.tokens)
		}
	}
	return nil
}

// writtenRow is what one token writes into the layer's cache: values are padded to
// the tensor's width, where that is the widest layer's (cpy_v, src/llama-kv-cache.cpp,
// v0.5.0).
func writtenRow(l kv.Layer) int64 {
	values := l.VRowBytes
	if l.Cells > 0 {
		values = max(values, l.VBytes/l.Cells)
	}
	return l.KRowBytes + values + l.IndexRowBytes
}

// castTo16 says that attention reads a copy in f16 of all cells: flash attention does
// of those in f32 (build_attn_mha, src/llama-graph.cpp, b6673 to 0.7.0).
func castTo16(p kv.Params, typ string) bool { return p.FlashAttn && typ == "f32" }

// readRows are the bytes of one cell's keys and values that attention reads. Latent
// values are a part of the keys, and copied by themselves.
func readRows(p kv.Params, a *arch.Attention, row kv.Layer) (keys, values int64) {
	keys, values = row.KRowBytes, row.VRowBytes
	if castTo16(p, p.TypeV) {
		if values /= 2; values == 0 && a.MLA != nil {
			values = 2 * a.MLA.KVLoraRank
		}
	}
	if castTo16(p, p.TypeK) {
		keys /= 2
	}
	return keys, values
}

// visible counts, over the step's tokens, the cells that each may look at: all
// up to its own, or those of its window or chunk.
func (s step) visible(a *arch.Attention) int64 {
	var sum int64
	for _, r := range s.runs {
		for pos := int64(r.Pos); pos < int64(r.Pos+r.Len); pos++ {
			switch {
			case a.Window == 0:
				sum += pos + 1
			case a.Chunked:
				sum += pos%a.Window + 1
			default:
				sum += min(pos+1, a.Window)
			}
		}
	}
	return sum
}

// keyRows are the plan's rows of keys and values, by layer.
func (c *counter) keyRows() []kv.Layer {
	rows := make([]kv.Layer, len(c.facts.Layers))
	for _, l := range c.plan.Layers {
		if l.Class != kv.Recurrent {
			rows[l.Layer] = l
		}
	}
	return rows
}

// cacheOf is the plan's cache that the layer's keys lie in.
func (c *counter) cacheOf(layer int) (int, bool) {
	for i, cache := range c.plan.Caches {
		if cache.Class != kv.Recurrent && slices.Contains(cache.Layers, layer) {
			return i, true
		}
	}
	return 0, false
}

// width is what one token's attention is multiplied with in one cell, the part
// of it that scores and values are, and the elements that go in and come out.
type width struct{ products, values, operands int64 }

func attentionWidth(a *arch.Attention, latent bool) width {
	key, value := a.KeyDim, a.ValueDim
	if a.MLA != nil && latent {
		key, value = a.MLA.KVLoraRank+a.MLA.RopeDim, a.MLA.KVLoraRank
	}
	return width{a.Heads * (key + value), a.Heads * value, a.Heads * (key + value)}
}

// rotations counts the products that spread quantised keys and values over
// their heads: queries and new keys, new values and results.
func (c *counter) rotations(cache kv.Cache, a *arch.Attention, typ string, tokens int64) {
	keys, values := a.KVHeads*a.KeyDim, a.KVHeads*a.ValueDim
	if a.SharedFrom != nil {
		keys, values = 0, 0
	}
	if keys += a.Heads * a.KeyDim; cache.RotationK > 0 {
		c.add(Attention, typ, MulMat, 2*cache.RotationK*keys*tokens, 0)
		c.ActivationBytes += 2 * keys * tokens * activationBytes
	}
	if values += a.Heads * a.ValueDim; cache.RotationV > 0 {
		c.add(Attention, typ, MulMat, 2*cache.RotationV*values*tokens, 0)
		c.ActivationBytes += 2 * values * tokens * activationBytes
	}
}

// index counts the products that spread an indexer's queries and its key over
// their head, whatever the cache's type. Its scores are one operation, which is
// no matrix product (GGML_OP_LIGHTNING_INDEXER; src/models/deepseek32.cpp).
func (c *counter) index(a *arch.Attention, typ string, tokens int64) {
	if a.Indexer == nil || !c.family.Cache.Indexed {
		return
	}
	size := a.Indexer.KeyDim & -a.Indexer.KeyDim // the largest power of two that divides it
	rows := (a.Indexer.Heads + 1) * a.Indexer.KeyDim
	c.add(Attention, typ, MulMat, 2*size*rows*tokens, 0)
	c.ActivationBytes += 2 * rows * tokens * activationBytes
}

// gathers says that the states of all the context's sequences are copied to one
// place in each step, whichever of them it continues (build_rs,
// src/llama-graph.cpp, b11434): the rows of all sequences but one are moved more.
func (c *counter) gathers() bool { return c.sequences > 1 && gathered.Has(c.release) }

// states counts what recurrent layers read and write: every sequence's state,
// once a step. Their scans are no matrix products and have no FLOPs here.
func (c *counter) states() {
	for _, l := range c.plan.Layers {
		if l.Class != kv.Recurrent {
			continue
		}
		for _, s := range c.steps {
			bytes := s.sequences * (l.KRowBytes + l.VRowBytes)
			if c.gathers() {
				c.add(Attention, "f32", "", 0, recurrences[c.facts.Layers[l.Layer].Recurrent.Kind].gathers*(c.sequences-1)*l.VRowBytes)
			}
			c.add(Attention, "f32", "", 0, bytes)
			c.KVWriteBytes += bytes
		}
	}
}
