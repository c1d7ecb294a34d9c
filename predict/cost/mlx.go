package cost

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"assay/predict/arch"
	family "assay/predict/family/mlx"
	"assay/predict/kv"
)

// MLX predicts what mlx-lm executes for the work (generate_step of
// mlx_lm/generate.py, 0.32.2), to the operation: all but the last prompt token
// in chunks that only the caches are computed of, so that the last layer ends
// with its keys and values; then token by token to the logits, over exactly the
// tokens in the cache. Every call that the work starts is waited for, so the
// step in flight is counted where it belongs. The error wraps ErrNoRule for a
// model type whose forward pass is not known.
func MLX(f arch.Facts, p kv.MLXParams, w Work) (Cost, error) {
	calls, err := mlxCalls(w)
	if err != nil {
		return Cost{}, fmt.Errorf("cost of %s: %w", f.Name, err)
	}
	cache, err := kv.MLX(f, p)
	if err != nil {
		return Cost{}, err
	}
	table, err := mlxWeights(f, w.Weights)
	if w.Rough && errors.Is(err, ErrNoRule) {
		table, err = mlxConfigWeights(f, w.Weights)
	}
	if err != nil {
		return Cost{}, fmt.Errorf("cost of %s: %w", f.Name, err)
	}
	table = append(table, tied(f, table)...)
	for _, tokens := range kv.MLXSchedule(w.NDepth, 0) {
		cache.Append(tokens)
	}
	known, _ := family.Of(f) // which the weights were listed by
	c := &mlxCounter{
		Cost:  Cost{Steps: int64(len(calls)), Layers: layersOf(f, int64(len(calls)))},
		facts: f, rows: max(1, int64(p.NSeq)), elementBytes: mlxElementBytes(p.Type), last: lastCache(cache), latents: known.Cache.Latent,
	}
	for _, call := range calls {
		c.before = cache.Tokens()
		cache.Append(int(call.tokens))
		for _, t := range table {
			c.weight(t, call)
		}
		for _, t := range cache.Traffic() {
			c.cache(t, call)
		}
		if call.detaches && c.rows > 1 {
			c.add(Attention, cmp.Or(p.Type, "bf16"), "", 0, cache.Plan().Bytes())
			c.KVWriteBytes += cache.Plan().Bytes()
		}
	}
	c.sort()
	return c.Cost, nil
}

// mlxCall is one call of the model: a token whose logits are computed, or a
// chunk of a prompt of which only the caches are. Tokens are those of one sequence.
type mlxCall struct {
	tokens int64
	logits bool
	// detaches: the caches of several sequences are copied before it (split and filter
	// of mlx_lm/generate.py).
	detaches bool
}

func mlxCalls(w Work) ([]mlxCall, error) {
	if w.NDepth < 0 || w.NPrompt < 0 || w.NGen < 0 || w.NPrompt+w.NGen == 0 || w.AllOutputs {
		return nil, fmt.Errorf("work of %d prompt and %d generated tokens after %d is none that mlx-lm does", w.NPrompt, w.NGen, w.NDepth)
	}
	var calls []mlxCall
	for _, tokens := range kv.MLXSchedule(w.NPrompt, 0) {
		calls = append(calls, mlxCall{tokens: int64(tokens)})
	}
	if len(calls) > 0 {
		calls[len(calls)-1].logits, calls[len(calls)-1].detaches = true, true
	}
	return append(calls, slices.Repeat([]mlxCall{{tokens: 1, logits: true}}, w.NGen)...), nil
}

// mlxCounter sums up one piece of work.
type mlxCounter struct {
	Cost
	facts              arch.Facts
	rows, elementBytes int64
	// last is the last layer with a cache of its own, before the tokens that the
	// cache held before the call; latents says that MLA attends to its latent.
	last    int
	before  int64
	latents bool
}

// lastCache is the last layer that has a cache of its own.
func lastCache(cache *kv.MLXCache) (last int) {
	for _, l := range cache.Plan().Layers {
		if l.Class != kv.Shared {
			last = max(last, l.Layer)
		}
	}
	return last
}

// reaches says whether the call computes anything with the layer's weights
// beyond what its cache is made of: a chunk of a prompt ends at the last cache.
func (c *mlxCounter) reaches(layer int, call mlxCall) bool {
	return call.logits || layer < c.last
}

// weight counts one tensor in one call.
func (c *mlxCounter) weight(w mlxWeight, call mlxCall) {
	if !c.reaches(w.layer, call) && (!w.feedsCache || w.layer > c.last) {
		return
	}
	call.tokens *= c.rows
	switch w.use {
	case mlxRead:
		c.add(Weights, w.Type, "", 0, w.bytes)
	case mlxLookup:
		c.add(Weights, w.Type, "", 0, call.tokens*w.rowBytes())
	case mlxProduct:
		c.product(Weights, w, call.tokens)
	case mlxTwice:
		c.product(Weights, w, call.tokens)
		if c.reaches(w.layer, call) {
			c.add(Weights, w.Type, "", 2*w.Elements()*call.tokens, 0)
		}
	case mlxMixing: // (streams, streams²): the coefficients multiply each stream's states
		c.product(Weights, w, call.tokens)
		c.add(Weights, w.Type, "", 2*w.Elements()/w.Shape[0]*c.facts.Hidden*call.tokens, 0)
	case mlxConv:
		if strings.HasPrefix(w.stem(), "conv.") && !c.reaches(w.layer, call) {
			return
		}
		c.add(Weights, w.Type, "", 2*w.Elements()*call.tokens, w.bytes)
	case mlxLatent:
		c.latent(w, call)
	case mlxHead:
		c.product(Head, w, call.tokens)
	case mlxRouted:
		c.experts(w, call.tokens)
	}
}

func (c *mlxCounter) product(class Class, w mlxWeight, tokens int64) {
	c.add(class, w.Type, "", 2*w.Elements()*tokens, w.bytes)
	c.ActivationBytes += (w.Shape[0] + w.Elements()/w.Shape[0]) * tokens * c.elementBytes
}

// latent counts a matrix between the latent and the heads: for a single token its
// query or what comes out, for several all that the cache holds.
func (c *mlxCounter) latent(w mlxWeight, call mlxCall) {
	tokens := call.tokens
	if tokens > 1 {
		tokens += c.before
	}
	c.add(Weights, w.Type, "", 2*w.Elements()*tokens, w.bytes)
}

// experts is GatherMM or GatherQMM: every token meets the experts that it chose.
func (c *mlxCounter) experts(w mlxWeight, tokens int64) {
	used, count := c.facts.Layers[w.layer].FeedForward.Experts.Used, w.Shape[len(w.Shape)-1]
	each, eachBytes := w.Elements()/count, w.bytes/count
	c.add(Experts, w.Type, "", 2*each*used*tokens, expectedExperts(count, used, tokens, eachBytes))
	c.ExpertBytesLower += min(count, used) * eachBytes
	c.ExpertBytesUpper += min(count, used*tokens) * eachBytes
	c.ActivationBytes += (w.Shape[0] + each/w.Shape[0]) * used * tokens * c.elementBytes
}

// cache counts what a call computes with one cache, and what it moves of it.
func (c *mlxCounter) cache(t kv.MLXTraffic, call mlxCall) {
	c.KVWriteBytes += t.WriteBytes
	switch {
	case t.Class == kv.Recurrent:
		c.recurrent(t, call)
	case !c.reaches(t.Layer, call):
		c.add(Attention, t.Type, "", 0, t.CopyBytes)
	default:
		c.attention(t, call)
	}
}

// attention counts a layer's products of queries with keys and of scores with
// values, fused or not.
func (c *mlxCounter) attention(t kv.MLXTraffic, call mlxCall) {
	width := c.widthOf(c.facts.Layers[t.Layer].Attention, call)
	tokens := call.tokens * c.rows
	flops := 2 * tokens * t.Cells * width.products
	c.add(Attention, t.Type, "", flops, t.ReadBytes+t.CopyBytes)
	c.attend(t.Type, flops, 2*tokens*t.Cells*width.values, 2*c.rows*visible(c.before, call.tokens, t.Window)*width.products, t.KeyRowBytes)
	c.ActivationBytes += tokens * width.operands * c.elementBytes
}

// widthOf is what attention multiplies. Over a latent, positions are a product of
// their own beside it: one token attends to the latent itself, several to keys
// and values made of it (mlx_lm/models/deepseek_v3.py).
func (c *mlxCounter) widthOf(a *arch.Attention, call mlxCall) width {
	if a.MLA == nil || !c.latents {
		return attentionWidth(a, false)
	}
	keys, values := a.MLA.NopeDim, a.MLA.ValueDim
	if call.tokens == 1 {
		keys, values = a.MLA.KVLoraRank, a.MLA.KVLoraRank
	}
	all := a.Heads * (a.MLA.RopeDim + keys + values)
	return width{all, a.Heads * values, all}
}

// visible counts, over the call's tokens, those that each may look at.
func visible(before, tokens, window int64) (sum int64) {
	for pos := before; pos < before+tokens; pos++ {
		if window == 0 {
			sum += pos + 1
		} else {
			sum += min(pos+1, window)
		}
	}
	return sum
}
