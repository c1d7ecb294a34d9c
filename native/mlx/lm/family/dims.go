package family

import (
	"slices"
	"strings"

	"assay/native/mlx"
	"assay/native/mlx/lm/block"
	"assay/native/mlx/lm/folder"
)

// HeadedDims reads the dimensions of a model whose heads may have a width of
// their own; as many heads share keys as there are, unless it says otherwise.
func HeadedDims(b *block.Builder) block.Dims {
	d := block.Dims{
		Hidden: b.Integer("hidden_size"),
		Layers: b.Integer("num_hidden_layers"),
		Vocab:  b.Integer("vocab_size"),
		Heads:  b.Integer("num_attention_heads"),
		Eps:    b.Float("rms_norm_eps"),
	}
	d.KVHeads = b.Integer("num_key_value_heads", d.Heads)
	d.HeadDim = b.Integer("head_dim", max(1, d.Hidden/d.Heads))
	b.CheckHeads(d)
	return d
}

// tied reads tie_word_embeddings, and leaves out a head that is stored all the same.
func tied(b *block.Builder, fallback ...bool) bool {
	tied := b.Boolean("tie_word_embeddings", fallback...)
	if tied {
		b.Ignore("lm_head.weight")
	}
	return tied
}

// Inner reads a model's text_config, under whose name's prefix its tensors lie,
// and calls build with it. A configuration without one is its own.
func Inner(b *block.Builder, prefix string, build func(b *block.Builder) *block.Network) *block.Network {
	outer := b.Config
	if !outer.Has("text_config") {
		b.Prefix = prefix
		return build(b)
	}
	text := outer.Section("text_config")
	defer func() { outer.Problems, b.Config = append(outer.Problems, text.Problems...), outer }()
	if text.Fields == nil {
		return nil
	}
	b.Config, b.Prefix = text, prefix
	return build(b)
}

// Seen are the parts of models that see or hear, which mlx-lm leaves out.
func Seen() []string {
	return []string{
		"vision_tower", "multi_modal_projector", "audio_tower", "embed_audio", "embed_vision", "vision_embedder", "vision_model", "visual.",
	}
}

// textOnly renames tensors as wrappers around text models do: those that see are
// dropped, and "model.language_model." and no prefix at all become prefix.
func textOnly(b *block.Builder) {
	b.Rename(func(name string) string {
		bare := strings.TrimPrefix(name, "model.")
		if slices.ContainsFunc(Seen(), func(part string) bool { return strings.HasPrefix(bare, part) }) {
			return ""
		}
		switch {
		case strings.HasPrefix(name, "model.language_model."):
			return "language_model.model." + strings.TrimPrefix(name, "model.language_model.")
		case strings.HasPrefix(name, "language_model."):
			return name
		}
		return "language_model." + name
	})
}

// OwnScale keeps the number that embeddings are multiplied with.
func OwnScale(b *block.Builder, n *block.Network, number float64) {
	if t := n.EmbedType(b); b.Usable() {
		n.Scale = b.Own(b.S.Scalar(number, t))
	}
}

// Times multiplies by a number in the array's own type.
func Times(s *mlx.Scope, x mlx.Array, number float64) mlx.Array {
	return s.Multiply(x, s.Scalar(number, s.Type(x)))
}

// FirstOf returns the first layer of a kind, and whether there is one.
func FirstOf(types []string, kind string) (int, bool) {
	at := slices.Index(types, kind)
	return max(at, 0), at >= 0
}

// TypesBy makes layer types where config.json has none: full every period-th.
func TypesBy(layers, period int) []string {
	types := make([]string, layers)
	for i := range types {
		types[i] = folder.SlidingAttention
		if (i+1)%period == 0 {
			types[i] = folder.FullAttention
		}
	}
	return types
}
