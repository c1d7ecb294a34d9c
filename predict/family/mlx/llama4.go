package mlx

import "assay/predict/arch"

func init() {
	register(Family{
		Module: "llama4", Cache: Cache{Chooses: true, ChunkPeriod: 4},
		Pass: &Pass{OwnHead: true, Tensors: listed(usual(attention(noNorms, true), llama4Experts))},
	})
}

// llama4Experts adds experts beside a shared one, or a dense feed-forward.
func llama4Experts(l *listing, path string, layer arch.Layer) {
	at, e := path+"feed_forward.", layer.FeedForward.Experts
	if e == nil {
		l.gated(at, layer.FeedForward.Intermediate, projections)
		return
	}
	l.linear(at+"router", l.Hidden, e.Count, false)
	l.stacked(at+"experts.", *e)
	l.gated(at+"shared_expert.", e.SharedIntermediate, projections)
}
