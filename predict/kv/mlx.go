package kv

import (
	"fmt"

	"assay/predict/arch"
	family "assay/predict/family/mlx"
)

// mlx-lm's caches, read from mlx_lm/models/cache.py and the make_cache of the
// models, mlx-lm 0.32.2. They grow with what is appended, so a prediction is a
// walk: MLX makes the empty caches and Append takes each call of the model.

// MLXCache is a model's cache while tokens are appended to it.
type MLXCache struct {
	params MLXParams
	layers []mlxLayer
	tokens int64
	peak   int64

	traffic []MLXTraffic
}

// MLX answers the empty cache of a model. The error names a model type that
// mlx-lm does not have, a layer that there is no rule for, or options that
// mlx-lm itself fails on.
func MLX(f arch.Facts, p MLXParams) (*MLXCache, error) {
	if p.MaxKVSize != 0 && p.MaxKVSize <= mlxKeep {
		return nil, fmt.Errorf("mlx-lm's cache for %s: max-kv-size %d has no room beside the first %d tokens, which are kept; give at least %d",
			f.Name, p.MaxKVSize, mlxKeep, mlxKeep+1)
	}
	known, err := family.Of(f)
	if err != nil {
		return nil, fmt.Errorf("mlx-lm's cache for %s: %w", f.Name, err)
	}
	c := &MLXCache{params: p}
	for i := range known.Layers(f) {
		layers, err := newMLXLayers(f, i, known.Cache, p)
		if err != nil {
			return nil, fmt.Errorf("mlx-lm's cache for %s: layer %d: %w", f.Name, i, err)
		}
		c.layers = append(c.layers, layers...)
	}
	if p.KVBits == 0 {
		return c, nil
	}
	if p.KVGroupSize == 0 {
		c.params.KVGroupSize = MLXGroupSize
	}
	for _, layer := range c.layers {
		if err := layer.quantisable(c.params); err != nil {
			return nil, fmt.Errorf("mlx-lm's cache for %s: layer %d: %w", f.Name, layer.layer, err)
		}
	}
	return c, nil
}

// MLXBatches says why it is not known what mlx-lm's BatchGenerator (mlx_lm/generate.py)
// does of a model's sequences, or that it cannot do it; nil for one sequence.
func MLXBatches(f arch.Facts, p MLXParams) error {
	if p.NSeq <= 1 {
		return nil
	}
	known, err := family.Of(f)
	switch {
	case err != nil:
		return fmt.Errorf("mlx-lm's cache for %s: %w", f.Name, err)
	case !known.Cache.Batches:
		return fmt.Errorf("%s: how mlx-lm's %s generates several sequences at once is not known here; give it one", f.Name, known.Module)
	case p.KVBits != 0 || p.MaxKVSize != 0:
		return fmt.Errorf("%s: mlx-lm generates several sequences at once without kv-bits, and a max-kv-size of theirs is not known here; "+
			"leave them out", f.Name)
	case p.NSeq > mlxPrompts:
		return fmt.Errorf("%s: mlx-lm reads %d prompts at once and generates while it reads the others, which is not followed here; give at "+
			"most %d sequences, not %d",
			f.Name, mlxPrompts, mlxPrompts, p.NSeq)
	}
	return nil
}

// mlxPrompts is prefill_batch_size of BatchGenerator.
const mlxPrompts = 8

// Append takes one call of the model with a number of new tokens of each sequence;
// shorter ones are padded to the longest, and take as much.
func (c *MLXCache) Append(tokens int) {
	c.traffic = c.traffic[:0]
	for i := range c.layers {
		c.traffic = append(c.traffic, c.layers[i].take(int64(tokens), c.params))
	}
	c.tokens += int64(tokens)
	c.reached(c.bytes())
	c.quantise()
}

// quantise is maybe_quantize_kv_cache (mlx_lm/generate.py), called behind each
// call of the model: the whole capacity is packed, and both forms exist until
// it is computed.
func (c *MLXCache) quantise() {
	if c.params.KVBits == 0 || c.tokens < int64(c.params.QuantizedKVStart) {
		return
	}
	plain := c.bytes()
	converted := false
	for i := range c.layers {
		layer, before := &c.layers[i], c.layers[i].slotBytes()
		if layer.quantise(c.params) {
			converted = true
			c.traffic[i].CopyBytes += layer.slots() * before
			c.traffic[i].WriteBytes += layer.slots() * layer.slotBytes()
		}
	}
	if converted {
		c.reached(plain + c.bytes())
	}
}

func (c *MLXCache) reached(bytes int64) { c.peak = max(c.peak, bytes) }

func (c *MLXCache) bytes() (sum int64) {
	for _, layer := range c.layers {
		sum += layer.slots() * layer.slotBytes()
	}
	return sum
}

// PeakBytes is the most that the arrays of the cache took after, or while,
// anything was appended. The allocator's own peak is higher: growing holds the
// old arrays and the new at once.
func (c *MLXCache) PeakBytes() int64 { return c.peak }

// Tokens is the number of tokens appended.
func (c *MLXCache) Tokens() int64 { return c.tokens }

// Plan answers what the cache takes now. Cells are the slots of all sequences.
func (c *MLXCache) Plan() Plan {
	var p Plan
	for _, layer := range c.layers {
		cells := layer.slots() * layer.sequences
		p.Layers = append(p.Layers, Layer{
			Layer: layer.layer, Class: layer.class, Cells: cells,
			KBytes: cells * layer.keyBytes, VBytes: cells * layer.valueBytes,
			KRowBytes: layer.ownRow(layer.keyBytes), VRowBytes: layer.ownRow(layer.valueBytes),
		})
		p.ContextCells = max(p.ContextCells, cells)
		p.SequenceCells = max(p.SequenceCells, layer.slots())
	}
	return p
}

// mlxChunk is prefill_step_size (generate_step, mlx_lm/generate.py).
const mlxChunk = 2048

// MLXSchedule lists the calls of the model that mlx-lm makes for a prompt and
// generated tokens: all but the last prompt token in chunks of 2048, the last
// by itself, then one call a token. The look-ahead beyond the last is not in.
func MLXSchedule(prompt, generated int) []int {
	var calls []int
	for rest := prompt - 1; rest > 0; rest -= mlxChunk {
		calls = append(calls, min(rest, mlxChunk))
	}
	if prompt > 0 {
		calls = append(calls, 1)
	}
	for range generated {
		calls = append(calls, 1)
	}
	return calls
}

// MLXBounds reports whether MaxKVSize makes a difference to the model.
func MLXBounds(f arch.Facts) bool {
	known, err := family.Of(f)
	return err == nil && !known.Cache.Chooses
}

// Traffic is what the last Append did, row by row as in Plan.
func (c *MLXCache) Traffic() []MLXTraffic { return c.traffic }
