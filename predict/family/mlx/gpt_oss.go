package mlx

func init() {
	register(Family{Module: "gpt_oss", Cache: Cache{Chooses: true, Slides: true, Unreadable: "attention with sinks does not read a quantised cache"}, Pass: &Pass{Config: true}})
}
