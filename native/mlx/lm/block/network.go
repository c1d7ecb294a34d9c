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
	embed *Embedding
	// Scale multiplies the embedding (gemma); the zero Array does not.
	Scale  mlx.Array
	Layers []Layer
	Masks  []cache.MaskRule
	Norm   *Norm
	head   *Linear // nil: the embedding's weights
	// Softcap bounds the logits (gemma2); 0 does not.
	Softcap float64
	Caches  []cache.Rule
	// ChoosesCaches: the family's make_cache ignores max_kv_size.
	ChoosesCaches bool
	Vocab         int
}

// Layer is a transformer block.
type Layer interface {
	Forward(st *cache.Step, x mlx.Array, mask mlx.Mask, c cache.Cache) mlx.Array
}

// Forward returns the hidden states of all tokens, (1, tokens, hidden), behind
// the last norm.
func (n *Network) Forward(st *cache.Step, tokens mlx.Array, caches []cache.Cache) mlx.Array {
	s := st.S
	x := n.embed.Forward(s, tokens)
	if n.Scale.Valid() {
		x = s.Multiply(x, n.Scale)
	}
	masks := make([]mlx.Mask, len(n.Masks))
	for i, rule := range n.Masks {
		masks[i] = caches[rule.From].Mask(st, rule.Window, rule.AsArray)
	}
	for i, layer := range n.Layers {
		x = layer.Forward(st, x, masks[n.Caches[i].Mask], caches[i])
	}
	return n.Norm.Forward(s, x)
}

// Logits returns (1, tokens, vocab) from hidden states.
func (n *Network) Logits(st *cache.Step, x mlx.Array) mlx.Array {
	s := st.S
	head := n.head
	if head == nil {
		head = &n.embed.head
	}
	x = head.Forward(s, x)
	if n.Softcap > 0 {
		limit := s.Scalar(n.Softcap, s.Type(x))
		x = s.Multiply(s.Tanh(s.Divide(x, limit)), limit)
	}
	return x
}

// PreNorm is the block of llama and most others: a norm before each half.
type PreNorm struct {
	attention         *Attention
	feedForward       FeedForward
	inputNorm, ffNorm *Norm
}

func (l *PreNorm) Forward(st *cache.Step, x mlx.Array, mask mlx.Mask, c cache.Cache) mlx.Array {
	s := st.S
	x = s.Add(x, l.attention.Forward(st, l.inputNorm.Forward(s, x), mask, c))
	return s.Add(x, l.feedForward.Forward(st, l.ffNorm.Forward(s, x)))
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
