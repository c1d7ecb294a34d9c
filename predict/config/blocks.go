package config

import (
	"fmt"
	"math"

	"assay/predict/arch"
)

// blocks are what block_configs says of each layer, nil where the key is absent:
// models found by a search over architectures (nemotron-nas; DeciLMConfig and
// block_config.py beside the published weights, mlx_lm/models/nemotron-nas.py).
func (r *Reader) blocks(hidden int64, n int) []arch.Layer {
	v, ok := r.Keys["block_configs"]
	list, _ := v.Data.([]any)
	if !ok || list == nil {
		return nil
	}
	if len(list) != n {
		r.Fail(v.Path, "has %d entries for %d layers; give one per layer", len(list), n)
		return nil
	}
	r.Note("mixers", arch.FromFile, "%s of %s", v.Path, r.File)
	r.Note("attention.kv_heads", arch.FromFile, "n_heads_in_group of %s", v.Path)
	r.Note("feed_forward.intermediate", arch.FromComputed, "2/3 × ffn_mult × hidden, up to a multiple of 256, of %s", v.Path)
	heads := r.Integer("attention.heads")
	bias, qkNorm, sinks := r.attentionExtras()
	proto := arch.Attention{Heads: heads, Bias: bias, QKNorm: qkNorm, Sinks: sinks, KeyDim: r.HeadDim(hidden, heads)}
	proto.ValueDim = proto.KeyDim
	gated := r.gated()
	layers := make([]arch.Layer, n)
	for i, data := range list {
		block, _ := data.(map[string]any)
		at := fmt.Sprintf("%s[%d]", v.Path, i)
		layers[i].Attention = r.blockAttention(proto, block, at)
		layers[i].FeedForward = r.blockFeedForward(hidden, gated, block, at)
	}
	return layers
}

// part is one half of a block; nil where the block has none. A matrix in its
// place keeps nothing, and is named.
func (r *Reader) part(block map[string]any, name, at string) map[string]any {
	part, _ := block[name].(map[string]any)
	if linear, _ := part["replace_with_linear"].(bool); linear {
		r.also = append(r.also, fmt.Sprintf("%s.%s: a matrix stands in its place, which is not counted", at, name))
		return nil
	}
	if none, _ := part["no_op"].(bool); none || part == nil {
		return nil
	}
	return part
}

func (r *Reader) blockAttention(proto arch.Attention, block map[string]any, at string) *arch.Attention {
	part := r.part(block, "attention", at)
	if part == nil {
		return nil
	}
	if kv, ok := AsInteger(part["num_key_value_heads"]); ok {
		proto.KVHeads = kv
		return &proto
	}
	group, ok := AsInteger(part["n_heads_in_group"])
	if !ok || group <= 0 || proto.Heads%group != 0 {
		r.Fail(at+".attention.n_heads_in_group", "%s does not divide %d query heads; correct the key",
			Show(part["n_heads_in_group"]), proto.Heads)
		return nil
	}
	proto.KVHeads = proto.Heads / group
	return &proto
}

func (r *Reader) blockFeedForward(hidden int64, gated bool, block map[string]any, at string) *arch.FeedForward {
	part := r.part(block, "ffn", at)
	if part == nil {
		return nil
	}
	if width, ok := AsInteger(part["intermediate_size"]); ok && width > 0 && width <= MaxWidth {
		return &arch.FeedForward{Intermediate: width, Gated: gated}
	}
	mult, ok := asFloat(part["ffn_mult"])
	width := math.Trunc(2 * math.Round(mult*1e6) / 1e6 * float64(hidden) / 3) // rounded as mlx-lm does
	if !ok || width < 1 || width > MaxWidth {
		r.Fail(at+".ffn.ffn_mult", "%s makes no width; correct the key", Show(part["ffn_mult"]))
		return nil
	}
	const multiple = 256
	return &arch.FeedForward{Intermediate: (int64(width) + multiple - 1) / multiple * multiple, Gated: gated}
}
