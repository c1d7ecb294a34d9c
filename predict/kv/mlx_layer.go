package kv

import (
	"fmt"

	"assay/predict/arch"
)

// mlxLayer is the cache of one layer.
type mlxLayer struct {
	class     Class
	sequences int64
	// heads, keyDim, valueDim and elementBytes give what a slot takes.
	heads, keyDim, valueDim, elementBytes int64
	keyBytes, valueBytes                  int64 // of one slot of one sequence
	growth                                mlxGrowth
	quantised                             bool
}

// mlxElementBytes are the types that keys and values are computed in.
var mlxElementBytes = map[string]int64{"": 2, "bf16": 2, "f16": 2, "f32": 4}

// mlxRotates are the model types whose make_cache gives sliding layers a
// rotating cache (mlx_lm/models/*.py, 0.31.3). Others keep every token on all
// layers, whatever window they have: gemma2, mistral by itself, phi3, qwen2.
var mlxRotates = map[string]bool{
	"cohere2": true, "exaone4": true, "gemma3": true, "gemma3_text": true, "gemma3n": true, "gemma4_text": true,
	"gpt_oss": true, "llama": true, "ministral3": true, "mistral": true, "olmo3": true,
}

// mlxChooses are the model types with a make_cache, which --max-kv-size does
// not reach; mistral is run as llama (MODEL_REMAPPING, mlx_lm/utils.py).
var mlxChooses = mlxRotates

// MLXBounds reports whether MaxKVSize makes a difference to the model.
func MLXBounds(f arch.Facts) bool { return !mlxChooses[f.ModelType] }

// mlxUnreadable are the model types whose attention cannot read a quantised
// cache: gemma2 computes its own, gpt_oss has sinks.
var mlxUnreadable = map[string]string{
	"gemma2":  "gemma2's attention does not read a quantised cache",
	"gpt_oss": "attention with sinks does not read a quantised cache",
}

func newMLXLayer(f arch.Facts, i int, p MLXParams) (mlxLayer, error) {
	a := f.Layers[i].Attention
	if f.Layers[i].Recurrent != nil || a == nil {
		return mlxLayer{}, fmt.Errorf("there is no rule for its recurrent state")
	}
	if a.Chunked {
		return mlxLayer{}, fmt.Errorf("there is no rule for its chunked attention")
	}
	size, ok := mlxElementBytes[p.Type]
	if !ok {
		return mlxLayer{}, fmt.Errorf("type %q is not f32, f16 or bf16", p.Type)
	}
	l := mlxLayer{
		class: Full, sequences: max(1, int64(p.NSeq)),
		heads: a.KVHeads, keyDim: a.KeyDim, valueDim: a.ValueDim, elementBytes: size,
		growth: &mlxPlain{},
	}
	switch window := mlxWindow(f, a); {
	case a.SharedFrom != nil:
		l.class, l.heads = Shared, 0
	case a.MLA != nil && f.ModelType != "deepseek_v2":
		// deepseek_v3.py caches the latent as keys, the rotated part as values.
		l.class, l.heads, l.keyDim, l.valueDim = MLA, 1, a.MLA.KVLoraRank, a.MLA.RopeDim
	case a.MLA != nil: // deepseek_v2.py caches what it decompressed, per head
		l.heads = a.Heads
	case window > 0:
		l.class, l.growth = Sliding, &mlxRotating{window: window}
	case p.MaxKVSize > 0 && !mlxChooses[f.ModelType]:
		l.class, l.growth = Sliding, &mlxRotating{window: int64(p.MaxKVSize), keep: mlxKeep}
	}
	l.keyBytes, l.valueBytes = l.heads*l.keyDim*size, l.heads*l.valueDim*size
	if reason := mlxUnreadable[f.ModelType]; reason != "" && p.KVBits > 0 {
		return l, fmt.Errorf("%s", reason)
	}
	return l, nil
}

// mlxKeep is how many first tokens --max-kv-size keeps (make_prompt_cache).
const mlxKeep = 4

// mlxWindow is the window that a layer's cache rotates over, 0 for none.
// llama.py slides only where layer_types say so, and then some layer does not:
// a window on all layers is a sliding_window without layer_types, which it
// ignores.
func mlxWindow(f arch.Facts, a *arch.Attention) int64 {
	if a.Window == 0 || !mlxRotates[f.ModelType] {
		return 0
	}
	if f.ModelType == "llama" || f.ModelType == "mistral" {
		for _, layer := range f.Layers {
			if layer.Attention != nil && layer.Attention.Window == 0 {
				return a.Window
			}
		}
		return 0
	}
	return a.Window
}

func (l *mlxLayer) append(tokens int64) { l.growth.append(tokens) }

func (l *mlxLayer) slots() int64 {
	if l.class == Shared {
		return 0
	}
	return l.growth.slots()
}

// slotBytes is what one slot of all sequences takes, keys and values.
func (l *mlxLayer) slotBytes() int64 { return (l.keyBytes + l.valueBytes) * l.sequences }

// quantisable refuses what mlx-lm fails on: RotatingKVCache.to_quantized is not
// implemented, and mx.quantize wants whole groups.
func (l *mlxLayer) quantisable(p MLXParams) error {
	group := int64(p.KVGroupSize)
	switch {
	case p.KVBits != 2 && p.KVBits != 4 && p.KVBits != 8 || group != 32 && group != 64 && group != 128:
		return fmt.Errorf("kv-bits %d with kv-group-size %d is not possible (bits 2, 4 or 8; group size 32, 64 or 128)", p.KVBits, group)
	case l.class == Sliding:
		return fmt.Errorf("a rotating cache cannot be quantised")
	case l.class == MLA:
		return fmt.Errorf("attention over a latent does not read a quantised cache")
	case l.keyDim%group != 0 || l.valueDim%group != 0:
		return fmt.Errorf("a head of %d and %d is no multiple of kv-group-size %d", l.keyDim, l.valueDim, group)
	}
	return nil
}

// quantise packs a plain cache; its slots stay, and grow as before
// (KVCache.to_quantized and QuantizedKVCache). The report is whether it did.
func (l *mlxLayer) quantise(p MLXParams) bool {
	if l.quantised || l.class == Shared {
		return false
	}
	l.quantised = true
	l.keyBytes, l.valueBytes = l.packed(l.keyDim, p), l.packed(l.valueDim, p)
	return true
}

// packed is one slot's row of packed words, and a scale and a bias for each
// group, which keep the type of the keys.
func (l *mlxLayer) packed(dim int64, p MLXParams) int64 {
	return l.heads * (dim*int64(p.KVBits)/8 + 2*(dim/int64(p.KVGroupSize))*l.elementBytes)
}
