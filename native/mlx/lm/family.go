package lm

import "fmt"

// family builds the network of one model_type; each is a file of its own,
// named after mlx-lm's module.
type family func(b *builder) *network

// families are the model types that can be run. mistral is llama in mlx-lm too
// (MODEL_REMAPPING of mlx_lm/utils.py).
var families = map[string]family{
	"gemma2":      gemma2,
	"gemma3":      gemma3,
	"gemma3_text": gemma3Text,
	"gpt_oss":     gptOSS,
	"llama":       llama,
	"mistral":     llama,
	"mixtral":     mixtral,
	"phi3":        phi3,
	"qwen2":       qwen2,
	"qwen2_moe":   qwen2MoE,
	"qwen3":       qwen3,
	"qwen3_moe":   qwen3MoE,
}

// dims are the sizes that every family has.
type dims struct {
	hidden, layers, vocab   int
	heads, kvHeads, headDim int
	eps                     float64
}

// squareDims reads the dimensions of a model whose heads fill its width.
func (b *builder) squareDims() dims {
	d := dims{
		hidden: b.integer("hidden_size"),
		layers: b.integer("num_hidden_layers"),
		vocab:  b.integer("vocab_size"),
		heads:  b.integer("num_attention_heads"),
		eps:    b.float("rms_norm_eps"),
	}
	d.kvHeads = b.integer("num_key_value_heads", d.heads)
	d.headDim = d.hidden / d.heads
	b.checkHeads(d)
	return d
}

// attentionOptions are what the families' attention layers differ in.
type attentionOptions struct {
	bias, outBias bool
	norms         func(path string, size int, eps float64) *norm // nil: none
	scale         float64                                        // 0: 1/sqrt(headDim)
	rope          *rotary
}

// attention takes the q, k, v and o projections of a layer at path.
func (b *builder) attention(path string, d dims, o attentionOptions) *attention {
	a := &attention{
		shape:      d.cached(),
		queryHeads: d.heads,
		scale:      float32(o.scale),
		q:          b.linear(path+".q_proj", d.heads*d.headDim, d.hidden, o.bias),
		k:          b.linear(path+".k_proj", d.kvHeads*d.headDim, d.hidden, o.bias),
		v:          b.linear(path+".v_proj", d.kvHeads*d.headDim, d.hidden, o.bias),
		o:          b.linear(path+".o_proj", d.hidden, d.heads*d.headDim, o.outBias),
		rope:       o.rope,
	}
	if o.scale == 0 {
		a.scale = inverseRoot(float64(d.headDim))
	}
	if o.norms != nil {
		a.qNorm = o.norms(path+".q_norm", d.headDim, d.eps)
		a.kNorm = o.norms(path+".k_norm", d.headDim, d.eps)
	}
	return a
}

// cached is what a layer of these dimensions caches.
func (d dims) cached() shape { return shape{heads: d.kvHeads, keyDim: d.headDim, valueDim: d.headDim} }

// checkHeads notes head counts that do not divide.
func (b *builder) checkHeads(d dims) {
	if d.heads%d.kvHeads != 0 {
		b.note("num_attention_heads %d is no multiple of num_key_value_heads %d", d.heads, d.kvHeads)
	}
}

// base makes the parts that all networks share; each layer caches in full.
func (b *builder) base(d dims, tied bool) *network {
	n := &network{
		embed: b.embedding("model.embed_tokens", d.vocab, d.hidden, tied),
		masks: []maskRule{{}},
		vocab: d.vocab,
	}
	if !tied {
		n.head = b.linear("lm_head", d.vocab, d.hidden, false)
	}
	n.caches = make([]cacheRule, d.layers)
	for i := range n.caches {
		n.caches[i].shape = d.cached()
	}
	return n
}

// preNorm takes the norms of a layer at path.
func (b *builder) preNorm(path string, d dims, a *attention, f feedForward) *preNorm {
	return &preNorm{
		attention:   a,
		feedForward: f,
		inputNorm:   b.norm(path+".input_layernorm", d.hidden, d.eps),
		ffNorm:      b.norm(path+".post_attention_layernorm", d.hidden, d.eps),
	}
}

// sliding makes the layers of a type rotate over a window; one mask for each
// kind, made from the first layer of the kind.
func (n *network) sliding(types []string, window int) {
	first := func(kind string) int {
		for i, t := range types {
			if t == kind {
				return i
			}
		}
		return 0
	}
	n.masks = []maskRule{{from: first(fullAttention)}, {from: first(slidingAttention), window: window}}
	for i, t := range types {
		if t == slidingAttention {
			n.caches[i].window, n.caches[i].mask = window, 1
		}
	}
	n.choosesCaches = true
}

func layerPath(i int) string { return fmt.Sprintf("model.layers.%d", i) }
