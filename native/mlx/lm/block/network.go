// Package block has what models are made of: embeddings, linear layers, norms,
// attention, experts, and the Network of them, computed in the order that mlx-lm
// computes them in. A Builder takes their weights from a folder. It must not know
// any family.
package block

import (
	"assay/native/mlx"
	"assay/native/mlx/lm/cache"
)

// Network is a model: embedding, layers, norm and output layer.
type Network struct {
	Embed *Embedding
	// Scale multiplies the embedding (gemma); the zero Array does not.
	Scale  mlx.Array
	Layers []Layer
	// Of says which cache and mask each layer takes.
	Of     []Place
	Masks  []cache.MaskRule
	Norm   *Norm
	Head   *Linear // nil: the embedding's weights
	Caches []cache.Rule
	// Batches: several sequences at once are held against mlx-lm's batch generation.
	Batches bool
	// ChoosesCaches: the family's make_cache ignores max_kv_size.
	ChoosesCaches bool
	Vocab         int
	// Before, where it is set, prepares what the layers share in a step.
	Before func(st *cache.Step, x mlx.Array, caches []cache.Cache)
	// Body, where it is set, goes through the layers in place of one after
	// another; Finish makes logits of what the head gives.
	Body   func(st *cache.Step, p Pass) mlx.Array
	Finish func(s *mlx.Scope, logits mlx.Array) mlx.Array
}

// Place is a layer's cache and mask, by index; None where it has none.
type Place struct{ Cache, Mask int }

// None is a Place without a cache or a mask.
const None = -1

// Pass is a step's tokens (rows, tokens) with their embeddings, masks and caches.
type Pass struct {
	Tokens, X mlx.Array
	Masks     []mlx.Mask
	Caches    []cache.Cache
}

// Layer is a transformer block.
type Layer interface {
	Forward(st *cache.Step, x mlx.Array, mask mlx.Mask, c cache.Cache) mlx.Array
}

// Mixer is the half of a layer that looks at other tokens.
type Mixer = Layer

// Forward returns the hidden states of all tokens, (rows, tokens, hidden), behind
// the last norm.
func (n *Network) Forward(st *cache.Step, tokens mlx.Array, caches []cache.Cache) mlx.Array {
	s := st.S
	p := Pass{Tokens: tokens, X: n.Embed.Forward(s, tokens), Masks: make([]mlx.Mask, len(n.Masks)), Caches: caches}
	if n.Scale.Valid() {
		p.X = s.Multiply(p.X, n.Scale)
	}
	for i, rule := range n.Masks {
		p.Masks[i] = caches[rule.From].(cache.KV).Mask(st, rule.Window, rule.AsArray)
	}
	if n.Body != nil {
		return n.Norm.Forward(s, n.Body(st, p))
	}
	if n.Before != nil {
		n.Before(st, p.X, caches)
	}
	x := p.X
	for i, layer := range n.Layers {
		var mask mlx.Mask
		var own cache.Cache
		if at := n.Of[i].Mask; at != None {
			mask = p.Masks[at]
		}
		if at := n.Of[i].Cache; at != None {
			own = caches[at]
		}
		x = layer.Forward(st, x, mask, own)
	}
	return n.Norm.Forward(s, x)
}

// Logits returns (rows, tokens, vocab) from hidden states.
func (n *Network) Logits(st *cache.Step, x mlx.Array) mlx.Array {
	head := n.Head
	if head == nil {
		head = &n.Embed.head
	}
	x = head.Forward(st.S, x)
	if n.Finish != nil {
		x = n.Finish(st.S, x)
	}
	return x
}

// PreNorm is the block of llama and most others: a norm before each half.
type PreNorm struct {
	Mixer             Mixer
	FeedForward       FeedForward
	InputNorm, FFNorm *Norm
}

func (l *PreNorm) Forward(st *cache.Step, x mlx.Array, mask mlx.Mask, c cache.Cache) mlx.Array {
	s := st.S
	x = s.Add(x, l.Mixer.Forward(st, l.InputNorm.Forward(s, x), mask, c))
	return s.Add(x, l.FeedForward.Forward(st, l.FFNorm.Forward(s, x)))
}

// PostNorm is olmo3's block: a norm behind each half, and none before.
type PostNorm struct {
	Mixer             Mixer
	FeedForward       FeedForward
	MixerNorm, FFNorm *Norm
}

func (l *PostNorm) Forward(st *cache.Step, x mlx.Array, mask mlx.Mask, c cache.Cache) mlx.Array {
	s := st.S
	x = s.Add(x, l.MixerNorm.Forward(s, l.Mixer.Forward(st, x, mask, c)))
	return s.Add(x, l.FFNorm.Forward(s, l.FeedForward.Forward(st, x)))
}

// sandwich is gemma's block: a norm before and behind each half.
type sandwich struct {
	attention                       *Attention
	feedForward                     FeedForward
	inputNorm, postAttentionNorm    *Norm
	preFeedForward, postFeedForward *Norm
	residual                        func(s *mlx.Scope, x, y mlx.Array) mlx.Array
}

func (l *sandwich) Forward(st *cache.Step, x mlx.Array, mask mlx.Mask, c cache.Cache) mlx.Array {
	s := st.S
	r := l.attention.Forward(st, l.inputNorm.Forward(s, x), mask, c)
	x = l.residual(s, x, l.postAttentionNorm.Forward(s, r))
	r = l.feedForward.Forward(st, l.preFeedForward.Forward(s, x))
	return l.residual(s, x, l.postFeedForward.Forward(s, r))
}
