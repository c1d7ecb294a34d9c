package family

import (
	"assay/native/mlx"
	"assay/native/mlx/lm/block"
	"assay/native/mlx/lm/cache"
)

func init() { Register(mixtral, "mixtral") }

// mixtral is mlx_lm/models/mixtral.py, which has no rope_scaling in effect.
func mixtral(b *block.Builder) *block.Network {
	d := block.Dims{
		Hidden: b.Integer("hidden_size", 4096),
		Layers: b.Integer("num_hidden_layers", 32),
		Vocab:  b.Integer("vocab_size", 32000),
		Heads:  b.Integer("num_attention_heads", 32),
		Eps:    b.Float("rms_norm_eps", 1e-5),
	}
	d.KVHeads = b.Integer("num_key_value_heads", 8)
	d.HeadDim = d.Hidden / d.Heads
	b.CheckHeads(d)
	rope := block.PlainRope(d.HeadDim, d.HeadDim, b.Float("rope_theta", 1e6), b.Boolean("rope_traditional", false))
	experts, chosen := b.Integer("num_local_experts", 8), b.Integer("num_experts_per_tok", 2)
	width := b.Integer("intermediate_size", 14336)
	tied := b.Boolean("tie_word_embeddings", false)
	if tied {
		b.Ignore("lm_head.weight")
	}

	n := b.Base(d, tied)
	for i := range d.Layers {
		path := block.LayerPath(i)
		a := b.Attention(path+".self_attn", d, block.AttentionOptions{Rope: rope})
		names := block.PerExpert(path+".block_sparse_moe.experts", "w1", "w3", "w2")
		n.Layers = append(n.Layers, b.PreNorm(path, d, a, &mixtralExperts{
			gate: b.Linear(path+".block_sparse_moe.gate", experts, d.Hidden, false),
			experts: b.SwitchGLU(path+".block_sparse_moe.switch_mlp", block.ExpertOptions{
				All: experts, Chosen: chosen, Hidden: d.Hidden, Width: width, Combine: block.SwigluGate, Names: names,
			}),
		}))
	}
	n.Norm = b.Norm("model.norm", d.Hidden, d.Eps)
	return n
}

// mixtralExperts is MixtralSparseMoeBlock.
type mixtralExperts struct {
	gate    *block.Linear
	experts *block.SwitchGLU
}

func (m *mixtralExperts) Forward(st *cache.Step, x mlx.Array) mlx.Array {
	s := st.S
	gates := m.gate.Forward(s, x)
	indices := block.FirstChosen(st, s.ArgPartition(s.Negative(gates), m.experts.Chosen-1), m.experts.Chosen)
	scores := s.Softmax(s.TakeAlong(gates, indices))
	return block.Weighted(s, m.experts.Forward(st, x, indices), scores)
}
