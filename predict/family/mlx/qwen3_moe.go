package mlx

func init() {
	register(Family{Module: "qwen3_moe", Cache: Cache{Batches: true}, Pass: &Pass{Config: true}})
}
