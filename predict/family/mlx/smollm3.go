package mlx

// smollm3 has no make_cache: its caches are plain, whatever window it has.
func init() {
	register(Family{Module: "smollm3", Pass: &Pass{Tensors: listed(usual(attention(noNorms, true), dense))}})
}
