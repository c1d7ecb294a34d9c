package lm

import "assay/native/mlx"

// network is a model: embedding, layers, norm and output layer.
type network struct {
	embed *embedding
	// scale multiplies the embedding (gemma); the zero Array does not.
	scale  mlx.Array
	layers []layer
	masks  []maskRule
	norm   *norm
	head   *linear // nil: the embedding's weights
	// softcap bounds the logits (gemma2); 0 does not.
	softcap float64
	caches  []cacheRule
	// choosesCaches: the family's make_cache ignores max_kv_size.
	choosesCaches bool
	vocab         int
}

// layer is a transformer block.
type layer interface {
	forward(st *step, x mlx.Array, mask mlx.Mask, c cache) mlx.Array
}

// maskRule makes one mask a step from one layer's cache.
type maskRule struct {
	from    int // the layer
	window  int // 0: none
	asArray bool
}

// cacheRule is what one layer caches and which mask it takes.
type cacheRule struct {
	shape
	window int // 0: every token is kept
	mask   int // index in network.masks
	// unquantisable says why the layer cannot read a quantised cache, or "".
	unquantisable string
}

// forward answers the hidden states of all tokens, (1, tokens, hidden), behind
// the last norm.
func (n *network) forward(st *step, tokens mlx.Array, caches []cache) mlx.Array {
	s := st.s
	x := n.embed.forward(s, tokens)
	if n.scale.Valid() {
		x = s.Multiply(x, n.scale)
	}
	masks := make([]mlx.Mask, len(n.masks))
	for i, rule := range n.masks {
		masks[i] = caches[rule.from].mask(st, rule.window, rule.asArray)
	}
	for i, layer := range n.layers {
		x = layer.forward(st, x, masks[n.caches[i].mask], caches[i])
	}
	return n.norm.forward(s, x)
}

// logits answers (1, tokens, vocab) from hidden states.
func (n *network) logits(st *step, x mlx.Array) mlx.Array {
	s := st.s
	head := n.head
	if head == nil {
		head = &n.embed.head
	}
	x = head.forward(s, x)
	if n.softcap > 0 {
		limit := s.Scalar(n.softcap, s.Type(x))
		x = s.Multiply(s.Tanh(s.Divide(x, limit)), limit)
	}
	return x
}

// preNorm is the block of llama and most others: a norm before each half.
type preNorm struct {
	attention         *attention
	feedForward       feedForward
	inputNorm, ffNorm *norm
}

func (l *preNorm) forward(st *step, x mlx.Array, mask mlx.Mask, c cache) mlx.Array {
	s := st.s
	x = s.Add(x, l.attention.forward(st, l.inputNorm.forward(s, x), mask, c))
	return s.Add(x, l.feedForward.forward(st, l.ffNorm.forward(s, x)))
}

// sandwich is gemma's block: a norm before and behind each half.
type sandwich struct {
	attention                       *attention
	feedForward                     feedForward
	inputNorm, postAttentionNorm    *norm
	preFeedForward, postFeedForward *norm
	residual                        func(s *mlx.Scope, x, y mlx.Array) mlx.Array
}

func (l *sandwich) forward(st *step, x mlx.Array, mask mlx.Mask, c cache) mlx.Array {
	s := st.s
	r := l.attention.forward(st, l.inputNorm.forward(s, x), mask, c)
	x = l.residual(s, x, l.postAttentionNorm.forward(s, r))
	r = l.feedForward.forward(st, l.preFeedForward.forward(s, x))
	return l.residual(s, x, l.postFeedForward.forward(s, r))
}
