package kv

import (
	"errors"
	"fmt"

	"assay/predict/arch"
	family "assay/predict/family/mlx"
)

// mlxLayer is one cache of a layer.
type mlxLayer struct {
	layer     int
	class     Class
	sequences int64
	// heads, keyDim, valueDim and elementBytes give what a slot takes.
	heads, keyDim, valueDim, elementBytes int64
	keyBytes, valueBytes                  int64 // of one slot of one sequence
	growth                                mlxGrowth
	packable, packed                      bool
}

// mlxElementBytes are the types that keys and values are computed in.
var mlxElementBytes = map[string]int64{"": 2, "bf16": 2, "f16": 2, "f32": 4}

// newMLXLayers makes the caches of layer i: none where it is a feed-forward
// alone (nemotron_h), the state's and the attention's where it has both
// (falcon_h1).
func newMLXLayers(f arch.Facts, i int, t family.Cache, p MLXParams) ([]mlxLayer, error) {
	size, ok := mlxElementBytes[p.Type]
	if !ok {
		return nil, fmt.Errorf("type %q is not f32, f16 or bf16", p.Type)
	}
	base := mlxLayer{layer: i, sequences: max(1, int64(p.NSeq)), elementBytes: size}
	var layers []mlxLayer
	if r := f.Layers[i].Recurrent; r != nil {
		l, err := base.state(f, r)
		if err != nil {
			return nil, err
		}
		layers = append(layers, l)
	}
	if f.Layers[i].Attention != nil {
		l, err := base.attention(f, t, p)
		if err != nil {
			return nil, err
		}
		layers = append(layers, l)
	}
	return layers, nil
}

// state is an ArraysCache: the last rows that the convolution reads, in the
// type of the weights, and the recurrent state. Except in qwen3_next and qwen3_5,
// the rows are a view of the last call's input with the rows before it, (tokens +
// kernel - 1) rows that stay allocated until the next call (active memory of two
// layers of mamba2 after a call with 1000 tokens: 1059848 bytes, where the arrays
// say 35840; after one token more, 36872). Only what the view shows is counted.
func (l mlxLayer) state(f arch.Facts, r *arch.Recurrent) (mlxLayer, error) {
	shape, ok := mlxStates[r.Kind]
	if !ok {
		return l, fmt.Errorf("there is no rule for its recurrent state of kind %q", r.Kind)
	}
	width, state := shape.elements(f, r)
	stateBytes := l.elementBytes
	if shape.f32 {
		stateBytes = 4
	}
	l.class, l.growth = Recurrent, &mlxState{}
	l.keyBytes, l.valueBytes = max(r.ConvKernel-1, 0)*width*l.elementBytes, state*stateBytes
	return l, nil
}

// mlxStates are the states by kind: the width of the convolution and the
// elements of the state of one sequence; f32 where it is that whatever the
// weights are (ssm_attn of mlx_lm/models/ssm.py, gated_delta_update of
// gated_delta.py; jamba.py and mamba.py keep the type of the weights).
var mlxStates = map[string]struct {
	f32      bool
	elements func(arch.Facts, *arch.Recurrent) (width, state int64)
}{
	"mamba":       {false, func(_ arch.Facts, r *arch.Recurrent) (int64, int64) { return r.Inner, r.Inner * r.State }},
	"mamba2":      {true, mlxGroupedState},
	"gated-delta": {true, mlxGroupedState},
	"shortconv":   {false, func(f arch.Facts, _ *arch.Recurrent) (int64, int64) { return f.Hidden, 0 }},
}

func mlxGroupedState(_ arch.Facts, r *arch.Recurrent) (width, state int64) {
	return r.Inner + 2*r.Groups*r.State, r.Inner * r.State
}

func (l mlxLayer) attention(f arch.Facts, t family.Cache, p MLXParams) (mlxLayer, error) {
	a := f.Layers[l.layer].Attention
	l.class, l.heads, l.keyDim, l.valueDim = Full, a.KVHeads, a.KeyDim, a.ValueDim
	switch {
	case a.MLA != nil && t.Latent:
		l.class, l.heads, l.keyDim, l.valueDim = MLA, 1, a.MLA.KVLoraRank, a.MLA.RopeDim
	case a.MLA != nil:
		l.heads = a.Heads
	}
	l.growth, l.packable = &mlxPlain{}, !t.Listed
	window := windowOf(t, f, a)
	chunk, err := chunkOf(t, f, l.layer)
	switch {
	case err != nil:
		return l, err
	case chunk > 0:
		l.class, l.growth, l.packable = Chunked, &mlxChunked{chunk: chunk}, false
	case window > 0:
		l.class, l.growth = Sliding, &mlxRotating{window: window}
	case p.MaxKVSize > 0 && !t.Chooses:
		l.class, l.growth = Sliding, &mlxRotating{window: int64(p.MaxKVSize), keep: mlxKeep}
	}
	if a.SharedFrom != nil {
		l.class, l.growth, l.packable = Shared, mlxShared{l.growth}, false
	}
	l.keyBytes, l.valueBytes = l.heads*l.keyDim*l.elementBytes, l.heads*l.valueDim*l.elementBytes
	if p.KVBits > 0 && t.Unreadable != "" {
		return l, errors.New(t.Unreadable)
	}
	return l, nil
}

// mlxKeep is how many first tokens --max-kv-size keeps (make_prompt_cache).
const mlxKeep = 4

// windowOf is what a layer's cache rotates over, 0 for none.
func windowOf(t family.Cache, f arch.Facts, a *arch.Attention) int64 {
	if t.Slides {
		return a.Window
	}
	if t.SlidesBeside {
		for _, layer := range f.Layers {
			if layer.Attention != nil && layer.Attention.Window == 0 {
				return a.Window
			}
		}
	}
	return 0
}

// chunkOf is the chunk that a layer's cache is cut to, 0 for none.
func chunkOf(t family.Cache, f arch.Facts, layer int) (int64, error) {
	if t.ChunkPeriod == 0 || (layer+1)%t.ChunkPeriod == 0 {
		return 0, nil
	}
	for _, l := range f.Layers {
		if l.Attention == nil || !l.Attention.Chunked {
			continue
		}
		return l.Attention.Window, nil
	}
	return 0, fmt.Errorf("its attention is chunked and no chunk size is known; add attention_chunk_size")
}

func (l *mlxLayer) append(tokens int64) { l.growth.append(tokens) }

func (l *mlxLayer) slots() int64 { return l.growth.slots() }

// ownRow is a row's size, 0 in a layer that reads another's cache.
func (l *mlxLayer) ownRow(bytes int64) int64 {
	if l.class == Shared {
		return 0
	}
	return bytes
}

// slotBytes is what one slot of all sequences takes, keys and values.
func (l *mlxLayer) slotBytes() int64 { return (l.keyBytes + l.valueBytes) * l.sequences }

// quantisable refuses what mlx-lm fails on: RotatingKVCache.to_quantized is not
// implemented, and mx.quantize wants whole groups. Caches without to_quantized
// stay as they are.
func (l *mlxLayer) quantisable(p MLXParams) error {
	group := int64(p.KVGroupSize)
	switch {
	case !l.packable:
		return nil
	case !mlxBits[p.KVBits] || group != 32 && group != 64 && group != 128:
		return fmt.Errorf("kv-bits %d with kv-group-size %d is not possible (bits 2, 3, 4, 5, 6 or 8; group size 32, 64 or 128)", p.KVBits, group)
	case l.class == Sliding:
		return errors.New("a rotating cache cannot be quantised")
	case l.keyDim%group != 0 || l.valueDim%group != 0:
		return fmt.Errorf("a head of %d and %d is no multiple of kv-group-size %d", l.keyDim, l.valueDim, group)
	}
	return nil
}

// mlxBits are the widths that mx.quantize takes (MLX 0.31.2).
var mlxBits = map[int]bool{2: true, 3: true, 4: true, 5: true, 6: true, 8: true}

// quantise packs a plain cache; its slots stay, and grow as before
// (KVCache.to_quantized and QuantizedKVCache). The report is whether it did.
func (l *mlxLayer) quantise(p MLXParams) bool {
	if l.packed || !l.packable {
		return false
	}
	l.packed = true
	l.keyBytes, l.valueBytes = l.row(l.keyDim, p), l.row(l.valueDim, p)
	return true
}

// row is one slot's row of packed words, and a scale and a bias for each group,
// which keep the type of the keys.
func (l *mlxLayer) row(dim int64, p MLXParams) int64 {
	return l.heads * (dim*int64(p.KVBits)/8 + 2*(dim/int64(p.KVGroupSize))*l.elementBytes)
}
