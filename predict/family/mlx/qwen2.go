package mlx

func init() {
	register(Family{Module: "qwen2", Cache: Cache{Batches: true}, Pass: &Pass{Config: true}})
}
