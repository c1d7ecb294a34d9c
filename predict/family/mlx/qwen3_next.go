package mlx

func init() {
	register(Family{Module: "qwen3_next", Cache: Cache{Chooses: true}, Pass: &Pass{Tensors: listed(usual(delta(true), qwenExperts))}})
}
