package kv

import (
	"assay/predict/arch"
	"assay/predict/gguf"
)

// smallestRotation is the size that the rotation matrices start at.
const smallestRotation = 64

// rotate fills in the cache's rotations: quantised keys and values are spread
// over their head by a Hadamard matrix, queries and results with them (attn_rot_k
// and attn_rot_v of llama_kv_cache's constructor, build_input_k_rot and
// build_input_v_rot; src/llama-kv-cache.cpp, v0.5.0). Latent attention's graph
// takes no such input.
func (l *layout) rotate(c *Cache) {
	if !l.policy.rotates || len(c.Layers) == 0 || l.attentionOf(c.Layers[0]).MLA != nil {
		return
	}
	if dim := l.rotatedDim(c, l.typeK, func(a *arch.Attention) int64 { return a.KeyDim }); dim > 0 {
		c.RotationK = dim & -dim // the largest power of two that divides it
	}
	if l.rotatedDim(c, l.typeV, func(a *arch.Attention) int64 { return a.ValueDim }) > 0 {
		c.RotationV = smallestRotation
	}
}

// rotatedDim is the head dimension that all of the cache's layers have, or 0
// where nothing is rotated.
func (l *layout) rotatedDim(c *Cache, t gguf.Type, dim func(*arch.Attention) int64) int64 {
	d := dim(l.attentionOf(c.Layers[0]))
	if !t.Quantized() || d%smallestRotation != 0 {
		return 0
	}
	for _, i := range c.Layers {
		if dim(l.attentionOf(i)) != d {
			return 0
		}
	}
	return d
}

func (l *layout) attentionOf(layer int) *arch.Attention { return l.facts.Layers[layer].Attention }
