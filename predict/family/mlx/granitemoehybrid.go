package mlx

func init() {
	register(Family{Module: "granitemoehybrid", Cache: Cache{Chooses: true}, Pass: &Pass{}})
}
