package mlx

func init() {
	register(Family{Module: "qwen3", Pass: &Pass{Config: true}})
}
