package mlx

func init() {
	register(Family{Module: "olmo3", Cache: Cache{Chooses: true, Slides: true},
		Pass: &Pass{Tensors: listed(usual(attention(perToken, true), dense).behind())}})
}
