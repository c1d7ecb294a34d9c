package mlx

func init() {
	register(Family{Module: "gemma3", Cache: Cache{Batches: true, Chooses: true, Slides: true}, Pass: &Pass{Config: true}})
}
