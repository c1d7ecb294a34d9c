package mlx

func init() {
	register(Family{Module: "glm4_moe", Pass: &Pass{OwnHead: true, Tensors: listed(usual(attention(perHead, false), grouped))}})
}
