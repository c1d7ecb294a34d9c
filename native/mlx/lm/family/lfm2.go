package family

import (
	"slices"

	"assay/native/mlx"
	"assay/native/mlx/lm/block"
	"assay/native/mlx/lm/cache"
	"assay/native/mlx/lm/folder"
	"assay/native/mlx/lm/recurrence"
)

func init() {
	Register(lfm2, "lfm2")
	Register(lfm2MoE, "lfm2_moe")
}

// lfm2 is mlx_lm/models/lfm2.py: short convolutions, and attention on some layers.
func lfm2(b *block.Builder) *block.Network {
	b.Default("block_ff_dim", b.Integer("intermediate_size", b.Integer("block_ff_dim", 1)))
	hidden := b.Integer("block_dim", b.Integer("hidden_size"))
	width := b.Integer("block_ff_dim")
	if b.Boolean("block_auto_adjust_ff_dim") {
		width = int(2 * float64(width) / 3)
		if b.Has("block_ffn_dim_multiplier") {
			width = int(b.Float("block_ffn_dim_multiplier") * float64(width))
		}
		multiple := b.Integer("block_multiple_of")
		width = multiple * ((width + multiple - 1) / multiple)
	}
	return lfm2Layers(b, func(path string, _ int) block.FeedForward {
		return b.MLPNamed([3]string{path + ".w1", path + ".w3", path + ".w2"}, hidden, width, block.SwigluGate)
	})
}

// lfm2MoE is mlx_lm/models/lfm2_moe.py (routed by sigmoids from 0.32 on).
func lfm2MoE(b *block.Builder) *block.Network {
	hidden, width := b.Integer("hidden_size"), b.Integer("moe_intermediate_size")
	dense, intermediate := b.Count("num_dense_layers"), b.Integer("intermediate_size")
	experts, chosen := b.Experts("num_experts")
	return lfm2Layers(b, func(path string, layer int) block.FeedForward {
		if layer < dense {
			return b.MLP(path, hidden, intermediate, false, block.SwigluGate)
		}
		m := &lfm2Experts{
			gate: b.Linear(path+".gate", experts, hidden, false),
			experts: b.SwitchGLU(path+".switch_mlp", block.ExpertOptions{
				All: experts, Chosen: chosen, Hidden: hidden, Width: width, Combine: block.SwigluGate,
				Names: block.PerExpert(path+".experts", "w1", "w3", "w2"),
			}),
			all: experts, normalise: b.Boolean("norm_topk_prob"), scale: b.Float("routed_scaling_factor", 1),
		}
		if b.Boolean("use_expert_bias") {
			m.bias = b.Vector(path+".expert_bias", experts)
		}
		return m
	})
}

// lfm2Layers builds what both have in common; the head is the embedding always.
func lfm2Layers(b *block.Builder, feedForward func(path string, layer int) block.FeedForward) *block.Network {
	b.Default("rms_norm_eps", b.Float("norm_eps"))
	if nested := b.Part("rope_parameters"); nested != nil && nested.Has("rope_theta") {
		b.Fields["rope_theta"] = nested.Float("rope_theta")
	}
	d := b.SquareDims()
	rope := block.PlainRope(d.HeadDim, d.HeadDim, b.Float("rope_theta", 1e6), false)
	attends := lfm2Attends(b, d.Layers)
	short := recurrence.ConvOptions{Width: d.Hidden, Kernel: b.Integer("conv_L_cache"), Bias: b.Boolean("conv_bias")}
	n := b.Base(d, true)
	for i := range d.Layers {
		path := block.LayerPath(i)
		var mixer block.Mixer
		if attends(i) {
			mixer = lfm2Attention(b, path+".self_attn", d, rope)
		} else {
			mixer = recurrence.NewShort(b, path+".conv", short)
		}
		n.Layers = append(n.Layers, &block.PreNorm{
			Mixer: mixer, FeedForward: feedForward(path+".feed_forward", i),
			InputNorm: b.Norm(path+".operator_norm", d.Hidden, d.Eps),
			FFNorm:    b.Norm(path+".ffn_norm", d.Hidden, d.Eps),
		})
	}
	n.Norm = b.Norm("model.embedding_norm", d.Hidden, d.Eps)
	n.Recurrent(attends)
	return n
}

// lfm2Attends tells the layers that attend, by full_attn_idxs or layer_types.
func lfm2Attends(b *block.Builder, layers int) func(layer int) bool {
	if b.Has("full_attn_idxs") {
		at := b.Floats("full_attn_idxs")
		return func(layer int) bool { return slices.Contains(at, float32(layer)) }
	}
	types := b.Texts("layer_types")
	if len(types) != layers {
		b.Note("layer_types has %d entries for %d layers", len(types), layers)
	}
	return func(layer int) bool { return layer < len(types) && types[layer] == folder.FullAttention }
}

func lfm2Attention(b *block.Builder, path string, d block.Dims, rope *block.Rotary) *block.Attention {
	return &block.Attention{
		Shape: d.Cached(), QueryHeads: d.Heads, Scale: block.InverseRoot(float64(d.HeadDim)), Rope: rope,
		QNorm: b.Norm(path+".q_layernorm", d.HeadDim, d.Eps),
		KNorm: b.Norm(path+".k_layernorm", d.HeadDim, d.Eps),
		Q:     b.Linear(path+".q_proj", d.Heads*d.HeadDim, d.Hidden, false),
		K:     b.Linear(path+".k_proj", d.KVHeads*d.HeadDim, d.Hidden, false),
		V:     b.Linear(path+".v_proj", d.KVHeads*d.HeadDim, d.Hidden, false),
		O:     b.Linear(path+".out_proj", d.Hidden, d.Heads*d.HeadDim, false),
	}
}

// lfm2Experts is Lfm2MoeSparseMoeBlock.
type lfm2Experts struct {
	gate      *block.Linear
	experts   *block.SwitchGLU
	bias      mlx.Array
	all       int
	normalise bool
	scale     float64
}

func (m *lfm2Experts) Forward(st *cache.Step, x mlx.Array) mlx.Array {
	s := st.S
	weights := s.Sigmoid(m.gate.Forward(s, x))
	scores := weights
	if m.bias.Valid() {
		scores = s.Add(s.AsType(weights, mlx.Float32), m.bias)
	}
	indices := block.LastChosen(st, s.ArgPartition(scores, -m.experts.Chosen), m.all, m.experts.Chosen)
	weights = s.TakeAlong(weights, indices)
	if m.normalise {
		sum := s.Sum(weights, -1, true)
		weights = s.Divide(weights, s.Add(sum, s.Scalar(1e-6, s.Type(sum))))
	}
	weights = s.AsType(Times(s, weights, m.scale), s.Type(x))
	return block.Weighted(s, m.experts.Forward(st, x, indices), weights)
}
