package mlx

func init() {
	register(Family{Module: "qwen3_moe", Pass: &Pass{Config: true}})
}
