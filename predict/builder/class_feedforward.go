package builder

import "assay/predict/arch"

// dense: there is an MLP that every token meets, alone or (Gemma 4) beside experts.
func dense(l arch.Layer) bool {
	return l.FeedForward != nil && (l.FeedForward.Experts == nil || l.FeedForward.Intermediate > 0)
}
func routed(l arch.Layer) bool { return l.FeedForward != nil && l.FeedForward.Experts != nil }

func width(_ *arch.Facts, l arch.Layer) int64       { return l.FeedForward.Intermediate }
func experts(_ *arch.Facts, l arch.Layer) int64     { return l.FeedForward.Experts.Count }
func used(_ *arch.Facts, l arch.Layer) int64        { return l.FeedForward.Experts.Used }
func expertWidth(_ *arch.Facts, l arch.Layer) int64 { return l.FeedForward.Experts.Intermediate }
func sharedWidth(_ *arch.Facts, l arch.Layer) int64 { return l.FeedForward.Experts.SharedIntermediate }

var feedForwardClasses = []Class{
	{
		Name: "GatedMLPLayer", Label: "mlp", Where: InBlocks, Does: "up and gate projections, multiplied, and one down (SwiGLU, GeGLU)",
		is: func(_ *arch.Facts, l arch.Layer) bool { return dense(l) && l.FeedForward.Gated },
		Slots: []Slot{
			{Name: "gate", Kinds: []string{"ffn_gate"}, Use: Product, Split: Columns, Along: "intermediate_size"},
			{Name: "up", Kinds: []string{"ffn_up"}, Use: Product, Split: Columns, Along: "intermediate_size"},
			{Name: "gate_up", Kinds: []string{"ffn_gate_up"}, Use: Product, Split: Columns, Along: "intermediate_size"},
			{Name: "down", Kinds: []string{"ffn_down"}, Use: Product, Split: Rows, Along: "intermediate_size"},
		},
		specs: []spec{{"hidden_size", hiddenSize, outputs("down")}, {"intermediate_size", width, inputs("down")}},
	},
	{
		Name: "MLPLayer", Label: "mlp", Where: InBlocks, Does: "an up and a down projection without a gate",
		is: func(_ *arch.Facts, l arch.Layer) bool { return dense(l) && !l.FeedForward.Gated },
		Slots: []Slot{
			{Name: "up", Kinds: []string{"ffn_up"}, Use: Product, Split: Columns, Along: "intermediate_size"},
			{Name: "down", Kinds: []string{"ffn_down"}, Use: Product, Split: Rows, Along: "intermediate_size"},
		},
		specs: []spec{{"hidden_size", hiddenSize, outputs("down")}, {"intermediate_size", width, inputs("down")}},
	},
	{
		Name: "MoERouterLayer", Label: "moe_router", Where: InBlocks, Does: "scores every expert for a token and picks top_k",
		is: func(_ *arch.Facts, l arch.Layer) bool { return routed(l) },
		Slots: []Slot{
			{Name: "router", Kinds: []string{"ffn_gate_inp"}, Use: Product, Split: Replicated},
			{Name: "correction", Kinds: []string{"exp_probs_b"}, Use: Vector, Split: Replicated},
			{Name: "scales", Kinds: []string{"ffn_gate_inp.scale", "ffn_down_exps.scale"}, Use: Vector, Split: Replicated},
		},
		specs: []spec{{"hidden_size", hiddenSize, inputs("router")}, {"num_experts", experts, outputs("router")}, {"top_k", used, nil}},
	},
	{
		Name: "RoutedExpertsLayer", Label: "moe_experts", Where: InBlocks, Does: "the experts, of which a token meets top_k",
		is: func(_ *arch.Facts, l arch.Layer) bool { return routed(l) },
		Slots: []Slot{
			{Name: "gate", Kinds: []string{"ffn_gate_exps"}, Use: Routed, Split: Columns, Along: "expert_hidden_size"},
			{Name: "up", Kinds: []string{"ffn_up_exps"}, Use: Routed, Split: Columns, Along: "expert_hidden_size"},
			{Name: "gate_up", Kinds: []string{"ffn_gate_up_exps"}, Use: Routed, Split: Columns, Along: "expert_hidden_size"},
			{Name: "down", Kinds: []string{"ffn_down_exps"}, Use: Routed, Split: Rows, Along: "expert_hidden_size"},
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
			{Name: "gate", Kinds: []string{"ffn_gate_shexp"}, Use: Product, Split: Columns, Along: "shared_hidden_size"},
			{Name: "up", Kinds: []string{"ffn_up_shexp"}, Use: Product, Split: Columns, Along: "shared_hidden_size"},
			{Name: "gate_up", Kinds: []string{"ffn_gate_up_shexp"}, Use: Product, Split: Columns, Along: "shared_hidden_size"},
			{Name: "down", Kinds: []string{"ffn_down_shexp"}, Use: Product, Split: Rows, Along: "shared_hidden_size"},
			{Name: "output_gate", Kinds: []string{"ffn_gate_inp_shexp"}, Use: Product, Split: Replicated},
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
