package mlx

func init() {
	register(Family{Module: "mixtral", Pass: &Pass{Config: true}})
}
