package mlx

func init() {
	register(Family{Module: "gemma2", Cache: Cache{Composes: true, Unreadable: "its own attention does not read a quantised cache"},
		Pass: &Pass{Config: true}})
}
