package mlx

import "assay/predict/arch"

func init() {
	register(Family{
		Module: "minimax", Also: []string{"minimax_m2"},
		Pass: &Pass{Tensors: listed(usual(attention(perToken, true), minimaxExperts))},
	})
}

// minimaxExperts adds block_sparse_moe.
func minimaxExperts(l *listing, path string, layer arch.Layer) {
	e, at := layer.FeedForward.Experts, path+"block_sparse_moe."
	l.linear(at+"gate", l.Hidden, e.Count, false)
	l.stacked(at+"switch_mlp.", *e)
	l.vector(at+"e_score_correction_bias", e.Count)
}
