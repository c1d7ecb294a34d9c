package mlx

func init() {
	register(Family{Module: "qwen2_moe", Pass: &Pass{Config: true, OwnHead: true}})
}
