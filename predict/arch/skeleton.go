package arch

// The smallest sizes a KV-faithful skeleton takes: rows of weights stay a
// multiple of 64, so that every 32-element block type fits.
const (
	skeletonWidth   = 64
	skeletonVocab   = 64
	skeletonExperts = 4
	skeletonUsed    = 2
)

// KVFaithful is the smallest model of the same family whose cache is the real
// one's: layers, KV heads, head dimensions, windows, latent ranks and recurrent
// state sizes stay, everything else shrinks as far as llama.cpp's loader allows.
func (f Facts) KVFaithful() Facts {
	out := f
	out.Vocab = min(f.Vocab, skeletonVocab)
	out.Tensors, out.Provenance, out.Contradictions = nil, nil, nil
	out.Layers = make([]Layer, len(f.Layers))
	for i := range f.Layers {
		out.Layers[i] = f.Layers[i].shrunk()
	}
	out.Hidden = out.skeletonHidden(f.Hidden)
	return out
}

func (l Layer) shrunk() Layer {
	out := Layer{Recurrent: l.Recurrent}
	if l.Attention != nil {
		a := *l.Attention
		a.Heads = a.KVHeads
		out.Attention = &a
	}
	if l.FeedForward != nil {
		ff := *l.FeedForward
		ff.Intermediate = min(ff.Intermediate, skeletonWidth)
		if ff.Experts != nil {
			e := *ff.Experts
			e.Count, e.Used = min(e.Count, skeletonExperts), min(e.Used, skeletonUsed)
			e.Intermediate = min(e.Intermediate, skeletonWidth)
			e.SharedIntermediate = min(e.SharedIntermediate, skeletonWidth)
			ff.Experts = &e
		}
		out.FeedForward = &ff
	}
	return out
}

// skeletonHidden is the smallest hidden size that the family's loader takes
// beside the (already shrunk) layers.
func (f Facts) skeletonHidden(full int64) int64 {
	fam := families[f.Family]
	for i := range f.Layers {
		a := f.Layers[i].Attention
		if a != nil && (fam == nil || fam.square) {
			return a.Heads * a.KeyDim
		}
	}
	return min(full, skeletonWidth)
}
