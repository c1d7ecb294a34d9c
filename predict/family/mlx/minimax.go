package mlx

func init() {
	register(Family{Module: "minimax", Also: []string{"minimax_m2"}, Pass: &Pass{}})
}
