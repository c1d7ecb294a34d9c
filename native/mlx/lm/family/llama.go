package family

import (
	"slices"

	"assay/native/mlx/lm/block"
	"assay/native/mlx/lm/folder"
)

func init() { Register(llama, "llama", "mistral", "iquestcoder", "xverse") }

// llama is mlx_lm/models/llama.py, which runs what MODEL_REMAPPING of
// mlx_lm/utils.py names beside it.
func llama(b *block.Builder) *block.Network {
	d := block.Dims{
		Hidden: b.Integer("hidden_size"),
		Layers: b.Integer("num_hidden_layers"),
		Vocab:  b.Integer("vocab_size"),
		Heads:  b.Integer("num_attention_heads"),
		Eps:    b.Float("rms_norm_eps"),
	}
	d.KVHeads = b.Integer("num_key_value_heads", d.Heads)
	d.HeadDim = b.Integer("head_dim", d.Hidden/d.Heads)
	b.CheckHeads(d)
	intermediate := b.Integer("intermediate_size")
	bias, mlpBias := b.Boolean("attention_bias", false), b.Boolean("mlp_bias", false)
	rope := b.Rope(block.RopeOptions{Scaling: b.Scaling(),
		Dims: d.HeadDim, HeadDim: d.HeadDim,
		Base: b.Float("rope_theta", 10000), Traditional: b.Boolean("rope_traditional", false),
	})
	types := b.LayerTypes(d.Layers, slices.Repeat([]string{folder.FullAttention}, d.Layers))
	if !slices.Contains(types, folder.FullAttention) {
		b.Note("layer_types has no %s, which mlx-lm's llama needs", folder.FullAttention)
	}
	tied := b.Boolean("tie_word_embeddings", true)
	b.Ignore("self_attn.rotary_emb.inv_freq")
	if tied {
		b.Ignore("lm_head.weight")
	}

	n := b.Base(d, tied)
	for i := range d.Layers {
		path := block.LayerPath(i)
		a := b.Attention(path+".self_attn", d, block.AttentionOptions{Bias: bias, OutBias: bias, Rope: rope})
		n.Layers = append(n.Layers, b.PreNorm(path, d, a, b.MLP(path+".mlp", d.Hidden, intermediate, mlpBias, block.SwigluGate)))
	}
	n.Batches = true
	n.Norm = b.Norm("model.norm", d.Hidden, d.Eps)
	n.ChoosesCaches = true
	if slices.Contains(types, folder.SlidingAttention) {
		n.Sliding(types, b.Integer("sliding_window"))
	}
	return n
}
