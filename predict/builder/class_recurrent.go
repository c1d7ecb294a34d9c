package builder

import "assay/predict/arch"

func recurrent(kind string) func(*arch.Facts, arch.Layer) bool {
	return func(_ *arch.Facts, l arch.Layer) bool { return l.Recurrent != nil && l.Recurrent.Kind == kind }
}

func part(of func(*arch.Recurrent) int64) func(*arch.Facts, arch.Layer) int64 {
	return func(_ *arch.Facts, l arch.Layer) int64 { return of(l.Recurrent) }
}

var (
	inner  = part(func(r *arch.Recurrent) int64 { return r.Inner })
	state  = part(func(r *arch.Recurrent) int64 { return r.State })
	groups = part(func(r *arch.Recurrent) int64 { return r.Groups })
	ssm    = part(func(r *arch.Recurrent) int64 { return r.Heads })
	kernel = part(func(r *arch.Recurrent) int64 { return r.ConvKernel })
)

// convolved is what the convolution runs over: the inner width, and for each
// group what goes into the state and comes out of it.
func convolved(r *arch.Recurrent) int64 { return r.Inner + 2*r.Groups*r.State }

// scanState: the convolution keeps all columns but the oldest.
func scanState(_ *arch.Facts, l arch.Layer) int64 {
	r := l.Recurrent
	return max(r.ConvKernel-1, 0)*convolved(r) + r.State*r.Inner
}

var recurrentSpecs = []spec{
	{"hidden_size", hiddenSize, outputs("out")},
	{"inner_size", inner, inputs("out")},
	{"state_size", state, nil},
	{"num_groups", groups, nil},
	{"num_heads", ssm, length("decay")},
	{"conv_kernel", kernel, taps},
}

// taps are a convolution's columns, wherever a naming has its channels.
func taps(l Layer) (int64, bool) {
	w := l.Weights["conv"]
	if len(w) == 0 || len(w[0].Shape) < 2 {
		return 0, false
	}
	return w[0].Elements() / max(1, w[0].Shape[len(w[0].Shape)-1]), true
}

var recurrentClasses = []Class{
	{
		Name: "Mamba2Layer", Label: "ssm", Where: InBlocks, Does: "a state-space mixer (Mamba 2, arXiv 2405.21060)",
		is: recurrent("mamba2"),
		Slots: []Slot{
			{Name: "in", Kinds: []string{"ssm_in"}, Use: Product, Split: Columns, Along: "num_heads"},
			{Name: "conv", Kinds: []string{"ssm_conv1d"}, Use: Vector, Split: Columns, Along: "num_heads"},
			{Name: "step", Kinds: []string{"ssm_dt"}, Use: Vector, Split: Columns, Along: "num_heads"},
			{Name: "decay", Kinds: []string{"ssm_a"}, Use: Vector, Split: Columns, Along: "num_heads"},
			{Name: "skip", Kinds: []string{"ssm_d"}, Use: Vector, Split: Columns, Along: "num_heads"},
			{Name: "norm", Kinds: []string{"ssm_norm"}, Use: Vector, Split: Columns, Along: "num_heads"},
			{Name: "out", Kinds: []string{"ssm_out"}, Use: Product, Split: Rows, Along: "num_heads"},
		},
		specs: recurrentSpecs,
		// The convolution multiplies and adds; the state decays, takes on an outer
		// product and is read: 1, 2 and 2 operations an element.
		mixing: func(l arch.Layer, _ int64) int64 {
			r := l.Recurrent
			return 2*r.ConvKernel*convolved(r) + 5*r.State*r.Inner
		},
		state: scanState,
	},
	{
		Name: "GatedDeltaNetLayer", Label: "linear_attention", Where: InBlocks,
		Does: "linear attention whose state is corrected (arXiv 2412.06464)",
		is:   recurrent("gated-delta"),
		Slots: []Slot{
			{Name: "query_key_value", Kinds: []string{"attn_qkv"}, Use: Product, Split: Columns, Along: "num_groups"},
			{Name: "gate", Kinds: []string{"attn_gate"}, Use: Product, Split: Columns, Along: "num_heads"},
			{Name: "in", Kinds: []string{"ssm_in"}, Use: Product, Split: Columns, Along: "num_groups"},
			{Name: "step", Kinds: []string{"ssm_ba", "ssm_beta", "ssm_alpha", "ssm_dt"}, Use: Product, Split: Columns, Along: "num_groups"},
			{Name: "conv", Kinds: []string{"ssm_conv1d"}, Use: Vector, Split: Columns, Along: "num_groups"},
			{Name: "decay", Kinds: []string{"ssm_a"}, Use: Vector, Split: Columns, Along: "num_heads"},
			{Name: "norm", Kinds: []string{"ssm_norm"}, Use: Vector, Split: Replicated},
			{Name: "out", Kinds: []string{"ssm_out"}, Use: Product, Split: Rows, Along: "num_heads"},
		},
		specs: recurrentSpecs,
		// As a state-space scan, and the state is read once more for the correction.
		mixing: func(l arch.Layer, _ int64) int64 {
			r := l.Recurrent
			return 2*r.ConvKernel*convolved(r) + 7*r.State*r.Inner
		},
		state: scanState,
	},
	{
		Name: "ShortConvolutionLayer", Label: "short_convolution", Where: InBlocks, Does: "a gated convolution over a few tokens",
		is: recurrent("shortconv"),
		Slots: []Slot{
			{Name: "in", Kinds: []string{"shortconv.in_proj"}, Use: Product, Split: Columns, Along: "inner_size"},
			{Name: "conv", Kinds: []string{"shortconv.conv"}, Use: Vector, Split: Columns, Along: "inner_size"},
			{Name: "out", Kinds: []string{"shortconv.out_proj"}, Use: Product, Split: Rows, Along: "inner_size"},
		},
		specs: []spec{
			{"hidden_size", hiddenSize, outputs("out")},
			{"inner_size", inner, inputs("out")},
			{"conv_kernel", kernel, taps},
		},
		// The convolution, and a gate before and one behind it.
		mixing: func(l arch.Layer, _ int64) int64 { return (2*l.Recurrent.ConvKernel + 2) * l.Recurrent.Inner },
		state: func(f *arch.Facts, l arch.Layer) int64 {
			return max(l.Recurrent.ConvKernel-1, 0) * f.Hidden
		},
	},
}
