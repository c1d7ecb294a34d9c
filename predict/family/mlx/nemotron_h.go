package mlx

func init() {
	register(Family{Module: "nemotron_h", Cache: Cache{Chooses: true}, Pass: &Pass{OwnHead: true}})
}
