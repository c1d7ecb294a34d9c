package block

import (
	"fmt"

	"assay/native/mlx"
	"assay/native/mlx/lm/cache"
	"assay/native/mlx/lm/folder"
)

// Dims are the sizes that every family has.
type Dims struct {
	Hidden, Layers, Vocab   int
	Heads, KVHeads, HeadDim int
	Eps                     float64
}

// SquareDims reads the dimensions of a model whose heads fill its width.
func (b *Builder) SquareDims() Dims {
	d := Dims{
		Hidden: b.Integer("hidden_size"),
		Layers: b.Integer("num_hidden_layers"),
		Vocab:  b.Integer("vocab_size"),
		Heads:  b.Integer("num_attention_heads"),
		Eps:    b.Float("rms_norm_eps"),
	}
	d.KVHeads = b.Integer("num_key_value_heads", d.Heads)
	d.HeadDim = d.Hidden / d.Heads
	b.CheckHeads(d)
	return d
}

// AttentionOptions are what the families' attention layers differ in.
type AttentionOptions struct {
	Bias, OutBias bool
	Norms         func(path string, size int, eps float64) *Norm // nil: none
	Scale         float64                                        // 0: 1/sqrt(headDim)
	Rope          *Rotary
}

// Attention takes the q, k, v and o projections of a layer at path.
func (b *Builder) Attention(path string, d Dims, o AttentionOptions) *Attention {
	a := &Attention{
		Shape:      d.Cached(),
		QueryHeads: d.Heads,
		Scale:      float32(o.Scale),
		Q:          b.Linear(path+".q_proj", d.Heads*d.HeadDim, d.Hidden, o.Bias),
		K:          b.Linear(path+".k_proj", d.KVHeads*d.HeadDim, d.Hidden, o.Bias),
		V:          b.Linear(path+".v_proj", d.KVHeads*d.HeadDim, d.Hidden, o.Bias),
		O:          b.Linear(path+".o_proj", d.Hidden, d.Heads*d.HeadDim, o.OutBias),
		Rope:       o.Rope,
	}
	if o.Scale == 0 {
		a.Scale = InverseRoot(float64(d.HeadDim))
	}
	if o.Norms != nil {
		a.QNorm = o.Norms(path+".q_norm", d.HeadDim, d.Eps)
		a.KNorm = o.Norms(path+".k_norm", d.HeadDim, d.Eps)
	}
	return a
}

// Cached is what a layer of these dimensions caches.
func (d Dims) Cached() cache.Shape {
	return cache.Shape{Heads: d.KVHeads, KeyDim: d.HeadDim, ValueDim: d.HeadDim}
}

// CheckHeads notes head counts that do not divide.
func (b *Builder) CheckHeads(d Dims) {
	if d.Heads%d.KVHeads != 0 {
		b.Note("num_attention_heads %d is no multiple of num_key_value_heads %d", d.Heads, d.KVHeads)
	}
}

// Base makes the parts that most networks share, with plain caches on all layers.
func (b *Builder) Base(d Dims, tied bool) *Network {
	n := &Network{Embed: b.Embedding("model.embed_tokens", d.Vocab, d.Hidden, tied), Vocab: d.Vocab}
	if !tied {
		n.Head = b.Linear("lm_head", d.Vocab, d.Hidden, false)
	}
	n.Plain(d)
	return n
}

// Plain gives each layer a plain cache, and all of them one mask.
func (n *Network) Plain(d Dims) {
	n.Masks = []cache.MaskRule{{}}
	n.Caches, n.Of = make([]cache.Rule, d.Layers), make([]Place, d.Layers)
	for i := range n.Caches {
		n.Caches[i] = cache.Rule{Layer: i, Shape: d.Cached()}
		n.Of[i] = Place{Cache: i}
	}
}

// PreNorm takes the norms of a layer at path.
func (b *Builder) PreNorm(path string, d Dims, m Mixer, f FeedForward) *PreNorm {
	return &PreNorm{
		Mixer:       m,
		FeedForward: f,
		InputNorm:   b.Norm(path+".input_layernorm", d.Hidden, d.Eps),
		FFNorm:      b.Norm(path+".post_attention_layernorm", d.Hidden, d.Eps),
	}
}

// PostNorm takes the norms of a layer at path.
func (b *Builder) PostNorm(path string, d Dims, m Mixer, f FeedForward) *PostNorm {
	return &PostNorm{
		Mixer:       m,
		FeedForward: f,
		MixerNorm:   b.Norm(path+".post_attention_layernorm", d.Hidden, d.Eps),
		FFNorm:      b.Norm(path+".post_feedforward_layernorm", d.Hidden, d.Eps),
	}
}

// Recurrent makes the layers of a network keep states where attends is false;
// masks come from the first layer that attends.
func (n *Network) Recurrent(attends func(layer int) bool) {
	first := None
	for i := range n.Caches {
		if attends(i) {
			if first == None {
				first = i
			}
			continue
		}
		n.Caches[i] = cache.Rule{Layer: i, State: true}
		n.Of[i].Mask = None
	}
	n.Masks = nil
	if first != None {
		n.Masks = []cache.MaskRule{{From: first}}
	}
	n.ChoosesCaches = true
}

// Sliding makes the layers of a type rotate over a window; one mask for each
// kind, made from the first layer of the kind.
func (n *Network) Sliding(types []string, window int) {
	first := func(kind string) int {
		for i, t := range types {
			if t == kind {
				return i
			}
		}
		return 0
	}
	n.Masks = []cache.MaskRule{{From: first(folder.FullAttention)}, {From: first(folder.SlidingAttention), Window: window}}
	for i, t := range types {
		if t == folder.SlidingAttention {
			n.Caches[i].Window, n.Of[i].Mask = window, 1
		}
	}
	n.ChoosesCaches = true
}

// LayerPath is the path of layer i.
func LayerPath(i int) string { return fmt.Sprintf("model.layers.%d", i) }

// PlainSum is a residual connection.
func PlainSum(s *mlx.Scope, x, y mlx.Array) mlx.Array { return s.Add(x, y) }

// Sandwich takes the norms and the MLP of one of gemma's layers.
func (b *Builder) Sandwich(path string, d Dims, a *Attention, intermediate int,
	residual func(s *mlx.Scope, x, y mlx.Array) mlx.Array) *sandwich {
	return &sandwich{
		attention:         a,
		feedForward:       b.MLP(path+".mlp", d.Hidden, intermediate, false, GeluGate),
		inputNorm:         b.GemmaNorm(path+".input_layernorm", d.Hidden, d.Eps),
		postAttentionNorm: b.GemmaNorm(path+".post_attention_layernorm", d.Hidden, d.Eps),
		preFeedForward:    b.GemmaNorm(path+".pre_feedforward_layernorm", d.Hidden, d.Eps),
		postFeedForward:   b.GemmaNorm(path+".post_feedforward_layernorm", d.Hidden, d.Eps),
		residual:          residual,
	}
}

// EmbedType is the type that embeddings come out with.
func (n *Network) EmbedType(b *Builder) mlx.DType {
	switch {
	case !b.Usable():
		return mlx.Float32
	case n.Embed.weight.Valid():
		return b.S.Type(n.Embed.weight)
	}
	return b.S.Type(n.Embed.head.packed.Scales)
}
