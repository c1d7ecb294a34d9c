package mlx

func init() {
	o := usual(attention(noNorms, true), dense)
	o.norms = []string{"input_layernorm"} // attention and feed-forward read the same
	register(Family{Module: "cohere2", Cache: Cache{Chooses: true, Slides: true}, Pass: &Pass{Tensors: listed(o)}})
}
