package mlx

func init() {
	register(Family{Module: "ministral3", Cache: Cache{Chooses: true, SlidesBeside: true},
		Pass: &Pass{Tensors: listed(usual(attention(noNorms, true), dense))}})
}
