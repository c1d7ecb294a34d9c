package mlx

func init() {
	register(Family{Module: "llama4", Cache: Cache{Chooses: true, ChunkPeriod: 4}, Pass: &Pass{OwnHead: true}})
}
