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

func init() {
	family.Register(gemma4, "gemma4", "gemma4_unified")
	family.Register(gemma4Text, "gemma4_text")
}

// gemma4 is mlx_lm/models/gemma4.py: a text model inside of one that sees and
// hears. The parts that do are left out.
func gemma4(b *block.Builder) *block.Network {
	vocab := b.Integer("vocab_size", 262144)
	b.Default("text_config", map[string]any{})
	b.Rename(func(name string) string {
		bare := strings.TrimPrefix(name, "model.")
		for _, part := range family.Seen() {
			if strings.HasPrefix(bare, part) {
				return ""
			}
		}
		if bare != name && strings.HasPrefix(bare, "language_model.") {
			return "language_model.model." + strings.TrimPrefix(bare, "language_model.")
		}
		return bare
	})
	return family.Inner(b, "language_model.", func(b *block.Builder) *block.Network {
		b.Fields["vocab_size"] = float64(vocab)
		return gemma4Text(b)
	})
}

// gemma4Config is what gemma4_text's layers are made of.
type gemma4Config struct {
	block.Dims
	globalDim, globalKV, own, window int
	types                            []string
	keysAreValues                    bool
	ropes                            map[string]*block.Rotary
	intermediate, perLayer           int
	wide                             bool
	experts                          block.ExpertOptions // All is 0 where there are none
}

// gemma4Text is mlx_lm/models/gemma4_text.py: the last layers look at keys and
// values of earlier ones, full layers have wider heads, and each layer reads a
// small embedding of its own.
func gemma4Text(b *block.Builder) *block.Network {
	c := gemma4ConfigOf(b)
	if c == nil {
		return nil
	}
	for _, part := range []string{"self_attn.rotary_emb", "input_max", "input_min", "output_max", "output_min"} {
		b.Ignore(part)
	}
	g := &gemma4Body{sources: sharedSources(c.types, c.own)}
	n := b.Base(c.Dims, b.Boolean("tie_word_embeddings", true))
	n.Caches = n.Caches[:c.own]
	for i := range c.Layers {
		if i < c.own {
			n.Caches[i].Shape = c.dimsOf(i).Cached()
		} else {
			for _, part := range []string{".self_attn.k_proj.", ".self_attn.v_proj.", ".self_attn.k_norm."} {
				b.Ignore(block.LayerPath(i) + part)
			}
		}
		g.layers = append(g.layers, c.layer(b, i))
	}
	g.inputs = perLayerInputs(b, c.Dims, c.perLayer, b.Integer("vocab_size_per_layer_input", 262144))
	n.Norm = b.Norm("model.norm", c.Hidden, c.Eps)
	n.Layers = make([]block.Layer, c.Layers) // the body goes through its own
	n.Sliding(c.types[:c.own], c.window)
	g.maskOf = masksByType(c.types)
	n.Body = g.forward
	family.OwnScale(b, n, math.Sqrt(float64(c.Hidden)))
	if !b.Null("final_logit_softcapping") {
		n.Finish = cappedAtOnce(b.Float("final_logit_softcapping", 30))
	}
	return n
}

func gemma4ConfigOf(b *block.Builder) *gemma4Config {
	c := &gemma4Config{Dims: block.Dims{
		Hidden:  b.Integer("hidden_size", 1536),
		Layers:  b.Integer("num_hidden_layers", 35),
		Vocab:   b.Integer("vocab_size", 262144),
		Heads:   b.Integer("num_attention_heads", 8),
		KVHeads: b.Integer("num_key_value_heads", 1),
		HeadDim: b.Integer("head_dim", 256),
		Eps:     b.Float("rms_norm_eps", 1e-6),
	}}
	b.CheckHeads(c.Dims)
	c.globalDim = b.Count("global_head_dim", 512)
	c.keysAreValues = b.Boolean("attention_k_eq_v", false)
	c.globalKV = b.Integer("num_global_key_value_heads", c.KVHeads)
	c.own = c.Layers - b.Count("num_kv_shared_layers", 20)
	c.window = b.Integer("sliding_window", 512)
	c.types = b.LayerTypes(c.Layers, family.TypesBy(c.Layers, b.Integer("sliding_window_pattern", 5)))
	c.intermediate, c.wide = b.Integer("intermediate_size", 6144), b.Boolean("use_double_wide_mlp", true)
	c.perLayer = b.Count("hidden_size_per_layer_input", 256)
	if b.Boolean("enable_moe_block", false) {
		c.experts = block.ExpertOptions{
			All: b.Integer("num_experts"), Chosen: b.Integer("top_k_experts"), Hidden: c.Hidden,
			Width: b.Integer("moe_intermediate_size"), Combine: gegluGate,
		}
	}
	for _, kind := range []string{folder.FullAttention, folder.SlidingAttention} {
		if at, ok := family.FirstOf(c.types, kind); !ok || at >= c.own {
			b.Note("of %d layers none of the first %d is of type %s, which mlx-lm's gemma4 needs", c.Layers, c.own, kind)
			return nil
		}
	}
	c.ropes = gemma4Ropes(b, c)
	return c
}

// gemma4Ropes makes the two kinds' rotary embeddings from rope_parameters.
func gemma4Ropes(b *block.Builder, c *gemma4Config) map[string]*block.Rotary {
	b.Default("rope_parameters", map[string]any{
		folder.FullAttention:    map[string]any{"partial_rotary_factor": 0.25, "rope_theta": 1000000.0, "rope_type": "proportional"},
		folder.SlidingAttention: map[string]any{"partial_rotary_factor": 1.0, "rope_theta": 10000.0, "rope_type": "default"},
	})
	ropes, kinds := map[string]*block.Rotary{}, b.Part("rope_parameters")
	for kind, dim := range map[string]int{folder.FullAttention: c.fullDim(), folder.SlidingAttention: c.HeadDim} {
		o := block.RopeOptions{Dims: dim, HeadDim: dim, Base: 10000, Traditional: b.Boolean("rope_traditional", false)}
		if kinds != nil {
			if o.Scaling = kinds.Part(kind); o.Scaling != nil {
				o.Base = o.Scaling.Float("rope_theta", 10000)
			}
		}
		ropes[kind] = b.Rope(o)
	}
	return ropes
}

// fullDim is the width of heads on layers without a window.
func (c *gemma4Config) fullDim() int {
	if c.globalDim > 0 {
		return c.globalDim
	}
	return c.HeadDim
}

// dimsOf are the dimensions of a layer's attention.
func (c *gemma4Config) dimsOf(layer int) block.Dims {
	d := c.Dims
	if c.types[layer] == folder.FullAttention {
		if d.HeadDim = c.fullDim(); c.keysAreValues {
			d.KVHeads = c.globalKV
		}
	}
	return d
}

func (c *gemma4Config) layer(b *block.Builder, i int) *gemma4Layer {
	path, d, width := block.LayerPath(i), c.dimsOf(i), c.intermediate
	if c.wide && i >= c.own && c.own > 0 {
		width *= 2
	}
	l := &gemma4Layer{
		attention: gemmaAttention{
			Dims: d, rope: c.ropes[c.types[i]],
			q: b.Linear(path+".self_attn.q_proj", d.Heads*d.HeadDim, d.Hidden, false),
			o: b.Linear(path+".self_attn.o_proj", d.Hidden, d.Heads*d.HeadDim, false), qNorm: b.Norm(path+".self_attn.q_norm", d.HeadDim, d.Eps),
		},
		mlp:       b.MLP(path+".mlp", d.Hidden, width, false, gegluGate),
		inputNorm: b.Norm(path+".input_layernorm", d.Hidden, d.Eps), attentionNorm: b.Norm(path+".post_attention_layernorm", d.Hidden, d.Eps),
		ffNorm: b.Norm(path+".pre_feedforward_layernorm", d.Hidden, d.Eps), endNorm: b.Norm(path+".post_feedforward_layernorm", d.Hidden, d.Eps),
		scalar: b.Vector(path+".layer_scalar", 1),
	}
	if i < c.own {
		l.attention.k = b.Linear(path+".self_attn.k_proj", d.KVHeads*d.HeadDim, d.Hidden, false)
		l.attention.kNorm, l.attention.vNorm = b.Norm(path+".self_attn.k_norm", d.HeadDim, d.Eps), block.Unweighted(d.Eps)
		if !c.keysAreValues || c.types[i] != folder.FullAttention {
			l.attention.v = b.Linear(path+".self_attn.v_proj", d.KVHeads*d.HeadDim, d.Hidden, false)
		}
	}
	if c.experts.All > 0 {
		l.experts = gemma4ExpertsOf(b, path, d, c.experts)
	}
	if c.perLayer > 0 {
		l.own = perLayerGateOf(b, path, d, c.perLayer)
	}
	return l
}

// gegluGate is geglu of gemma4_text.py.
func gegluGate(s *mlx.Scope, gate, up mlx.Array) mlx.Array { return s.Call(block.Geglu, gate, up) }

// gemma4Body goes through the layers, handing keys and values on.
type gemma4Body struct {
	layers  []*gemma4Layer
	sources []int // whose keys and values a layer sees
	maskOf  []int
	inputs  *layerInputs // nil: none
}

// gemma4Seen is what a layer's attention saw.
type gemma4Seen struct {
	entries cache.Entries
	offset  cache.Offset
}

func (g *gemma4Body) forward(st *cache.Step, p block.Pass) mlx.Array {
	x, seen := p.X, make([]gemma4Seen, len(g.layers))
	var inputs []mlx.Array
	if g.inputs != nil {
		inputs = g.inputs.of(st, p)
	}
	for i, l := range g.layers {
		mask := p.Masks[g.maskOf[i]]
		if from := g.sources[i]; from != i {
			seen[i] = seen[from]
		} else {
			seen[i].offset = cache.OffsetOf(st, p.Caches[i])
		}
		var input mlx.Array
		if inputs != nil {
			input = inputs[i]
		}
		x = l.forward(st, gemma4Call{x: x, mask: mask, input: input, seen: &seen[i], caches: p.Caches, own: g.sources[i] == i, layer: i})
	}
	return x
}

// gemma4Call is what one layer is called with.
type gemma4Call struct {
	x, input mlx.Array
	mask     mlx.Mask
	seen     *gemma4Seen
	caches   []cache.Cache
	own      bool
	layer    int
}

// gemma4Layer is DecoderLayer.
type gemma4Layer struct {
	attention                                 gemmaAttention
	mlp                                       *block.MLP
	experts                                   *gemma4Experts // nil: none
	own                                       *perLayerGate  // nil: none
	inputNorm, attentionNorm, ffNorm, endNorm *block.Norm
	scalar                                    mlx.Array
}

func (l *gemma4Layer) forward(st *cache.Step, c gemma4Call) mlx.Array {
	s := st.S
	normed := l.inputNorm.Forward(s, c.x)
	if c.own {
		kv := c.caches[c.layer].(cache.KV)
		k, v := l.attention.keys(st, normed, c.seen.offset)
		c.seen.entries = kv.Update(st, k, v)
	}
	h := s.Add(c.x, l.attentionNorm.Forward(s, l.attention.look(st, normed, c.seen, c.mask)))
	f := l.mlp.Forward(st, l.ffNorm.Forward(s, h))
	if l.experts != nil {
		f = l.experts.forward(st, f, h)
	}
	h = s.Add(h, l.endNorm.Forward(s, f))
	if l.own != nil {
		h = s.Add(h, l.own.forward(s, h, c.input))
	}
	return s.Multiply(h, l.scalar)
}

// gemmaAttention is Attention of gemma3n and gemma4: queries, keys and values are
// normed, and the scale is 1.
type gemmaAttention struct {
	block.Dims
	q, k, v, o          *block.Linear // v nil: the keys before their norm
	qNorm, kNorm, vNorm *block.Norm
	rope                *block.Rotary
}

// keys returns a step's own keys and values, (1, heads, tokens, dim).
func (a *gemmaAttention) keys(st *cache.Step, x mlx.Array, offset cache.Offset) (k, v mlx.Array) {
	s := st.S
	k = s.Reshape(a.k.Forward(s, x), 1, st.Tokens, a.KVHeads, a.HeadDim)
	v = k
	if a.v != nil {
		v = s.Reshape(a.v.Forward(s, x), 1, st.Tokens, a.KVHeads, a.HeadDim)
	}
	k = a.rope.Forward(st, s.Transpose(a.kNorm.Forward(s, k), 0, 2, 1, 3), a.KVHeads, offset)
	return k, s.Transpose(a.vNorm.Forward(s, v), 0, 2, 1, 3)
}

// look attends to what a cache returned, from the position of the first token.
func (a *gemmaAttention) look(st *cache.Step, x mlx.Array, seen *gemma4Seen, mask mlx.Mask) mlx.Array {
	s := st.S
	q := a.qNorm.Forward(s, s.Reshape(a.q.Forward(s, x), 1, st.Tokens, a.Heads, a.HeadDim))
	q = a.rope.Forward(st, s.Transpose(q, 0, 2, 1, 3), a.Heads, seen.offset)
	out := s.Attention(q, seen.entries.K, seen.entries.V, 1, mask, mlx.Array{})
	return a.o.Forward(s, s.Reshape(s.Transpose(out, 0, 2, 1, 3), 1, st.Tokens, -1))
}

// gemma4Experts is the part of a DecoderLayer with a Router and Experts.
type gemma4Experts struct {
	router             *block.Linear
	expertScale        mlx.Array
	experts            *block.SwitchGLU
	norm1, pre2, norm2 *block.Norm
	all                int
	routerNorm         *block.Norm
}

func gemma4ExpertsOf(b *block.Builder, path string, d block.Dims, o block.ExpertOptions) *gemma4Experts {
	o.Joined, o.Down = path+".experts.gate_up_proj", path+".experts.down_proj"
	return &gemma4Experts{
		router:      b.Linear(path+".router.proj", o.All, d.Hidden, false),
		routerNorm:  b.ScaledNorm(path+".router.scale", d.Hidden, d.Eps, math.Pow(float64(d.Hidden), -0.5)),
		expertScale: b.Vector(path+".router.per_expert_scale", o.All),
		experts:     b.SwitchGLU(path+".experts.switch_glu", o),
		norm1:       b.Norm(path+".post_feedforward_layernorm_1", d.Hidden, d.Eps),
		pre2:        b.Norm(path+".pre_feedforward_layernorm_2", d.Hidden, d.Eps),
		norm2:       b.Norm(path+".post_feedforward_layernorm_2", d.Hidden, d.Eps),
		all:         o.All,
	}
}

// forward adds the experts to what the dense feed-forward gave.
func (m *gemma4Experts) forward(st *cache.Step, dense, h mlx.Array) mlx.Array {
	s := st.S
	logits := m.router.Forward(s, m.routerNorm.Forward(s, h))
	indices := block.LastChosen(st, s.ArgPartition(logits, -m.experts.Chosen), m.all, m.experts.Chosen)
	weights := s.SoftmaxAsTyped(s.TakeAlong(logits, indices))
	weights = s.Multiply(weights, s.Take(m.expertScale, indices, 0))
	y := block.Weighted(s, m.experts.Forward(st, m.pre2.Forward(s, h), indices), weights)
	return s.Add(m.norm1.Forward(s, dense), m.norm2.Forward(s, y))
}

// sharedSources tells for each layer whose keys and values it sees: those behind
// the first own ones see the last own layer's of their kind.
func sharedSources(types []string, own int) []int {
	sources, last := make([]int, len(types)), map[string]int{}
	for i, kind := range types {
		if sources[i] = i; i < own {
			last[kind] = i
		} else {
			sources[i] = last[kind]
		}
	}
	return sources
}

// masksByType are the indices of Network.Sliding's masks.
func masksByType(types []string) []int {
	masks := make([]int, len(types))
	for i, kind := range types {
		if kind == folder.SlidingAttention {
			masks[i] = 1
		}
	}
	return masks
}

// cappedAtOnce is logit_softcap as one function.
func cappedAtOnce(to float64) func(s *mlx.Scope, logits mlx.Array) mlx.Array {
	f := capFunction(to)
	return func(s *mlx.Scope, logits mlx.Array) mlx.Array { return s.Call(f, logits) }
}
