package mlx

func init() {
	register(Family{Module: "seed_oss", Pass: &Pass{}})
}
