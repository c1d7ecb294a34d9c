package llamacpp

import (
	"assay/harness/runtime"
	"assay/predict/arch"
	"assay/predict/cost"
	"assay/predict/gguf"
	"assay/predict/tensor"
	"assay/results"
)

// Weigh counts the file's tensors, or those that llama.cpp's converter would write.
func (Runtime) Weigh(f arch.Facts, weightType string) (runtime.Weights, error) {
	size, err := cost.SizeOf(f, weightType)
	if err != nil {
		return runtime.Weights{}, err
	}
	w := runtime.Weights{Bytes: &size.Bytes, Parts: map[tensor.Part]int64{}}
	for _, p := range size.Parts {
		w.Parts[p.Part] = p.Bytes
	}
	types, err := cost.TypesOf(f, weightType)
	for _, t := range types {
		w.Types = append(w.Types, runtime.TypeShare{Type: t.Type, Tensors: t.Tensors, Params: t.Params, Bytes: t.Bytes})
	}
	return w, err
}

// commonTypes are the types that weights are commonly stored as.
var commonTypes = []string{"f32", "f16", "q8_0", "q6_K", "q5_K", "q4_K", "q4_0", "q3_K", "q2_K"}

// WeighAs has all matrices of one type.
func (Runtime) WeighAs(f arch.Facts) (all []runtime.WeightsAs, err error) {
	for _, name := range commonTypes {
		n, err := cost.BytesAs(f, name)
		if err != nil {
			return nil, err
		}
		typ, err := gguf.ParseType(name)
		if err != nil {
			return nil, err
		}
		all = append(all, runtime.WeightsAs{Type: name, Bytes: n, BitsPerElement: 8 * float64(typ.BlockBytes()) / float64(typ.BlockElements())})
	}
	return all, nil
}

// UsualTypes are the mixes that most repositories offer. Of a model that was published
// in four bits none is more exact than those, and all of them are larger.
func (Runtime) UsualTypes(f arch.Facts) []string {
	if f.PackedBy == "mxfp4" {
		return []string{"MXFP4"}
	}
	return []string{"Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M"}
}

// Calibration is by the types that the mixes of most repositories are made of.
func (Runtime) Calibration(results.Host) runtime.Calibration {
	return runtime.Calibration{Types: []string{"f16", "q8_0", "q4_0", "q4_K", "q5_K", "q6_K", "mxfp4"}}
}
