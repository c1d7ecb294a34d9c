package family

import (
	"assay/native/mlx"
	"assay/native/mlx/lm/block"
	"assay/native/mlx/lm/cache"
)

func init() { Register(qwen2MoE, "qwen2_moe") }

// qwen2MoE is mlx_lm/models/qwen2_moe.py.
func qwen2MoE(b *block.Builder) *block.Network {
	d := b.SquareDims()
	// rope_scaling is checked by mlx-lm's qwen2_moe, and not used.
	rope := block.PlainRope(d.HeadDim, d.HeadDim, b.Float("rope_theta", 1000000), b.Boolean("rope_traditional", false))
	experts, chosen := b.Experts("num_experts")
	width, shared := b.Integer("moe_intermediate_size"), b.Integer("shared_expert_intermediate_size")

	n := b.Base(d, false) // tie_word_embeddings is not read
	for i := range d.Layers {
		path := block.LayerPath(i)
		a := b.Attention(path+".self_attn", d, block.AttentionOptions{Bias: true, Rope: rope})
		names := block.PerExpert(path+".mlp.experts", "gate_proj", "up_proj", "down_proj")
		n.Layers = append(n.Layers, b.PreNorm(path, d, a, &qwen2Experts{
			gate: b.Linear(path+".mlp.gate", experts, d.Hidden, false),
			experts: b.SwitchGLU(path+".mlp.switch_mlp", block.ExpertOptions{
				All: experts, Chosen: chosen, Hidden: d.Hidden, Width: width, Combine: block.SwigluGate, Names: names,
			}),
			shared:     b.MLP(path+".mlp.shared_expert", d.Hidden, shared, false, block.SwigluGate),
			sharedGate: b.Linear(path+".mlp.shared_expert_gate", 1, d.Hidden, false),
		}))
	}
	n.Norm = b.Norm("model.norm", d.Hidden, d.Eps)
	return n
}

// qwen2Experts is Qwen2MoeSparseMoeBlock.
type qwen2Experts struct {
	gate       *block.Linear
	experts    *block.SwitchGLU
	shared     *block.MLP
	sharedGate *block.Linear
}

func (m *qwen2Experts) Forward(st *cache.Step, x mlx.Array) mlx.Array {
	s := st.S
	gates := s.Softmax(m.gate.Forward(s, x))
	indices := block.FirstChosen(st, s.ArgPartition(s.Negative(gates), m.experts.Chosen-1), m.experts.Chosen)
	scores := s.TakeAlong(gates, indices)
	y := block.Weighted(s, m.experts.Forward(st, x, indices), scores)
	shared := s.Multiply(s.Sigmoid(m.sharedGate.Forward(s, x)), m.shared.Forward(st, x))
	return s.Add(y, shared)
}
