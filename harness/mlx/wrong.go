package mlx

import (
	"fmt"

	"assay/native/dylib"
	"assay/predict/arch"
	"assay/results"
)

// wrongKernel is a kernel of MLX's on an Apple GPU that is known to give wrong results,
// at the usual speed, in releases before the one that mended it.
type wrongKernel struct {
	what    string
	fixedIn string
	pull    int // of ml-explore/mlx
	// met says whether a case meets it; nil where assay's passes never do.
	met func(run arch.Facts, weightType string, c results.Case) bool
}

// wrongKernels were read off the fixes.
var wrongKernels = []wrongKernel{
	{"scores of two or three queries with packed values of 1,024 cells or more", "0.32.0", 3497,
		func(_ arch.Facts, _ string, c results.Case) bool {
			rest := (c.NPrompt - 1) % promptChunk
			return c.KVBits > 0 && (rest == 2 || rest == 3) && c.NDepth+c.NPrompt >= manyCells
		}},
	{"packed values in groups of 32 of heads that are no multiple of 64, in 1,024 cells or more: the last columns are never written",
		"0.32.1", 4251,
		func(run arch.Facts, _ string, c results.Case) bool {
			return c.KVBits > 0 && c.KVGroupSize == 32 && c.NDepth+c.NPrompt+c.NGen >= manyCells && oddHeads(run)
		}},
	{"nvfp4 products with few rows, which are split over the inner dimension", "0.32.1", 3854,
		func(run arch.Facts, weightType string, c results.Case) bool {
			return packingOf(run, weightType) == "nvfp4" && c.NPrompt > 1 && (c.NPrompt-1)%promptChunk <= fewRows
		}},
	{"mxfp4, mxfp8 and nvfp4 products with fewer than eight outputs, such as a shared expert's gate", "0.32.0", 3804,
		func(run arch.Facts, weightType string, _ results.Case) bool {
			return packingOf(run, weightType) != "" && gatesOne(run)
		}},
	{"positions of one token in several sequences", "0.32.0", 3498, func(_ arch.Facts, _ string, c results.Case) bool {
		return c.NSeq > 1 && c.NGen > 0
	}},
	{"products of many sorted rows on an M5", "0.32.0", 3632, nil},
	{"models of hundreds of gigabytes under macOS 27: other work on the GPU evicts them whole", "0.32.1", 4211, nil},
}

const (
	promptChunk = 2048 // mlx-lm's
	manyCells   = 1024 // from which on the kernels of vectors are others
	fewRows     = 64
)

// packingOf is the mode of weights packed as small floats; "" is another.
func packingOf(run arch.Facts, weightType string) string {
	switch {
	case weightType == "mxfp4" || weightType == "nvfp4" || weightType == "mxfp8":
		return weightType
	case weightType == "" && run.Quantization != nil:
		return run.Quantization.Mode
	}
	return ""
}

func oddHeads(run arch.Facts) bool {
	a := run.FirstAttention()
	return a != nil && a.ValueDim%64 != 0
}

func gatesOne(run arch.Facts) bool {
	for _, layer := range run.Layers {
		if layer.FeedForward != nil && layer.FeedForward.Experts != nil && layer.FeedForward.Experts.SharedGate {
			return true
		}
	}
	return false
}

// wrongIn are the kernels that a release has wrong, a sentence each.
func wrongIn(release string) (all []string) {
	for _, k := range wrongKernels {
		if k.in(release) {
			all = append(all, k.String())
		}
	}
	return all
}

// wrongFor are those that a case meets on an Apple GPU.
func wrongFor(run arch.Facts, weightType string, c results.Case, lib results.Runtime) (all []string) {
	if lib.Device == onProcessor || lib.Version == "" {
		return nil
	}
	for _, k := range wrongKernels {
		if k.in(lib.Version) && k.met != nil && k.met(run, weightType, c) {
			all = append(all, "MLX "+lib.Version+" is known to compute wrongly here: "+k.String())
		}
	}
	return all
}

func (k wrongKernel) in(release string) bool {
	return release != "" && dylib.CompareVersions(release, k.fixedIn) < 0
}

func (k wrongKernel) String() string {
	return fmt.Sprintf("%s (mended in MLX %s, ml-explore/mlx %d)", k.what, k.fixedIn, k.pull)
}
