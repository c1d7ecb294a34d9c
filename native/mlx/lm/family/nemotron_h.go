package family

import (
	"fmt"
	"math"
	"strings"

	"assay/native/mlx"
	"assay/native/mlx/lm/block"
	"assay/native/mlx/lm/cache"
	"assay/native/mlx/lm/recurrence"
)

func init() { Register(nemotronH, "nemotron_h") }

// nemotronH is mlx_lm/models/nemotron_h.py: one norm and one mixer a block, which
// is Mamba-2 (M), attention (*), a feed-forward (-) or experts (E).
func nemotronH(b *block.Builder) *block.Network {
	pattern := nemotronPattern(b)
	d := block.Dims{
		Hidden: b.Integer("hidden_size"), Layers: len(pattern), Vocab: b.Integer("vocab_size"),
		Heads: b.Integer("num_attention_heads"), KVHeads: b.Integer("num_key_value_heads"),
		Eps: b.Float("layer_norm_epsilon"),
	}
	d.HeadDim = b.Integer("head_dim", max(1, d.Hidden/d.Heads))
	b.CheckHeads(d)
	b.Ignore("mtp.")
	take := nemotronMixers(b, d)
	n := &block.Network{
		Embed: b.Embedding("backbone.embeddings", d.Vocab, d.Hidden, false),
		Head:  b.Linear("lm_head", d.Vocab, d.Hidden, false), Vocab: d.Vocab, ChoosesCaches: true,
	}
	for i, kind := range pattern {
		path, place := fmt.Sprintf("backbone.layers.%d", i), block.Place{Cache: block.None, Mask: block.None}
		if kind == "*" && len(n.Masks) == 0 {
			n.Masks = []cache.MaskRule{{From: len(n.Caches)}}
		}
		switch kind {
		case "*":
			place = block.Place{Cache: len(n.Caches)}
			n.Caches = append(n.Caches, cache.Rule{Layer: i, Shape: d.Cached()})
		case "M":
			place.Cache = len(n.Caches)
			n.Caches = append(n.Caches, cache.Rule{Layer: i, State: true})
		}
		n.Of = append(n.Of, place)
		n.Layers = append(n.Layers, &nemotronBlock{mixer: take(path+".mixer", kind), norm: b.Norm(path+".norm", d.Hidden, d.Eps)})
	}
	n.Norm = b.Norm("backbone.norm_f", d.Hidden, d.Eps)
	return n
}

// nemotronKinds are the words of layers_block_type.
var nemotronKinds = map[string]string{
	"full_attention": "*", "linear_attention": "M", "moe": "E", "mlp": "-", "attention": "*", "mamba": "M", "conv": "M",
}

// nemotronPattern reads a letter for each block.
func nemotronPattern(b *block.Builder) []string {
	if text, ok := b.Fields["hybrid_override_pattern"].(string); ok {
		return strings.Split(text, "")
	}
	if b.Has("hybrid_override_pattern") {
		return b.Texts("hybrid_override_pattern")
	}
	for _, name := range []string{"layers_block_type", "layer_types"} {
		if !b.Has(name) {
			continue
		}
		var pattern []string
		for _, word := range b.Texts(name) {
			kind, known := nemotronKinds[word]
			if !known {
				b.Note("%s has %s in it, which mlx-lm's nemotron_h does not know", name, word)
			}
			pattern = append(pattern, kind)
		}
		return pattern
	}
	b.Note("hybrid_override_pattern and layers_block_type are missing")
	return nil
}

// nemotronMixers returns what takes the mixer of a block at a path.
func nemotronMixers(b *block.Builder, d block.Dims) func(path, kind string) block.Mixer {
	bias, mlpBias := b.Boolean("attention_bias"), b.Boolean("mlp_bias")
	return func(path, kind string) block.Mixer {
		switch kind {
		case "M":
			return nemotronMamba(b, path, d)
		case "*":
			return b.Attention(path, d, block.AttentionOptions{Bias: bias, OutBias: bias})
		case "-":
			return alone{squaredMLP(b, path, [2]int{d.Hidden, b.Integer("intermediate_size")}, mlpBias)}
		case "E":
			return alone{nemotronExperts(b, path, d.Hidden, mlpBias)}
		}
		b.Note("hybrid_override_pattern has %q in it (known: M, *, -, E)", kind)
		return nil
	}
}

// nemotronMamba takes a mixer whose norm, in groups, follows the gate.
func nemotronMamba(b *block.Builder, path string, d block.Dims) *recurrence.SSM {
	z := recurrence.SSMSizes{
		Heads: b.Integer("mamba_num_heads"), HeadDim: b.Integer("mamba_head_dim"), Groups: b.Integer("n_groups"),
		State: b.Integer("ssm_state_size"), Kernel: b.Integer("conv_kernel"), Hidden: d.Hidden,
	}
	low, high := stepLimits(b, 0, math.Inf(1))
	weight, plain := b.Vector(path+".norm.weight", z.Inner()), block.Unweighted(d.Eps)
	return recurrence.NewSSM(b, path, z, recurrence.SSMOptions{
		ProjectionBias: b.Boolean("mamba_proj_bias"), ConvBias: b.Boolean("use_conv_bias"), Low: low, High: high,
		Norm: func(s *mlx.Scope, y, gate mlx.Array) mlx.Array {
			y = s.Unflatten(block.SwigluGate(s, gate, y), -1, z.Groups, -1)
			return s.Multiply(weight, s.Flatten(plain.Forward(s, y), -2, -1))
		},
	})
}

// nemotronExperts takes experts, in a latent of their own where the model has one.
func nemotronExperts(b *block.Builder, path string, hidden int, bias bool) block.FeedForward {
	all, chosen := b.Experts("n_routed_experts")
	inside := b.Count("moe_latent_size", 0)
	width := inside
	if inside == 0 {
		width = hidden
	}
	m := &block.Routed{
		Routing: block.Routing{
			Chosen: chosen, Groups: b.Integer("n_group"), KeptGroups: b.Integer("topk_group"),
			Normalise: b.Boolean("norm_topk_prob"), Epsilon: 1e-20, Scale: b.Float("routed_scaling_factor"),
		},
		Gate: b.Bare(path+".gate", all, hidden),
		Bias: b.Vector(path+".gate.e_score_correction_bias", all),
		Experts: b.SwitchMLP(path+".switch_mlp", block.ExpertOptions{
			All: all, Chosen: chosen, Hidden: width, Width: b.Integer("moe_intermediate_size"),
			Names: block.ExpertNames{"fc1": path + ".experts.%d.up_proj", "fc2": path + ".experts.%d.down_proj"},
		}, block.Relu2),
	}
	if b.Count("n_shared_experts", 0) > 0 {
		m.Shared = squaredMLP(b, path+".shared_experts", [2]int{hidden, b.Integer("moe_shared_expert_intermediate_size")}, bias)
	}
	if inside > 0 {
		m.Into = b.Linear(path+".fc1_latent_proj", inside, hidden, bias)
		m.Out = b.Linear(path+".fc2_latent_proj", hidden, inside, bias)
	}
	return m
}

// nemotronBlock is NemotronHBlock.
type nemotronBlock struct {
	mixer block.Mixer
	norm  *block.Norm
}

func (l *nemotronBlock) Forward(st *cache.Step, x mlx.Array, mask mlx.Mask, c cache.Cache) mlx.Array {
	return st.S.Add(x, l.mixer.Forward(st, l.norm.Forward(st.S, x), mask, c))
}

// alone is a feed-forward in a mixer's place.
type alone struct{ block.FeedForward }

func (a alone) Forward(st *cache.Step, x mlx.Array, _ mlx.Mask, _ cache.Cache) mlx.Array {
	return a.FeedForward.Forward(st, x)
}

// relu2MLP is NemotronHMLP.
type relu2MLP struct{ up, down *block.Linear }

func squaredMLP(b *block.Builder, path string, size [2]int, bias bool) *relu2MLP {
	return &relu2MLP{
		up:   b.Linear(path+".up_proj", size[1], size[0], bias),
		down: b.Linear(path+".down_proj", size[0], size[1], bias),
	}
}

func (m *relu2MLP) Forward(st *cache.Step, x mlx.Array) mlx.Array {
	return m.down.Forward(st.S, st.S.Call(block.Relu2, m.up.Forward(st.S, x)))
}
