package family

import (
	"assay/native/mlx"
	"assay/native/mlx/lm/block"
	"assay/native/mlx/lm/cache"
	"assay/native/mlx/lm/recurrence"
)

func init() { Register(graniteMoEHybrid, "granitemoehybrid") }

// graniteMoEHybrid is mlx_lm/models/granitemoehybrid.py: Mamba-2 and attention,
// with multipliers on embeddings, branches and logits.
func graniteMoEHybrid(b *block.Builder) *block.Network {
	if nested := b.Part("rope_parameters"); nested != nil && nested.Has("rope_theta") {
		b.Fields["rope_theta"] = nested.Float("rope_theta")
	}
	d := b.SquareDims()
	types := b.Texts("layer_types")
	if len(types) != d.Layers {
		b.Note("layer_types has %d entries for %d layers", len(types), d.Layers)
		return nil
	}
	attends := func(layer int) bool { return types[layer] == "attention" }
	o := block.AttentionOptions{Bias: b.Boolean("attention_bias"), OutBias: b.Boolean("attention_bias"),
		Scale: b.Float("attention_multiplier")}
	if b.Text("position_embedding_type", "rope") != "nope" {
		o.Rope = block.PlainRope(d.HeadDim, d.HeadDim, b.Float("rope_theta", 10000), false)
	}
	residual, divisor := b.Float("residual_multiplier"), b.Float("logits_scaling")
	feedForward := graniteFeedForward(b, d)
	n := b.Base(d, tied(b, true))
	for i, kind := range types {
		path := block.LayerPath(i)
		l := &graniteLayer{residual: residual}
		switch kind {
		case "attention":
			l.mixer = b.Attention(path+".self_attn", d, o)
		case "mamba":
			l.mixer = graniteMamba(b, path+".mamba", d)
		default:
			b.Note("layer_types has %s in it (known: attention, mamba)", kind)
		}
		l.inputNorm = b.Norm(path+".input_layernorm", d.Hidden, d.Eps)
		l.ffNorm = b.Norm(path+".post_attention_layernorm", d.Hidden, d.Eps)
		l.feedForward = feedForward(path)
		n.Layers = append(n.Layers, l)
	}
	n.Norm = b.Norm("model.norm", d.Hidden, d.Eps)
	n.Recurrent(attends)
	OwnScale(b, n, b.Float("embedding_multiplier"))
	n.Finish = func(s *mlx.Scope, logits mlx.Array) mlx.Array {
		return s.Divide(logits, s.Scalar(divisor, s.Type(logits)))
	}
	return n
}

// graniteMamba takes a mixer whose norm follows the gate.
func graniteMamba(b *block.Builder, path string, d block.Dims) *recurrence.SSM {
	z := recurrence.SSMSizes{
		Heads: b.Integer("mamba_n_heads"), HeadDim: b.Integer("mamba_d_head"), Groups: b.Integer("mamba_n_groups"),
		State: b.Integer("mamba_d_state"), Kernel: b.Integer("mamba_d_conv"), Hidden: d.Hidden,
	}
	low, high := stepLimits(b, 0.001, 100)
	norm := b.Norm(path+".norm", z.Inner(), d.Eps)
	return recurrence.NewSSM(b, path, z, recurrence.SSMOptions{
		ProjectionBias: b.Boolean("mamba_proj_bias", false), ConvBias: b.Boolean("mamba_conv_bias", false), Low: low, High: high,
		Norm: func(s *mlx.Scope, y, gate mlx.Array) mlx.Array { return norm.Forward(s, block.SwigluGate(s, gate, y)) },
	})
}

// stepLimits reads time_step_limit.
func stepLimits(b *block.Builder, low, high float64) (float64, float64) {
	if !b.Has("time_step_limit") {
		return low, high
	}
	limits := b.Numbers("time_step_limit")
	if len(limits) != 2 {
		b.Note("time_step_limit has %d numbers, not 2", len(limits))
		return low, high
	}
	return limits[0], limits[1]
}

// graniteFeedForward returns what takes a layer's feed-forward: experts beside a
// shared one, or a dense one where there are none.
func graniteFeedForward(b *block.Builder, d block.Dims) func(path string) block.FeedForward {
	width := b.Integer("intermediate_size")
	all := b.Count("num_local_experts", 0)
	if all == 0 {
		bias := b.Boolean("mlp_bias", false)
		return func(path string) block.FeedForward {
			return b.MLP(path+".mlp", d.Hidden, width, bias, block.SwigluGate)
		}
	}
	chosen, shared := b.Integer("num_experts_per_tok"), b.Integer("shared_intermediate_size")
	return func(path string) block.FeedForward {
		at := path + ".block_sparse_moe"
		return &graniteExperts{
			shared: &fusedMLP{
				gateUp: b.Linear(path+".shared_mlp.input_linear", 2*shared, d.Hidden, false),
				down:   b.Linear(path+".shared_mlp.output_linear", d.Hidden, shared, false),
				width:  shared,
			},
			experts: b.SwitchGLU(at+".switch_mlp", block.ExpertOptions{
				All: all, Chosen: chosen, Hidden: d.Hidden, Width: width, Combine: block.SwigluGate,
				Joined: at + ".input_linear.weight", Down: at + ".output_linear.weight",
			}),
			router: b.Linear(at+".router.layer", all, d.Hidden, false),
			all:    all,
		}
	}
}

// graniteLayer is GraniteMoeHybridLayer.
type graniteLayer struct {
	mixer             block.Mixer
	feedForward       block.FeedForward
	inputNorm, ffNorm *block.Norm
	residual          float64
}

func (l *graniteLayer) Forward(st *cache.Step, x mlx.Array, mask mlx.Mask, c cache.Cache) mlx.Array {
	s := st.S
	x = s.Add(x, Times(s, l.mixer.Forward(st, l.inputNorm.Forward(s, x), mask, c), l.residual))
	return s.Add(x, Times(s, l.feedForward.Forward(st, l.ffNorm.Forward(s, x)), l.residual))
}

// graniteExperts is GraniteMoeHybridMoE with the shared expert.
type graniteExperts struct {
	router  *block.Linear
	experts *block.SwitchGLU
	shared  *fusedMLP
	all     int
}

func (m *graniteExperts) Forward(st *cache.Step, x mlx.Array) mlx.Array {
	s := st.S
	logits := m.router.Forward(s, x)
	indices := block.LastChosen(st, s.ArgPartition(logits, -m.experts.Chosen), m.all, m.experts.Chosen)
	weights := s.Softmax(s.TakeAlong(logits, indices))
	return s.Add(block.Weighted(s, m.experts.Forward(st, x, indices), weights), m.shared.Forward(st, x))
}
