package mlx

import "assay/predict/arch"

func init() {
	register(Family{Module: "lfm2_moe", Cache: Cache{Chooses: true}, Pass: &Pass{Tensors: listed(lfm2Layout(lfm2Experts))}})
}

// lfm2Experts adds experts with a bias of their choice, or a dense feed-forward.
func lfm2Experts(l *listing, path string, layer arch.Layer) {
	at, e := path+"feed_forward.", layer.FeedForward.Experts
	if e == nil {
		l.gated(at, layer.FeedForward.Intermediate, projections)
		return
	}
	l.linear(at+"gate", l.Hidden, e.Count, false)
	l.vector(at+"expert_bias", e.Count)
	l.stacked(at+"switch_mlp.", *e)
}
