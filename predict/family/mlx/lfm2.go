package mlx

func init() {
	register(Family{Module: "lfm2", Cache: Cache{Chooses: true}, Pass: &Pass{}})
}
