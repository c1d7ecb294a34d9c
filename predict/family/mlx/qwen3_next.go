package mlx

func init() {
	register(Family{Module: "qwen3_next", Cache: Cache{Chooses: true}, Pass: &Pass{}})
}
