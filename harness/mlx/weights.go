package mlx

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"assay/harness/runtime"
	"assay/harness/skeleton"
	"assay/predict/arch"
	"assay/predict/cost"
	"assay/results"
)

// Weigh counts the weights as mlx-lm's folders have them, where that is known.
func (Runtime) Weigh(f arch.Facts, weightType string) (runtime.Weights, error) {
	n, err := cost.MLXWeightBytes(f, weightType)
	if errors.Is(err, cost.ErrNoRule) {
		return runtime.Weights{}, nil
	}
	return runtime.Weights{Bytes: &n}, err
}

// WeighAs is what mlx-lm's conversions of the model would take.
func (rt Runtime) WeighAs(f arch.Facts) (all []runtime.WeightsAs, err error) {
	f.Path, f.Tensors = "", nil
	for _, t := range skeleton.FolderTypes() {
		w, err := rt.Weigh(f, t)
		if err != nil {
			return nil, err
		}
		if w.Bytes != nil && skeleton.FolderBits(t) > 0 {
			all = append(all, runtime.WeightsAs{Type: t, Bytes: *w.Bytes, BitsPerElement: skeleton.FolderBits(t)})
		}
	}
	slices.SortStableFunc(all, func(a, b runtime.WeightsAs) int { return cmp.Compare(b.Bytes, a.Bytes) })
	return all, nil
}

// UsualTypes are those that the community's conversions come in: of a model that was
// published in four bits those, with the rest in eight.
func (Runtime) UsualTypes(f arch.Facts) []string {
	if f.PackedBy == "mxfp4" {
		return []string{"mxfp4-q8"}
	}
	return []string{"8bit", "6bit", "4bit"}
}

// Calibration is for a GPU where the chip is one of Apple's. MLX's CPU backend is
// there to be correct: float32 is the only type with a kernel of any speed.
func (Runtime) Calibration(h results.Host) runtime.Calibration {
	if strings.HasPrefix(h.Chip, "Apple") {
		return runtime.Calibration{Types: []string{"bf16", "8bit", "4bit"}}
	}
	return runtime.Calibration{Types: []string{"f32"}, Slow: true}
}
