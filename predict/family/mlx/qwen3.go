package mlx

func init() {
	register(Family{Module: "qwen3", Cache: Cache{Batches: true}, Pass: &Pass{Config: true}})
}
