package mlx

func init() {
	register(Family{Module: "glm4_moe_lite", Cache: Cache{Latent: true, Unreadable: overLatent},
		Pass: &Pass{OwnHead: true, Tensors: listed(usual(latent, grouped))}})
}
