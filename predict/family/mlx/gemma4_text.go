package mlx

func init() {
	register(Family{Module: "gemma4_text", Cache: Cache{Chooses: true, Slides: true}, Pass: &Pass{}})
}
