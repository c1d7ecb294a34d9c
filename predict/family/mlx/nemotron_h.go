package mlx

import "assay/predict/arch"

func init() {
	o := layout{
		trunk: "backbone", embedding: "embeddings", last: "norm_f", norms: []string{"norm"},
		mixers: nemotronMixer, feedForward: nemotronFeedForward,
	}
	register(Family{Module: "nemotron_h", Cache: Cache{Chooses: true}, Pass: &Pass{OwnHead: true, Tensors: listed(o)}})
}

func nemotronMixer(l *listing, path string, layer arch.Layer) {
	switch {
	case layer.Recurrent != nil:
		l.mamba(path+"mixer.", *layer.Recurrent)
	case layer.Attention != nil:
		l.attention(path+"mixer.", *layer.Attention, noNorms, true)
	}
}

// nemotronFeedForward adds a block that is a feed-forward without gates, or experts.
func nemotronFeedForward(l *listing, path string, layer arch.Layer) {
	if layer.FeedForward == nil {
		return
	}
	at, e := path+"mixer.", layer.FeedForward.Experts
	squared := func(at string, width int64) {
		l.linear(at+"up_proj", l.Hidden, width, false)
		l.linear(at+"down_proj", width, l.Hidden, false)
	}
	if e == nil {
		squared(at, layer.FeedForward.Intermediate)
		return
	}
	l.add(at+"gate.weight", true, l.Hidden, e.Count)
	l.vector(at+"gate.e_score_correction_bias", e.Count)
	l.add(at+"switch_mlp.fc1.weight", false, l.Hidden, e.Intermediate, e.Count)
	l.add(at+"switch_mlp.fc2.weight", false, e.Intermediate, l.Hidden, e.Count)
	if e.SharedIntermediate > 0 {
		squared(at+"shared_experts.", e.SharedIntermediate)
	}
}
