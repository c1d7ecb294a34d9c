package mlx

func init() {
	register(Family{Module: "gemma3_text", Cache: Cache{Chooses: true, Slides: true}, Pass: &Pass{Config: true}})
}
