package mlx

import (
	"cmp"
	"slices"

	"assay/harness/skeleton"
	"assay/native/mlx/lm"
	"assay/predict/arch"
	family "assay/predict/family/mlx"
)

// Family is what is known of one model type of mlx-lm.
type Family struct {
	Type string `json:"type"`
	// Module is the module of mlx-lm that runs it.
	Module string `json:"module,omitempty"`
	// Runs: its forward pass is written, held against mlx-lm's logits. Cache: what
	// it caches is predicted. Counted: weights and operations are, held against the
	// library's graph, from a folder's headers; Config: from its config.json alone.
	// Skeleton: skeletons of it are written.
	Runs     bool `json:"runs"`
	Cache    bool `json:"cache"`
	Counted  bool `json:"counted"`
	Config   bool `json:"config"`
	Skeleton bool `json:"skeleton"`
	// Lacks says why the cache is not predicted.
	Lacks string `json:"lacks,omitempty"`
}

// Families are all model types of mlx-lm, those that run first.
func Families() []Family {
	runs := lm.Types()
	var out []Family
	for _, name := range family.Types() {
		known, err := family.Of(arch.Facts{ModelType: name})
		f := Family{Type: name, Module: known.Module, Runs: slices.Contains(runs, name), Cache: err == nil}
		if f.Cache && known.Pass != nil {
			f.Counted, f.Config = true, known.Pass.Config || known.Pass.Tensors != nil
			f.Skeleton = known.Pass.Config || skeleton.Hybrid(name)
		}
		f.Lacks = known.Cache.Lacks
		out = append(out, f)
	}
	slices.SortStableFunc(out, func(a, b Family) int { return cmp.Compare(rank(a), rank(b)) })
	return out
}

// rank orders families by how much is known of them.
func rank(f Family) int {
	for i, is := range []bool{f.Runs, f.Cache} {
		if is {
			return i
		}
	}
	return 2
}

// Release is the release of mlx-lm that the families speak of.
const Release = family.Release
