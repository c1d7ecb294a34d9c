package mlx

import "assay/predict/arch"

func init() {
	register(Family{Module: "lfm2", Cache: Cache{Chooses: true}, Pass: &Pass{Tensors: listed(lfm2Layout(
		func(l *listing, path string, layer arch.Layer) {
			l.gated(path+"feed_forward.", layer.FeedForward.Intermediate, [3]string{"w1", "w3", "w2"})
		}))}})
}

// lfm2Layout has short convolutions, and attention on some layers.
func lfm2Layout(feedForward func(l *listing, path string, layer arch.Layer)) layout {
	o := usual(lfm2Mixer, feedForward)
	o.last, o.norms = "embedding_norm", []string{"operator_norm", "ffn_norm"}
	return o
}

func lfm2Mixer(l *listing, path string, layer arch.Layer) {
	if r := layer.Recurrent; r != nil {
		l.linear(path+"conv.in_proj", l.Hidden, 3*r.Inner, false)
		l.add(path+"conv.conv.weight", true, 1, r.ConvKernel, r.Inner)
		l.linear(path+"conv.out_proj", r.Inner, l.Hidden, false)
		return
	}
	a, at := layer.Attention, path+"self_attn."
	l.linear(at+"q_proj", l.Hidden, a.Heads*a.KeyDim, false)
	l.linear(at+"k_proj", l.Hidden, a.KVHeads*a.KeyDim, false)
	l.linear(at+"v_proj", l.Hidden, a.KVHeads*a.ValueDim, false)
	l.linear(at+"out_proj", a.Heads*a.ValueDim, l.Hidden, false)
	l.vector(at+"q_layernorm.weight", a.KeyDim)
	l.vector(at+"k_layernorm.weight", a.KeyDim)
}
