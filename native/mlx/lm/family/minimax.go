package family

import (
	"assay/native/mlx"
	"assay/native/mlx/lm/block"
	"assay/native/mlx/lm/cache"
)

func init() { Register(minimax, "minimax", "minimax_m2") }

// minimax is mlx_lm/models/minimax.py, which runs MiniMax-M2.
func minimax(b *block.Builder) *block.Network {
	d := HeadedDims(b)
	experts, chosen := b.Experts("num_local_experts")
	width, normed := b.Integer("intermediate_size"), b.Boolean("use_qk_norm", true)
	rope := block.PlainRope(b.Integer("rotary_dim"), d.HeadDim, b.Float("rope_theta"), false)
	n := b.Base(d, b.Boolean("tie_word_embeddings", false))
	for i := range d.Layers {
		path := block.LayerPath(i)
		a := b.Attention(path+".self_attn", d, block.AttentionOptions{Rope: rope})
		if normed {
			a.NormsAt = block.OverHeads
			a.QNorm = b.Norm(path+".self_attn.q_norm", d.Heads*d.HeadDim, d.Eps)
			a.KNorm = b.Norm(path+".self_attn.k_norm", d.KVHeads*d.HeadDim, d.Eps)
		}
		at := path + ".block_sparse_moe"
		n.Layers = append(n.Layers, b.PreNorm(path, d, a, &minimaxExperts{
			gate: b.Linear(at+".gate", experts, d.Hidden, false),
			experts: b.SwitchGLU(at+".switch_mlp", block.ExpertOptions{
				All: experts, Chosen: chosen, Hidden: d.Hidden, Width: width, Combine: block.SwigluGate,
				Names: block.PerExpert(at+".experts", "w1", "w3", "w2"),
			}),
			bias: b.Vector(at+".e_score_correction_bias", experts),
		}))
	}
	n.Norm = b.Norm("model.norm", d.Hidden, d.Eps)
	return n
}

// minimaxExperts is MiniMaxSparseMoeBlock.
type minimaxExperts struct {
	gate    *block.Linear
	experts *block.SwitchGLU
	bias    mlx.Array
}

func (m *minimaxExperts) Forward(st *cache.Step, x mlx.Array) mlx.Array {
	s := st.S
	scores := s.Sigmoid(m.gate.Forward(s, s.AsType(x, mlx.Float32)))
	best := s.ArgPartition(s.Negative(s.Add(scores, m.bias)), m.experts.Chosen-1)
	indices := block.FirstChosen(st, best, m.experts.Chosen)
	weights := s.TakeAlong(scores, indices)
	weights = s.Divide(weights, s.Add(s.Sum(weights, -1, true), s.Scalar(1e-20, mlx.Float32)))
	return block.Weighted(s, m.experts.Forward(st, x, indices), s.AsType(weights, s.Type(x)))
}
