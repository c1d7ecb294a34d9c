package family

import (
	"slices"

	"assay/native/mlx"
	"assay/native/mlx/lm/block"
	"assay/native/mlx/lm/cache"
	"assay/native/mlx/lm/folder"
)

func init() {
	Register(ministral3, "ministral3")
	Register(mistral3, "mistral3", "llava")
}

// ministral3 is mlx_lm/models/ministral3.py: llama's layers, whose queries grow
// with the logarithm of their position.
func ministral3(b *block.Builder) *block.Network {
	d := HeadedDims(b)
	intermediate := b.Integer("intermediate_size")
	scaling := b.Section("rope_parameters")
	defer func() { b.Problems = append(b.Problems, scaling.Problems...) }()
	rope := b.Rope(block.RopeOptions{Dims: d.HeadDim, HeadDim: d.HeadDim, Base: scaling.Float("rope_theta"), Scaling: scaling})
	t := &temperature{beta: scaling.Float("llama_4_scaling_beta"), context: scaling.Float("original_max_position_embeddings")}
	types := b.LayerTypes(d.Layers, slices.Repeat([]string{folder.FullAttention}, d.Layers))
	if !slices.Contains(types, folder.FullAttention) {
		b.Note("layer_types has no %s, which mlx-lm's ministral3 needs", folder.FullAttention)
	}
	tied := tied(b, true)
	b.Ignore("self_attn.rotary_emb.inv_freq")
	n := b.Base(d, tied)
	for i := range d.Layers {
		path := block.LayerPath(i)
		a := b.Attention(path+".self_attn", d, block.AttentionOptions{Rope: rope})
		a.Adjust = t.adjust
		n.Layers = append(n.Layers, b.PreNorm(path, d, a, b.MLP(path+".mlp", d.Hidden, intermediate, false, block.SwigluGate)))
	}
	n.Norm = b.Norm("model.norm", d.Hidden, d.Eps)
	n.Before = t.prepare
	n.ChoosesCaches = true
	if slices.Contains(types, folder.SlidingAttention) {
		n.Sliding(types, b.Integer("sliding_window"))
	}
	return n
}

// temperature is _get_llama_4_attn_scale, once a step for all layers.
type temperature struct {
	beta, context float64
	value         mlx.Array
}

func (t *temperature) prepare(st *cache.Step, x mlx.Array, caches []cache.Cache) {
	s := st.S
	offset := caches[0].Position()
	number := func(n float64) mlx.Array { return s.Scalar(n, mlx.Float32) }
	at := s.Arange(float64(offset), float64(offset+st.Tokens), 1, mlx.Int32)
	times := s.Floor(s.Divide(s.AsType(at, mlx.Float32), number(t.context)))
	grown := s.Multiply(number(t.beta), s.Log(s.Add(number(1), times)))
	t.value = s.AsType(s.ExpandDims(s.Add(number(1), grown), 1), s.Type(x))
}

func (t *temperature) adjust(st *cache.Step, q mlx.Array, _ int) mlx.Array {
	return st.S.Multiply(q, t.value)
}

// mistral3 is mlx_lm/models/mistral3.py: ministral3's or llama's text model in one
// that sees. It has no make_cache, so caches are plain whatever slides.
func mistral3(b *block.Builder) *block.Network {
	textOnly(b)
	n := Inner(b, "language_model.", func(b *block.Builder) *block.Network {
		b.Default("tie_word_embeddings", false)
		switch kind := b.Text("model_type", "llama"); kind {
		case "ministral3":
			return ministral3(b)
		case "mistral4":
			b.Note("text_config.model_type mistral4 is not supported")
			return nil
		default:
			return llama(b)
		}
	})
	if n != nil {
		for i := range n.Caches {
			n.Caches[i].Window = 0
		}
		n.ChoosesCaches = false
	}
	return n
}
