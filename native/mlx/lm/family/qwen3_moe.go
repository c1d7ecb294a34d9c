package family

import (
	"slices"

	"assay/native/mlx"
	"assay/native/mlx/lm/block"
	"assay/native/mlx/lm/cache"
)

func init() { Register(qwen3MoE, "qwen3_moe") }

// qwen3MoE is mlx_lm/models/qwen3_moe.py, which has no rope_scaling in effect.
func qwen3MoE(b *block.Builder) *block.Network {
	d := qwen3Dims(b)
	b.Integer("max_position_embeddings")
	rope := block.PlainRope(d.HeadDim, d.HeadDim, b.Float("rope_theta"), false)
	experts, chosen := b.Experts("num_experts")
	dense, width := b.Integer("intermediate_size"), b.Integer("moe_intermediate_size")
	step, denseOnly := b.Integer("decoder_sparse_step"), b.Floats("mlp_only_layers")
	normalise := b.Boolean("norm_topk_prob")
	tied := b.Boolean("tie_word_embeddings")
	if tied {
		b.Ignore("lm_head.weight")
	}

	n := b.Base(d, tied)
	for i := range d.Layers {
		path := block.LayerPath(i)
		a := b.Attention(path+".self_attn", d, block.AttentionOptions{Norms: b.Norm, Rope: rope})
		var f block.FeedForward
		if slices.Contains(denseOnly, float32(i)) || (i+1)%step != 0 {
			f = b.MLP(path+".mlp", d.Hidden, dense, false, block.SwigluGate)
		} else {
			names := block.PerExpert(path+".mlp.experts", "gate_proj", "up_proj", "down_proj")
			f = &qwen3Experts{
				gate: b.Linear(path+".mlp.gate", experts, d.Hidden, false),
				experts: b.SwitchGLU(path+".mlp.switch_mlp", block.ExpertOptions{
					All: experts, Chosen: chosen, Hidden: d.Hidden, Width: width, Combine: block.SwigluGate, Names: names,
				}),
				normalise: normalise,
				all:       experts,
			}
		}
		n.Layers = append(n.Layers, b.PreNorm(path, d, a, f))
	}
	n.Batches = true
	n.Norm = b.Norm("model.norm", d.Hidden, d.Eps)
	return n
}

// qwen3Experts is Qwen3MoeSparseMoeBlock.
type qwen3Experts struct {
	gate      *block.Linear
	experts   *block.SwitchGLU
	normalise bool
	all       int
}

func (m *qwen3Experts) Forward(st *cache.Step, x mlx.Array) mlx.Array {
	s := st.S
	gates := s.Softmax(m.gate.Forward(s, x))
	indices := block.LastChosen(st, s.ArgPartition(gates, -m.experts.Chosen), m.all, m.experts.Chosen)
	scores := s.TakeAlong(gates, indices)
	if m.normalise {
		scores = s.Divide(scores, s.Sum(scores, -1, true))
	}
	return block.Weighted(s, m.experts.Forward(st, x, indices), scores)
}
