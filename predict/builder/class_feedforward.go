package builder

import "assay/predict/arch"

func dense(l arch.Layer) bool  { return l.FeedForward != nil && l.FeedForward.Experts == nil }
func routed(l arch.Layer) bool { return l.FeedForward != nil && l.FeedForward.Experts != nil }

func width(_ *arch.Facts, l arch.Layer) int64       { return l.FeedForward.Intermediate }
func experts(_ *arch.Facts, l arch.Layer) int64     { return l.FeedForward.Experts.Count }
func used(_ *arch.Facts, l arch.Layer) int64        { return l.FeedForward.Experts.Used }
func expertWidth(_ *arch.Facts, l arch.Layer) int64 { return l.FeedForward.Experts.Intermediate }
func sharedWidth(_ *arch.Facts, l arch.Layer) int64 { return l.FeedForward.Experts.SharedIntermediate }

// The places where Hugging Face's models keep a dense MLP, and those of their
// experts: each its own, a stack, or mlx-lm's stack (switch_layers.py of 0.31.3).
const (
	mlp          = `(mlp|feed_forward|mixer)\.`
	expertsPlace = `(mlp|block_sparse_moe|mixer|feed_forward)\.(experts(\.N)?|switch_mlp)\.`
)

var feedForwardClasses = []Class{
	{
		Name: "GatedMLPLayer", Label: "mlp", Where: InBlocks, Does: "up and gate projections, multiplied, and one down (SwiGLU, GeGLU)",
		is: func(_ *arch.Facts, l arch.Layer) bool { return dense(l) && l.FeedForward.Gated },
		Slots: []Slot{
			{Name: "gate", GGUF: `ffn_gate`, HF: mlp + `(gate_proj|w1)`, Use: Product, Split: Columns, Along: "intermediate_size"},
			{Name: "up", GGUF: `ffn_up`, HF: mlp + `(up_proj|w3)`, Use: Product, Split: Columns, Along: "intermediate_size"},
			{Name: "gate_up", HF: mlp + `gate_up_proj|shared_mlp\.input_linear`, Use: Product, Split: Columns, Along: "intermediate_size"},
			{Name: "down", GGUF: `ffn_down`, HF: mlp + `(down_proj|w2)|shared_mlp\.output_linear`, Use: Product, Split: Rows, Along: "intermediate_size"},
		},
		specs: []spec{{"hidden_size", hiddenSize, outputs("down")}, {"intermediate_size", width, inputs("down")}},
	},
	{
		Name: "MLPLayer", Label: "mlp", Where: InBlocks, Does: "an up and a down projection without a gate",
		is: func(_ *arch.Facts, l arch.Layer) bool { return dense(l) && !l.FeedForward.Gated },
		Slots: []Slot{
			{Name: "up", GGUF: `ffn_up`, HF: mlp + `(up_proj|fc1|c_fc|dense_h_to_4h)`, Use: Product, Split: Columns, Along: "intermediate_size"},
			{Name: "down", GGUF: `ffn_down`, HF: mlp + `(down_proj|fc2|c_proj|dense_4h_to_h)`, Use: Product, Split: Rows, Along: "intermediate_size"},
		},
		specs: []spec{{"hidden_size", hiddenSize, outputs("down")}, {"intermediate_size", width, inputs("down")}},
	},
	{
		Name: "MoERouterLayer", Label: "moe_router", Where: InBlocks, Does: "scores every expert for a token and picks top_k",
		is: func(_ *arch.Facts, l arch.Layer) bool { return routed(l) },
		Slots: []Slot{
			{Name: "router", GGUF: `ffn_gate_inp`, HF: `(mlp|block_sparse_moe|mixer)\.gate|(mlp|feed_forward)\.router|block_sparse_moe\.router\.layer`, Use: Product, Split: Replicated},
			{Name: "correction", GGUF: `exp_probs_b`, HF: `(mlp|mixer)\.gate\.e_score_correction`, Use: Vector, Split: Replicated},
		},
		specs: []spec{{"hidden_size", hiddenSize, inputs("router")}, {"num_experts", experts, outputs("router")}, {"top_k", used, nil}},
	},
	{
		Name: "RoutedExpertsLayer", Label: "moe_experts", Where: InBlocks, Does: "the experts, of which a token meets top_k",
		is: func(_ *arch.Facts, l arch.Layer) bool { return routed(l) },
		Slots: []Slot{
			{Name: "gate", GGUF: `ffn_gate_exps`, HF: expertsPlace + `(gate_proj|w1)`, Use: Routed, Split: Columns, Along: "expert_hidden_size"},
			{Name: "up", GGUF: `ffn_up_exps`, HF: expertsPlace + `(up_proj|w3|fc1)`, Use: Routed, Split: Columns, Along: "expert_hidden_size"},
			{Name: "gate_up", GGUF: `ffn_gate_up_exps`, HF: expertsPlace + `gate_up_proj|block_sparse_moe\.input_linear`, Use: Routed, Split: Columns, Along: "expert_hidden_size"},
			{Name: "down", GGUF: `ffn_down_exps`, HF: expertsPlace + `(down_proj|w2|fc2)|block_sparse_moe\.output_linear`, Use: Routed, Split: Rows, Along: "expert_hidden_size"},
		},
		specs: []spec{{"hidden_size", hiddenSize, inputs("up")}, {"num_experts", experts, expertCount("up")},
			{"top_k", used, nil}, {"expert_hidden_size", expertWidth, outputs("up")}},
	},
	{
		Name: "SharedExpertsLayer", Label: "moe_shared_experts", Where: InBlocks, Does: "the experts that every token meets",
		is: func(_ *arch.Facts, l arch.Layer) bool {
			return routed(l) && l.FeedForward.Experts.SharedIntermediate > 0
		},
		Slots: []Slot{
			{Name: "gate", GGUF: `ffn_gate_shexp`, HF: `(mlp|feed_forward)\.shared_experts?\.gate_proj`, Use: Product, Split: Columns, Along: "shared_hidden_size"},
			{Name: "up", GGUF: `ffn_up_shexp`, HF: `(mlp|feed_forward)\.shared_experts?\.up_proj`, Use: Product, Split: Columns, Along: "shared_hidden_size"},
			{Name: "gate_up", HF: `shared_mlp\.input_linear`, Use: Product, Split: Columns, Along: "shared_hidden_size"},
			{Name: "down", GGUF: `ffn_down_shexp`, HF: `(mlp|feed_forward)\.shared_experts?\.down_proj|shared_mlp\.output_linear`, Use: Product, Split: Rows, Along: "shared_hidden_size"},
			{Name: "output_gate", GGUF: `ffn_gate_inp_shexp`, HF: `mlp\.shared_expert_gate`, Use: Product, Split: Replicated},
		},
		specs: []spec{{"hidden_size", hiddenSize, outputs("down")}, {"shared_hidden_size", sharedWidth, inputs("down")}},
	},
}

// expertCount is the depth of a stack of experts, or the number of tensors
// where each expert has its own.
func expertCount(slot string) func(Layer) (int64, bool) {
	return func(l Layer) (int64, bool) {
		w := l.Weights[slot]
		switch {
		case len(w) == 0:
			return 0, false
		case len(w[0].Shape) == 3:
			return w[0].Shape[2], true
		}
		return int64(len(w)), true
	}
}
