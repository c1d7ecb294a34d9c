package mlx

func init() {
	register(Family{Module: "phi3", Pass: &Pass{Config: true}})
}
