package mlx

import "assay/predict/arch"

func init() {
	register(Family{Module: "granitemoehybrid", Cache: Cache{Chooses: true}, Pass: &Pass{Tensors: listed(usual(graniteMixer,
		graniteExperts))}})
}

func graniteMixer(l *listing, path string, layer arch.Layer) {
	if layer.Recurrent != nil {
		l.mamba(path+"mamba.", *layer.Recurrent)
		return
	}
	l.attention(path+"self_attn.", *layer.Attention, noNorms, true)
}

// graniteExperts adds experts beside a shared one, or a dense feed-forward.
func graniteExperts(l *listing, path string, layer arch.Layer) {
	e, at := layer.FeedForward.Experts, path+"block_sparse_moe."
	if e == nil {
		dense(l, path, layer)
		return
	}
	l.linear(path+"shared_mlp.input_linear", l.Hidden, 2*e.SharedIntermediate, false)
	l.linear(path+"shared_mlp.output_linear", e.SharedIntermediate, l.Hidden, false)
	l.linear(at+"router.layer", l.Hidden, e.Count, false)
	l.stacked(at+"switch_mlp.", *e)
}
