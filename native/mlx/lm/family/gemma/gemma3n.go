package gemma

import (
	"math"
	"strings"

	"assay/native/mlx"
	"assay/native/mlx/lm/block"
	"assay/native/mlx/lm/cache"
	"assay/native/mlx/lm/family"
	"assay/native/mlx/lm/folder"
)

func init() { family.Register(gemma3n, "gemma3n") }

// gemma3n is mlx_lm/models/gemma3n.py: several streams of hidden states, of which
// each layer works on one and corrects the others (Baykal et al., Alternating
// Updates, 2023); the last layers look at keys and values of earlier ones.
func gemma3n(b *block.Builder) *block.Network {
	b.Rename(func(name string) string {
		for _, part := range family.Seen() {
			if strings.HasPrefix(name, "model."+part) {
				return ""
			}
		}
		return name
	})
	b.Flat = true
	return family.Inner(b, "model.language_model.", gemma3nText)
}

func gemma3nText(b *block.Builder) *block.Network {
	d := family.HeadedDims(b)
	own := d.Layers - b.Count("num_kv_shared_layers")
	types := b.LayerTypes(d.Layers, nil)
	if len(types) == 0 {
		b.Note("layer_types is missing")
		return nil
	}
	for _, kind := range []string{folder.FullAttention, folder.SlidingAttention} {
		if at, ok := family.FirstOf(types, kind); !ok || at >= own {
			b.Note("none of the first %d layers is of type %s, which mlx-lm's gemma3n needs", own, kind)
			return nil
		}
	}
	g := &gemma3nBody{streams: b.Integer("altup_num_inputs"), active: b.Count("altup_active_idx"), sources: sharedSources(types, own),
		maskOf: masksByType(types)}
	n := b.Base(d, true)
	n.Caches = n.Caches[:own]
	take := gemma3nLayers(b, d, types)
	for i := range d.Layers {
		g.layers = append(g.layers, take(i, i >= own))
	}
	g.inputs = perLayerInputs(b, d, b.Integer("hidden_size_per_layer_input"), b.Integer("vocab_size_per_layer_input"))
	g.inputs.known = b.Integer("vocab_size_per_layer_input")
	for i := range g.streams - 1 {
		g.spread = append(g.spread, b.LinearAt("model.altup_projections", i, d.Hidden))
		g.gather = append(g.gather, b.LinearAt("model.altup_unembed_projections", i, d.Hidden))
	}
	n.Norm = b.Norm("model.norm", d.Hidden, d.Eps)
	n.Layers = make([]block.Layer, d.Layers) // the body goes through its own
	n.Sliding(types[:own], b.Integer("sliding_window"))
	n.Body = g.forward
	family.OwnScale(b, n, math.Sqrt(float64(d.Hidden)))
	if !b.Null("final_logit_softcapping") {
		n.Finish = cappedAtOnce(b.Float("final_logit_softcapping"))
	}
	return n
}

// gemma3nLayers returns what takes a layer.
func gemma3nLayers(b *block.Builder, d block.Dims, types []string) func(i int, shared bool) *gemma3nLayer {
	local := block.PlainRope(d.HeadDim, d.HeadDim, b.Float("rope_local_base_freq"), false)
	global := block.PlainRope(d.HeadDim, d.HeadDim, b.Float("rope_theta"), false)
	widths, sparsity := gemma3nWidths(b, d.Layers), b.Numbers("activation_sparsity_pattern")
	return func(i int, shared bool) *gemma3nLayer {
		path, rope := block.LayerPath(i), global
		if types[i] == folder.SlidingAttention {
			rope = local
		}
		at := path + ".self_attn"
		l := &gemma3nLayer{
			shared: shared,
			attention: gemmaAttention{
				Dims: d, rope: rope,
				q: b.Linear(at+".q_proj", d.Heads*d.HeadDim, d.Hidden, false), o: b.Linear(at+".o_proj", d.Hidden, d.Heads*d.HeadDim, false),
				k: b.Linear(at+".k_proj", d.KVHeads*d.HeadDim, d.Hidden, false), v: b.Linear(at+".v_proj", d.KVHeads*d.HeadDim, d.Hidden, false),
				qNorm: b.Norm(at+".q_norm", d.HeadDim, d.Eps), kNorm: b.Norm(at+".k_norm", d.HeadDim, d.Eps), vNorm: block.Unweighted(d.Eps),
			},
			mlp:       gemma3nMLP(b, path+".mlp", [2]int{d.Hidden, widths[i]}, at0(sparsity, i)),
			inputNorm: b.Norm(path+".input_layernorm", d.Hidden, d.Eps), attentionNorm: b.Norm(path+".post_attention_layernorm", d.Hidden, d.Eps),
			ffNorm: b.Norm(path+".pre_feedforward_layernorm", d.Hidden, d.Eps), endNorm: b.Norm(path+".post_feedforward_layernorm", d.Hidden, d.Eps),
			altup:      altupOf(b, path+".altup", d),
			left:       b.Linear(path+".laurel.linear_left", b.Integer("laurel_rank"), d.Hidden, false),
			right:      b.Linear(path+".laurel.linear_right", d.Hidden, b.Integer("laurel_rank"), false),
			laurelNorm: b.Norm(path+".laurel.post_laurel_norm", d.Hidden, d.Eps),
			own:        perLayerGateOf(b, path, d, b.Integer("hidden_size_per_layer_input")),
		}
		return l
	}
}

// at0 is a list's element, 0 where there is no list.
func at0(numbers []float64, i int) float64 {
	if i < len(numbers) {
		return numbers[i]
	}
	return 0
}

// gemma3nWidths reads intermediate_size, a number or one for each layer.
func gemma3nWidths(b *block.Builder, layers int) []int {
	widths := make([]int, layers)
	list, ok := b.Fields["intermediate_size"].([]any)
	for i := range widths {
		if !ok {
			widths[i] = b.Integer("intermediate_size")
			continue
		}
		if i >= len(list) {
			b.Note("intermediate_size has %d entries for %d layers", len(list), layers)
			return make([]int, layers)
		}
		width, _ := list[i].(float64)
		widths[i] = int(width)
	}
	return widths
}

// gemma3nMLP takes an MLP whose gate, where it is sparse, lets only what lies
// above a quantile of a normal distribution pass (gelu_topk).
func gemma3nMLP(b *block.Builder, path string, size [2]int, sparsity float64) *block.MLP {
	combine := block.GeluGate
	if sparsity > 0 {
		var deviations mlx.Array
		if b.Usable() {
			s := b.S
			quantile := s.ErfInv(s.Scalar(2*sparsity-1, mlx.Float32))
			deviations = b.Own(s.Multiply(s.Scalar(math.Sqrt2, mlx.Float32), quantile))
		}
		combine = func(s *mlx.Scope, gate, up mlx.Array) mlx.Array {
			return s.Multiply(s.Call(geluTop, gate, deviations), up)
		}
	}
	return b.MLP(path, size[0], size[1], false, combine)
}

// geluTop is gelu_topk on (gate, deviations).
var geluTop = &mlx.Function{Inputs: 2, Body: func(s *mlx.Scope, in []mlx.Array) mlx.Array {
	x := in[0]
	spread := s.Std(x, -1, true)
	cutoff := s.Add(s.Mean(x, -1, true), s.Multiply(spread, s.AsType(in[1], s.Type(spread))))
	return block.Gelu(s, s.Maximum(s.Scalar(0, s.Type(x)), s.Subtract(x, cutoff)))
}}

// gemma3nBody is LanguageModel's way through its layers.
type gemma3nBody struct {
	layers          []*gemma3nLayer
	sources, maskOf []int
	streams, active int
	inputs          *layerInputs
	spread, gather  []*block.Linear
}

func (g *gemma3nBody) forward(st *cache.Step, p block.Pass) mlx.Array {
	s := st.S
	inputs := g.inputs.of(st, p)
	others := make([]mlx.Array, len(g.spread))
	for i, projection := range g.spread {
		others[i] = projection.Forward(s, p.X)
	}
	h := s.Concatenate(0, s.ExpandDims(p.X, 0), g.levelled(st, p.X, s.Stack(0, others...)))
	offset := cache.OffsetOf(st, p.Caches[0])
	for i, l := range g.layers {
		c := gemma3nCall{streams: h, mask: p.Masks[g.maskOf[i]], input: inputs[i], cache: p.Caches[g.sources[i]].(cache.KV), offset: offset}
		h = l.forward(st, g, c)
	}
	first := g.stream(st, h, 0)
	for i, projection := range g.gather {
		others[i] = projection.Forward(s, g.stream(st, h, i+1))
	}
	h = s.Concatenate(0, s.ExpandDims(first, 0), g.levelled(st, first, s.Stack(0, others...)))
	return s.Mean(h, 0, false)
}

// stream is one of the streams (streams, 1, tokens, hidden).
func (g *gemma3nBody) stream(st *cache.Step, h mlx.Array, i int) mlx.Array {
	s, shape := st.S, st.S.Shape(h)
	if len(shape) != 4 {
		return h // an earlier operation failed
	}
	return s.Squeeze(s.Slice(h, []int{i, 0, 0, 0}, []int{i + 1, 1, st.Tokens, shape[3]}), 0)
}

// levelled gives streams the magnitude of another, the root of its mean square.
func (g *gemma3nBody) levelled(st *cache.Step, like, others mlx.Array) mlx.Array {
	s := st.S
	magnitude := func(x mlx.Array) mlx.Array {
		t := s.Type(x)
		return s.Power(s.Mean(s.Power(x, s.Scalar(2, t)), -1, true), s.Scalar(0.5, t))
	}
	return s.Multiply(others, s.Divide(magnitude(like), magnitude(others)))
}

// gemma3nCall is what one layer is called with.
type gemma3nCall struct {
	streams, input mlx.Array
	mask           mlx.Mask
	cache          cache.KV
	offset         cache.Offset
}

// gemma3nLayer is Gemma3nDecoderLayer.
type gemma3nLayer struct {
	shared                                    bool // sees another layer's cache
	attention                                 gemmaAttention
	mlp                                       *block.MLP
	inputNorm, attentionNorm, ffNorm, endNorm *block.Norm
	altup                                     *altup
	left, right                               *block.Linear
	laurelNorm                                *block.Norm
	own                                       *perLayerGate
}

func (l *gemma3nLayer) forward(st *cache.Step, g *gemma3nBody, c gemma3nCall) mlx.Array {
	s := st.S
	predicted := l.altup.predict(st, g, c.streams)
	active := g.stream(st, predicted, g.active)
	normed := l.inputNorm.Forward(s, active)
	laurel := s.Add(normed, l.laurelNorm.Forward(s, l.right.Forward(s, l.left.Forward(s, normed))))
	seen := &gemma4Seen{offset: c.offset}
	if l.shared {
		seen.entries = c.cache.Seen(st)
	} else {
		k, v := l.attention.keys(st, normed, c.offset)
		seen.entries = c.cache.Update(st, k, v)
	}
	attended := s.Add(active, l.attentionNorm.Forward(s, l.attention.look(st, normed, seen, c.mask)))
	h := family.Times(s, s.Add(attended, laurel), math.Pow(2, -0.5))
	h = s.Add(h, l.endNorm.Forward(s, l.mlp.Forward(st, l.ffNorm.Forward(s, h))))
	corrected := l.altup.correct(st, g, predicted, h)
	first := g.stream(st, corrected, g.active)
	if l.altup.scale.Valid() {
		first = s.Multiply(first, l.altup.scale)
	}
	mixed := l.own.forward(s, first, c.input)
	shape := s.Shape(corrected)
	if len(shape) != 4 {
		return corrected // an earlier operation failed
	}
	rest := s.Add(s.Slice(corrected, []int{1, 0, 0, 0}, shape), mixed)
	return s.SliceUpdate(corrected, rest, []int{1, 0, 0, 0}, shape)
}

// altup is Gemma3nAltUp: it predicts what a layer makes of every stream, and
// corrects the prediction by what it made of one.
type altup struct {
	router                 *block.Linear
	norm                   *block.Norm
	prediction, correction *block.Linear // in float32, bounded
	scale                  mlx.Array     // of the active stream; zero: none
	hidden                 int
}

func altupOf(b *block.Builder, path string, d block.Dims) *altup {
	streams, bound := b.Integer("altup_num_inputs"), 0.0
	if b.Has("altup_coef_clip") {
		bound = b.Float("altup_coef_clip")
	}
	a := &altup{
		router: b.Linear(path+".modality_router", streams, d.Hidden, false), norm: b.Norm(path+".router_norm", d.Hidden, d.Eps),
		prediction: b.Bounded(path+".prediction_coefs", [2]int{streams * streams, streams}, bound),
		correction: b.Bounded(path+".correction_coefs", [2]int{streams, streams}, bound),
		hidden:     d.Hidden,
	}
	if scale := b.Vector(path+".correct_output_scale", d.Hidden); b.Boolean("altup_correct_scale") {
		a.scale = scale
	}
	return a
}

// modalities weighs the streams by the active one, (1, tokens, streams).
func (a *altup) modalities(s *mlx.Scope, active mlx.Array) mlx.Array {
	normed := family.Times(s, a.norm.Forward(s, active), 1/float64(a.hidden))
	return s.Tanh(s.AsType(a.router.Forward(s, normed), mlx.Float32))
}

func (a *altup) predict(st *cache.Step, g *gemma3nBody, h mlx.Array) mlx.Array {
	s := st.S
	coefficients := a.prediction.Forward(s, a.modalities(s, g.stream(st, h, g.active)))
	coefficients = s.Transpose(s.Reshape(coefficients, 1, st.Tokens, g.streams, g.streams), 0, 1, 3, 2)
	wide := s.AsType(h, mlx.Float32)
	predicted := s.Transpose(s.Matmul(s.Transpose(wide, 1, 2, 3, 0), coefficients), 3, 0, 1, 2)
	return s.AsType(s.Add(predicted, wide), s.Type(h))
}

func (a *altup) correct(st *cache.Step, g *gemma3nBody, predicted, made mlx.Array) mlx.Array {
	s := st.S
	coefficients := a.correction.Forward(s, a.modalities(s, made))
	coefficients = s.Add(coefficients, s.Scalar(1, mlx.Float32))
	innovation := s.Subtract(made, g.stream(st, predicted, g.active))
	weights := s.ExpandDims(s.Transpose(coefficients, 2, 0, 1), -1)
	corrected := s.Add(s.Multiply(s.ExpandDims(innovation, 0), weights), predicted)
	return s.AsType(corrected, s.Type(made))
}
