package family

import (
	"slices"

	"assay/native/mlx"
	"assay/native/mlx/lm/block"
	"assay/native/mlx/lm/cache"
	"assay/native/mlx/lm/recurrence"
)

func init() { Register(qwen3Next, "qwen3_next") }

// qwen3Next is mlx_lm/models/qwen3_next.py: gated delta rules, and attention on
// every fourth layer.
func qwen3Next(b *block.Builder) *block.Network {
	d := HeadedDims(b)
	rope := b.Rope(block.RopeOptions{
		Dims: int(float64(d.HeadDim) * b.Float("partial_rotary_factor")), HeadDim: d.HeadDim,
		Base: b.Float("rope_theta"), Scaling: b.Scaling(),
	})
	experts := b.Count("num_experts")
	step, denseOnly := b.Integer("decoder_sparse_step"), b.Floats("mlp_only_layers")
	sparse := qwen3NextExperts(b, d.Hidden)
	dense := b.Integer("intermediate_size")
	b.Ignore("mtp.")
	return qwenHybrid(b, d, qwenHybridParts{
		rope:      rope,
		normalise: b.Boolean("norm_topk_prob", false),
		linear: func(path string, delta *recurrence.Delta) deltaMixer {
			return &interleavedDelta{
				Delta: delta,
				qkvz:  b.Linear(path+".in_proj_qkvz", 2*delta.Keys()+2*delta.Values(), d.Hidden, false),
				ba:    b.Linear(path+".in_proj_ba", 2*delta.ValueHeads, d.Hidden, false),
			}
		},
		feedForward: func(path string, layer int) block.FeedForward {
			if experts > 0 && (layer+1)%step == 0 && !slices.Contains(denseOnly, float32(layer)) {
				return sparse(path)
			}
			return b.MLP(path, d.Hidden, dense, false, block.SwigluGate)
		},
	})
}

// qwenHybridParts are what qwen3_next and qwen3_5 differ in.
type qwenHybridParts struct {
	rope        *block.Rotary
	normalise   bool
	linear      func(path string, d *recurrence.Delta) deltaMixer
	feedForward func(path string, layer int) block.FeedForward
}

// deltaMixer projects a step's tokens to what a gated delta rule reads.
type deltaMixer interface {
	project(st *cache.Step, x mlx.Array) recurrence.DeltaInput
	rule() *recurrence.Delta
}

func qwenHybrid(b *block.Builder, d block.Dims, p qwenHybridParts) *block.Network {
	bias, interval := b.Boolean("attention_bias", false), b.Integer("full_attention_interval", 4)
	attends := func(layer int) bool { return (layer+1)%interval == 0 }
	if d.Layers < interval {
		b.Note("num_hidden_layers %d is less than full_attention_interval %d, which mlx-lm cannot run", d.Layers, interval)
		return nil
	}
	sizes := recurrence.Delta{
		KeyHeads: b.Integer("linear_num_key_heads", 16), ValueHeads: b.Integer("linear_num_value_heads", 64),
		KeyDim: b.Integer("linear_key_head_dim", 192), ValueDim: b.Integer("linear_value_head_dim", 128),
		Kernel: b.Integer("linear_conv_kernel_dim", 4),
	}
	n := b.Base(d, tied(b, false))
	for i := range d.Layers {
		path := block.LayerPath(i)
		var mixer block.Mixer
		if attends(i) {
			mixer = gatedAttention(b, path+".self_attn", d, block.AttentionOptions{Bias: bias, OutBias: bias, Norms: b.Norm, Rope: p.rope})
		} else {
			at := path + ".linear_attn"
			rule := recurrence.NewDelta(b, at, sizes, d.Eps)
			mixer = &deltaLayer{in: p.linear(at, rule), out: b.Linear(at+".out_proj", d.Hidden, rule.Values(), false)}
		}
		n.Layers = append(n.Layers, b.PreNorm(path, d, mixer, p.feedForward(path+".mlp", i)))
	}
	n.Norm = b.Norm("model.norm", d.Hidden, d.Eps)
	n.Recurrent(attends)
	return n
}

// gatedAttention is Qwen3NextAttention.
func gatedAttention(b *block.Builder, path string, d block.Dims, o block.AttentionOptions) *block.Attention {
	return &block.Attention{
		Shape: d.Cached(), QueryHeads: d.Heads, Scale: block.InverseRoot(float64(d.HeadDim)), Rope: o.Rope, Gated: true,
		Q:     b.Linear(path+".q_proj", 2*d.Heads*d.HeadDim, d.Hidden, o.Bias),
		K:     b.Linear(path+".k_proj", d.KVHeads*d.HeadDim, d.Hidden, o.Bias),
		V:     b.Linear(path+".v_proj", d.KVHeads*d.HeadDim, d.Hidden, o.Bias),
		O:     b.Linear(path+".o_proj", d.Hidden, d.Heads*d.HeadDim, o.OutBias),
		QNorm: o.Norms(path+".q_norm", d.HeadDim, d.Eps),
		KNorm: o.Norms(path+".k_norm", d.HeadDim, d.Eps),
	}
}

// deltaLayer is a gated delta rule between its projections.
type deltaLayer struct {
	in  deltaMixer
	out *block.Linear
}

func (l *deltaLayer) Forward(st *cache.Step, x mlx.Array, _ mlx.Mask, c cache.Cache) mlx.Array {
	y := l.in.rule().Forward(st, l.in.project(st, x), c.(*cache.State))
	return l.out.Forward(st.S, y)
}

// interleavedDelta is Qwen3NextGatedDeltaNet's projections: for each key head its
// query, key, values and gates lie together, and so do b and a.
type interleavedDelta struct {
	*recurrence.Delta
	qkvz, ba *block.Linear
}

func (l *interleavedDelta) rule() *recurrence.Delta { return l.Delta }

func (l *interleavedDelta) project(st *cache.Step, x mlx.Array) recurrence.DeltaInput {
	s, shared := st.S, l.ValueHeads/l.KeyHeads
	mixed := s.Reshape(l.qkvz.Forward(s, x), st.Rows, st.Tokens, l.KeyHeads, -1)
	parts := s.Split(mixed, -1, l.KeyDim, 2*l.KeyDim, 2*l.KeyDim+shared*l.ValueDim)
	ba := s.Split(s.Reshape(l.ba.Forward(s, x), st.Rows, st.Tokens, l.KeyHeads, -1), -1, shared)
	flat := func(x mlx.Array) mlx.Array { return s.Reshape(x, st.Rows, st.Tokens, -1) }
	return recurrence.DeltaInput{
		QKV: s.Concatenate(-1, flat(parts[0]), flat(parts[1]), flat(parts[2])),
		Z:   s.Reshape(parts[3], st.Rows, st.Tokens, l.ValueHeads, l.ValueDim),
		B:   flat(ba[0]), A: flat(ba[1]),
	}
}

// qwen3NextExperts returns what takes Qwen3NextSparseMoeBlock at a path.
func qwen3NextExperts(b *block.Builder, hidden int) func(path string) block.FeedForward {
	return func(path string) block.FeedForward {
		experts, chosen := b.Experts("num_experts")
		width, shared := b.Integer("moe_intermediate_size"), b.Integer("shared_expert_intermediate_size")
		routed := &qwen3Experts{
			gate: b.Linear(path+".gate", experts, hidden, false),
			experts: b.SwitchGLU(path+".switch_mlp", block.ExpertOptions{
				All: experts, Chosen: chosen, Hidden: hidden, Width: width, Combine: block.SwigluGate,
				Names:  block.PerExpert(path+".experts", "gate_proj", "up_proj", "down_proj"),
				Joined: path + ".experts.gate_up_proj", Down: path + ".experts.down_proj",
			}),
			normalise: b.Boolean("norm_topk_prob", false),
			all:       experts,
		}
		return &sharedExperts{
			routed:     routed,
			shared:     b.MLP(path+".shared_expert", hidden, shared, false, block.SwigluGate),
			sharedGate: b.Linear(path+".shared_expert_gate", 1, hidden, false),
		}
	}
}

// sharedExperts adds a gated expert that all tokens share.
type sharedExperts struct {
	routed     block.FeedForward
	shared     *block.MLP
	sharedGate *block.Linear
}

func (m *sharedExperts) Forward(st *cache.Step, x mlx.Array) mlx.Array {
	s := st.S
	y := m.routed.Forward(st, x)
	return s.Add(y, s.Multiply(s.Sigmoid(m.sharedGate.Forward(s, x)), m.shared.Forward(st, x)))
}
