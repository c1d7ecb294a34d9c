package family

import (
	"fmt"
	"strings"

	"assay/native/mlx/lm/block"
	"assay/native/mlx/lm/cache"
)

func init() {
	Register(deepseekV3, "deepseek_v3", "kimi_k2", "joyai_llm_flash")
	Register(glm4MoELite, "glm4_moe_lite")
}

// latentDefaults are what a model type takes where config.json has no such key.
type latentDefaults struct {
	sizes      block.LatentSizes
	experts    int // 0: dense unless it has some
	dense      int
	base, eps  float64
	normEps    float64 // of the latents' norms; 0: rms_norm_eps
	routingEps float64
}

// deepseekV3 is mlx_lm/models/deepseek_v3.py, which runs Kimi K2 too.
func deepseekV3(b *block.Builder) *block.Network {
	return latentModel(b, latentDefaults{
		sizes: block.LatentSizes{QRank: 1536, Rank: 512, RopeDim: 64, ValueDim: 128, NopeDim: 128},
		base:  10000, eps: 1e-6, normEps: 1e-6,
	})
}

// glm4MoELite is mlx_lm/models/glm4_moe_lite.py.
func glm4MoELite(b *block.Builder) *block.Network {
	return latentModel(b, latentDefaults{
		sizes:   block.LatentSizes{QRank: 768, Rank: 512, RopeDim: 64, ValueDim: 256, NopeDim: 192},
		experts: 64, dense: 1, base: 1e6, eps: 1e-5, routingEps: 1e-20,
	})
}

func latentModel(b *block.Builder, d latentDefaults) *block.Network {
	dims := block.Dims{
		Hidden: b.Integer("hidden_size"), Layers: b.Integer("num_hidden_layers"), Vocab: b.Integer("vocab_size"),
		Eps: b.Float("rms_norm_eps", d.eps),
	}
	sizes := block.LatentSizes{
		Heads: b.Integer("num_attention_heads"), QRank: b.Count("q_lora_rank", d.sizes.QRank),
		Rank: b.Integer("kv_lora_rank", d.sizes.Rank), NopeDim: b.Integer("qk_nope_head_dim", d.sizes.NopeDim),
		RopeDim: b.Integer("qk_rope_head_dim", d.sizes.RopeDim), ValueDim: b.Integer("v_head_dim", d.sizes.ValueDim),
	}
	if b.Null("q_lora_rank") {
		sizes.QRank = 0
	}
	o := block.LatentOptions{Hidden: dims.Hidden, Bias: b.Boolean("attention_bias", false), NormEps: d.normEps, Scaling: b.Scaling()}
	if d.normEps == 0 {
		o.NormEps = dims.Eps
	}
	o.Rope = b.Rope(block.RopeOptions{
		Dims: sizes.RopeDim, HeadDim: sizes.RopeDim, Base: b.Float("rope_theta", d.base), Traditional: true, Scaling: o.Scaling,
	})
	mlp := latentFeedForward(b, dims, d)
	refuseFP8(b)
	b.Ignore("rotary_emb.inv_freq")
	b.Ignore(fmt.Sprintf("model.layers.%d.", dims.Layers)) // predicts more tokens
	n := b.Base(dims, false)
	n.Masks = []cache.MaskRule{{AsArray: true}}
	for i := range dims.Layers {
		path := block.LayerPath(i)
		n.Caches[i].Shape = sizes.Cached()
		n.Caches[i].Unquantisable = "attention over a latent does not read one"
		n.Layers = append(n.Layers, b.PreNorm(path, dims, b.Latent(path+".self_attn", sizes, o), mlp(i)))
	}
	n.Norm = b.Norm("model.norm", dims.Hidden, dims.Eps)
	return n
}

// latentFeedForward returns what takes the feed-forward of a layer: experts on
// every moe_layer_freq-th behind the first, dense ones.
func latentFeedForward(b *block.Builder, dims block.Dims, d latentDefaults) func(layer int) block.FeedForward {
	intermediate := b.Integer("intermediate_size")
	dense, every := b.Count("first_k_dense_replace", d.dense), b.Integer("moe_layer_freq", 1)
	experts := func(string) *block.Routed { return nil }
	sparse := d.experts > 0 || b.Has("n_routed_experts")
	if sparse {
		b.Default("n_routed_experts", d.experts)
		if d.experts > 0 {
			b.Default("n_shared_experts", 1)
			b.Default("routed_scaling_factor", 1.8)
			b.Default("num_experts_per_tok", 4)
		}
		experts = groupedExperts(b, dims.Hidden, d.routingEps)
	}
	return func(layer int) block.FeedForward {
		path := block.LayerPath(layer) + ".mlp"
		if sparse && layer >= dense && layer%every == 0 {
			return experts(path)
		}
		return b.MLP(path, dims.Hidden, intermediate, false, block.SwigluGate)
	}
}

// refuseFP8 refuses checkpoints of blocks of 8-bit floats.
func refuseFP8(b *block.Builder) {
	for name := range b.StoredNames() {
		if strings.HasSuffix(name, "weight_scale_inv") {
			b.Note("weights in blocks of fp8 (%s) are not supported: convert the model with mlx_lm.convert", name)
			return
		}
	}
}
