package mlx

func init() {
	register(Family{Module: "lfm2_moe", Cache: Cache{Chooses: true}, Pass: &Pass{}})
}
