package mlx

func init() {
	register(Family{Module: "glm4_moe", Pass: &Pass{OwnHead: true}})
}
