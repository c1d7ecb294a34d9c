package published

import (
	"math"

	"assay/predict/roofline"
)

// The tokens that a runtime takes in one call of a prompt, by default: n_ubatch
// of llama.cpp, prefill_step_size of mlx_lm.
var callTokens = map[string]float64{LlamaCpp: 512, MLX: 2048}

// work is what the figure's test had to do, counted from the model's shape as
// package cost counts it: a token of decode at the mean depth, or the prompt.
func (f Figure) work(s shape) roofline.Work {
	m, scale := mixOf(f.Weights), f.scale(s)
	if f.decodes() {
		depth := f.depth() + f.tokens()/2
		w := roofline.Work{Tokens: 1, Steps: 1, Layers: s.layers(1)}
		w.Terms = append(w.Terms, terms(roofline.ClassWeights, m.body, s.body(), s.body()*scale, 1)...)
		w.Terms = append(w.Terms, terms(roofline.ClassHead, m.head, s.head(), s.head()*scale, 1)...)
		if s.Experts > 0 {
			used := s.experts() * s.Used / s.Experts
			w.Terms = append(w.Terms, terms(roofline.ClassExperts, m.experts, used, used*scale, 1)...)
		}
		w.Terms = append(w.Terms, s.attention(1, depth))
		return w
	}
	return f.prompt(s, m, scale)
}

// prompt is the work of a pp test.
func (f Figure) prompt(s shape, m mix, scale float64) roofline.Work {
	n, step := f.tokens(), callTokens[f.Runtime]
	w := roofline.Work{Tokens: n}
	var touched float64
	for left := n; left > 0; left -= step {
		call := min(step, left)
		if f.Runtime == MLX && left <= step {
			call = max(1, call-1) // the last token goes alone
		}
		w.Steps++
		if s.Experts > 0 {
			touched += s.experts() * (1 - math.Pow(1-s.Used/s.Experts, call))
		}
	}
	reached := 1.0
	if f.Runtime == MLX {
		w.Steps++
		// Nothing asks for what layers without a cache of their own make of a prompt.
		reached = (s.Layers - s.Shared) / s.Layers
	}
	w.Layers = s.layers(w.Steps)
	w.Terms = append(w.Terms, terms(roofline.ClassWeights, m.body, s.body()*reached, s.body()*reached*scale*w.Steps, n)...)
	w.Terms = append(w.Terms, terms(roofline.ClassHead, m.head, s.head(), s.head()*scale, 1)...)
	if s.Experts > 0 {
		w.Terms = append(w.Terms, terms(roofline.ClassExperts, m.experts, s.experts()*s.Used/s.Experts, touched*scale, n)...)
	}
	w.Terms = append(w.Terms, s.attention(n, f.depth()+n/2))
	return w
}

// scale is the file's size over what the mix makes of the model, where both are
// known; 1 elsewhere.
func (f Figure) scale(s shape) float64 {
	if f.FileGiB == nil || s.Unread > 0 {
		return 1
	}
	m, tables := mixOf(f.Weights), 1.0
	if !s.Tied {
		tables = 2
	}
	expected := s.body()*mean(m.body) + s.experts()*mean(m.experts) + tables*s.head()*mean(m.head)
	return min(max(*f.FileGiB*(1<<33)/expected, 0.8), 1.3)
}

// mean is the bits of a weight.
func mean(parts []part) (b float64) {
	for _, p := range parts {
		b += p.share * bitsOf(p.typ)
	}
	return b
}

// terms are products of tokens with parameters, of which elements are read.
func terms(class string, parts []part, params, elements, tokens float64) []roofline.Term {
	list := make([]roofline.Term, len(parts))
	for i, p := range parts {
		list[i] = roofline.Term{
			Class: class, Type: p.typ,
			FLOPs: 2 * params * p.share * tokens, Bytes: elements * p.share * bitsOf(p.typ) / 8,
		}
	}
	return list
}

// attention is that of tokens with a cache whose mean length is depth.
func (s shape) attention(tokens, depth float64) roofline.Term {
	width := s.KV
	if width == 0 {
		width = 2 * s.KVHeads * s.HeadDim
	}
	seen := min(depth, s.Window)
	flops := 4 * tokens * (s.Full*s.Heads*s.HeadDim*depth + s.Windowed*s.WHeads*s.WHeadDim*seen)
	return roofline.Term{
		Class: roofline.ClassAttention, Type: "f16", FLOPs: flops, LiveFLOPs: &flops,
		Bytes: 2 * (s.Full*width*depth + s.Windowed*2*s.WKVHeads*s.WHeadDim*seen),
	}
}

func (s shape) layers(steps float64) *roofline.Layers {
	return &roofline.Layers{All: steps * s.Layers, Experts: steps * s.ExpertLayers, Recurrent: steps * s.Recurrent}
}
