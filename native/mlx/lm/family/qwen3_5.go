package family

import (
	"assay/native/mlx"
	"assay/native/mlx/lm/block"
	"assay/native/mlx/lm/cache"
	"assay/native/mlx/lm/recurrence"
)

func init() { Register(qwen35, "qwen3_5", "qwen3_5_moe") }

// qwen35 is mlx_lm/models/qwen3_5.py and qwen3_5_moe.py: qwen3_next's layers with
// projections of their own, in a model that sees. The parts that see are left out.
func qwen35(b *block.Builder) *block.Network {
	textOnly(b)
	b.Ignore("mtp.")
	return Inner(b, "language_model.", qwen35Text)
}

func qwen35Text(b *block.Builder) *block.Network {
	for name, number := range map[string]any{
		"hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32, "vocab_size": 151936,
		"num_key_value_heads": 8, "rms_norm_eps": 1e-6, "norm_topk_prob": true, "intermediate_size": 14336,
	} {
		b.Default(name, number)
	}
	d := HeadedDims(b)
	scaling := b.Part("rope_parameters")
	base, factor := 100000.0, 0.25
	if scaling != nil {
		base, factor = scaling.Float("rope_theta", 100000), scaling.Float("partial_rotary_factor", 0.25)
	}
	o := block.RopeOptions{Dims: int(float64(d.HeadDim) * factor), HeadDim: d.HeadDim, Base: base, Scaling: scaling}
	sparse := qwen3NextExperts(b, d.Hidden)
	refuseUnshifted(b)
	return inBatches(qwenHybrid(b, d, qwenHybridParts{
		rope: b.Rope(o),
		linear: func(path string, rule *recurrence.Delta) deltaMixer {
			return &separateDelta{
				Delta: rule,
				qkv:   b.Linear(path+".in_proj_qkv", 2*rule.Keys()+rule.Values(), d.Hidden, false),
				z:     b.Linear(path+".in_proj_z", rule.Values(), d.Hidden, false),
				b:     b.Linear(path+".in_proj_b", rule.ValueHeads, d.Hidden, false),
				a:     b.Linear(path+".in_proj_a", rule.ValueHeads, d.Hidden, false),
			}
		},
		feedForward: func(path string, _ int) block.FeedForward {
			if b.Count("num_experts", 0) > 0 {
				return sparse(path)
			}
			return b.MLP(path, d.Hidden, b.Integer("intermediate_size"), false, block.SwigluGate)
		},
	}))
}

// inBatches marks a network, where there is one, that runs several sequences at once.
func inBatches(n *block.Network) *block.Network {
	if n != nil {
		n.Batches = true
	}
	return n
}

// refuseUnshifted refuses checkpoints as Qwen publishes them, whose norms are
// stored less 1.
func refuseUnshifted(b *block.Builder) {
	if kernel := b.Integer("linear_conv_kernel_dim", 4); b.Stored("model.layers.0.linear_attn.conv1d.weight") &&
		b.Dimension("model.layers.0.linear_attn.conv1d.weight", 2) == kernel {
		b.Note("the weights are as Qwen publishes them, with norms less 1, which is not supported: convert the model with mlx_lm.convert")
	}
}

// separateDelta is GatedDeltaNet's projections.
type separateDelta struct {
	*recurrence.Delta
	qkv, z, b, a *block.Linear
}

func (l *separateDelta) rule() *recurrence.Delta { return l.Delta }

func (l *separateDelta) project(st *cache.Step, x mlx.Array) recurrence.DeltaInput {
	s := st.S
	return recurrence.DeltaInput{
		QKV: l.qkv.Forward(s, x),
		Z:   s.Reshape(l.z.Forward(s, x), st.Rows, st.Tokens, l.ValueHeads, l.ValueDim),
		B:   l.b.Forward(s, x),
		A:   l.a.Forward(s, x),
	}
}
