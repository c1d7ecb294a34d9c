package mlx

// overLatent says why a latent's cache is not packed.
const overLatent = "attention over a latent does not read a quantised cache"

func init() {
	register(Family{Module: "deepseek_v3", Also: []string{"kimi_k2", "joyai_llm_flash"}, Cache: Cache{Latent: true, Unreadable: overLatent},
		Pass: &Pass{OwnHead: true, Tensors: listed(usual(latent, grouped))}})
}
