package mlx

func init() {
	register(Family{Module: "exaone4", Cache: Cache{Chooses: true, Slides: true},
		Pass: &Pass{Tensors: listed(usual(attention(perHead, true), dense).behind())}})
}
