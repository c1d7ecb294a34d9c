package mlx

func init() {
	register(Family{Module: "qwen2", Pass: &Pass{Config: true}})
}
