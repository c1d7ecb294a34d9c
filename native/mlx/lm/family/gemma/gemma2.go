// Package gemma builds the networks of Gemma's model types, in one file for each module
// of mlx-lm's, which registers itself. It must not know of sessions.
package gemma

import (
	"math"

	"assay/native/mlx"
	"assay/native/mlx/lm/block"
	"assay/native/mlx/lm/cache"
	"assay/native/mlx/lm/family"
)

func init() { family.Register(gemma2, "gemma2") }

// gemma2 is mlx_lm/models/gemma2.py: plain caches on every layer, although half
// of them see a window only, and attention without the fused kernel.
func gemma2(b *block.Builder) *block.Network {
	d := block.Dims{
		Hidden:  b.Integer("hidden_size"),
		Layers:  b.Integer("num_hidden_layers"),
		Vocab:   b.Integer("vocab_size"),
		Heads:   b.Integer("num_attention_heads"),
		KVHeads: b.Integer("num_key_value_heads"),
		HeadDim: b.Integer("head_dim"),
		Eps:     b.Float("rms_norm_eps"),
	}
	b.CheckHeads(d)
	intermediate := b.Integer("intermediate_size")
	rope := block.PlainRope(d.HeadDim, d.HeadDim, b.Float("rope_theta", 10000), b.Boolean("rope_traditional", false))
	scale := 1 / math.Sqrt(b.Float("query_pre_attn_scalar", 144))
	softcap := b.Float("attn_logit_softcapping", 50)

	n := b.Base(d, true)
	n.Finish = capped(b.Float("final_logit_softcapping", 30))
	n.Masks = []cache.MaskRule{{AsArray: true}}
	for i := range d.Layers {
		path := block.LayerPath(i)
		a := b.Attention(path+".self_attn", d, block.AttentionOptions{Scale: scale, Rope: rope})
		a.Softcap = softcap
		n.Caches[i].Unquantisable = "mlx-lm's gemma2 does not read one"
		n.Layers = append(n.Layers, b.Sandwich(path, d, a, intermediate, block.PlainSum))
	}
	n.Norm = b.GemmaNorm("model.norm", d.Hidden, d.Eps)
	if w := n.EmbedType(b); b.Usable() {
		n.Scale = b.Own(b.S.Scalar(math.Sqrt(float64(d.Hidden)), w))
	}
	return n
}

// capped bounds logits to a range, as gemma2 does it in steps.
func capped(to float64) func(s *mlx.Scope, logits mlx.Array) mlx.Array {
	return func(s *mlx.Scope, logits mlx.Array) mlx.Array {
		limit := s.Scalar(to, s.Type(logits))
		return s.Multiply(s.Tanh(s.Divide(logits, limit)), limit)
	}
}
