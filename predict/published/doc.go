// Package published predicts how fast a model runs on a Mac that nobody has at
// hand, from what others measured on theirs: a table of published tokens a
// second, each row with its source and judged by rules, and a model of the
// machine whose costs were fitted to it.
//
// It takes counted work as package roofline has it, and a chip from package
// machines. It must not know how work is counted, nor anything of this machine.
package published

// The runtimes that figures are of.
const (
	LlamaCpp = "llama.cpp"
	MLX      = "mlx"
)
