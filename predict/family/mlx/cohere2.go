package mlx

func init() {
	register(Family{Module: "cohere2", Cache: Cache{Chooses: true, Slides: true}, Pass: &Pass{}})
}
