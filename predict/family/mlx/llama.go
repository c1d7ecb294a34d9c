package mlx

func init() {
	register(Family{Module: "llama", Also: []string{"mistral", "iquestcoder", "xverse"},
		Cache: Cache{Batches: true, Chooses: true, SlidesBeside: true}, Pass: &Pass{Config: true}})
}
