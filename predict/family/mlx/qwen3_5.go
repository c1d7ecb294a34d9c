package mlx

func init() {
	register(Family{Module: "qwen3_5", Cache: Cache{Batches: true, Chooses: true},
		Pass: &Pass{Tensors: listed(usual(delta(false), qwenExperts))}})
}
