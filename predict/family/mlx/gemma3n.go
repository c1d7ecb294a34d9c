package mlx

func init() {
	register(Family{Module: "gemma3n", Cache: Cache{Chooses: true, Slides: true}, Pass: &Pass{}})
}
