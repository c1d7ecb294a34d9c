package mlx

// mistral3 has no make_cache: its caches are plain, even where its text model slides.
func init() {
	register(Family{Module: "mistral3", Also: []string{"llava"}, Pass: &Pass{Tensors: listed(usual(attention(noNorms, true), dense))}})
}
