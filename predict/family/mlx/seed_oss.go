package mlx

func init() {
	register(Family{Module: "seed_oss", Pass: &Pass{Tensors: listed(usual(attention(noNorms, false), dense))}})
}
