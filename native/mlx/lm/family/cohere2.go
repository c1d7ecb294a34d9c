package family

import (
	"assay/native/mlx"
	"assay/native/mlx/lm/block"
	"assay/native/mlx/lm/cache"
	"assay/native/mlx/lm/folder"
)

func init() { Register(cohere2, "cohere2") }

// cohere2 is mlx_lm/models/cohere2.py: attention and feed-forward read the same
// norm, a layer norm; layers without a window do not turn.
func cohere2(b *block.Builder) *block.Network {
	d := block.Dims{
		Hidden:  b.Integer("hidden_size", 4096),
		Layers:  b.Integer("num_hidden_layers", 32),
		Vocab:   b.Integer("vocab_size", 256000),
		Heads:   b.Integer("num_attention_heads", 32),
		KVHeads: b.Integer("num_key_value_heads", 8),
		HeadDim: b.Integer("head_dim", 128),
		Eps:     b.Float("layer_norm_eps", 1e-5),
	}
	b.CheckHeads(d)
	if d.Heads*d.HeadDim != d.Hidden {
		b.Note("%d heads of %d do not fill hidden_size %d, as mlx-lm's cohere2 wants", d.Heads, d.HeadDim, d.Hidden)
	}
	bias, normBias := b.Boolean("attention_bias", false), b.Boolean("layer_norm_bias", false)
	intermediate, window := b.Integer("intermediate_size", 14336), b.Integer("sliding_window", 4096)
	pattern, scale := b.Integer("sliding_window_pattern", 4), b.Float("logit_scale", 0.0625)
	if d.Layers < pattern {
		b.Note("num_hidden_layers %d is less than sliding_window_pattern %d, which mlx-lm's cohere2 cannot run", d.Layers, pattern)
		return nil
	}
	rope := block.PlainRope(d.HeadDim, d.HeadDim, b.Float("rope_theta", 50000), true)
	types := TypesBy(d.Layers, pattern)
	n := b.Base(d, true)
	for i := range d.Layers {
		path := block.LayerPath(i)
		a := b.Attention(path+".self_attn", d, block.AttentionOptions{Bias: bias, OutBias: bias, Rope: rope})
		if a.Wide = true; types[i] == folder.FullAttention {
			a.Rope = nil
		}
		n.Layers = append(n.Layers, &cohere2Layer{
			attention: a,
			mlp:       b.MLP(path+".mlp", d.Hidden, intermediate, false, block.SwigluGate),
			norm:      b.LayerNorm(path+".input_layernorm", d.Hidden, d.Eps, normBias),
		})
	}
	n.Norm = b.LayerNorm("model.norm", d.Hidden, d.Eps, normBias)
	n.Sliding(types, window)
	n.Finish = func(s *mlx.Scope, logits mlx.Array) mlx.Array { return Times(s, logits, scale) }
	return n
}

// cohere2Layer is TransformerBlock.
type cohere2Layer struct {
	attention *block.Attention
	mlp       *block.MLP
	norm      *block.Norm
}

func (l *cohere2Layer) Forward(st *cache.Step, x mlx.Array, mask mlx.Mask, c cache.Cache) mlx.Array {
	s := st.S
	h := l.norm.Forward(s, x)
	return s.Add(s.Add(l.attention.Forward(st, h, mask, c), l.mlp.Forward(st, h)), x)
}
