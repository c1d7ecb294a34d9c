package mlx

func init() {
	register(Family{Module: "gemma4", Also: []string{"gemma4_unified"}, Cache: Cache{Chooses: true, Slides: true}, Pass: &Pass{}})
}
