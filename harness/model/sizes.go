package model

import (
	"errors"
	"slices"

	"assay/predict/arch"
	"assay/predict/cost"
	family "assay/predict/family/llamacpp"
	"assay/predict/tensor"
)

// sizes counts the weights: those of the model's own table where it has one,
// else those of the runtime's layout.
func sizes(in *Inspection, opt Options) error {
	in.Stored = len(in.Facts.Tensors) > 0
	count := weigh
	if in.Stored && !slices.ContainsFunc(in.Facts.Tensors, func(t arch.Tensor) bool { return t.Name == "token_embd.weight" }) {
		count = tableSizes
	}
	err := count(in, opt)
	if err == nil {
		in.As, err = in.rt.WeighAs(in.Facts)
	}
	if errors.Is(err, cost.ErrNoRule) {
		in.Facts.Unknown = append(in.Facts.Unknown, "parameters and weight bytes: only a config is here, of a model type without a known layout")
		return nil
	}
	return err
}

// weigh counts the parameters, and what they take in the runtime's files.
func weigh(in *Inspection, opt Options) error {
	if err := in.count(); err != nil {
		return err
	}
	w, err := in.rt.Weigh(in.Facts, opt.WeightType)
	in.WeightBytes, in.Mix = w.Bytes, w.Types
	for i := range in.Params {
		if n, ok := w.Parts[tensor.Part(in.Params[i].Part)]; ok {
			in.Params[i].Bytes = &n
		}
	}
	return err
}

// count fills in the parameters, which are the same in every runtime.
func (in *Inspection) count() error {
	size, err := cost.SizeOf(in.Facts, "")
	if err != nil {
		return err
	}
	for _, p := range size.Parts {
		in.Params = append(in.Params, ParamsPart{Part: string(p.Part), Params: p.Params, Active: p.Active})
		if p.Part == tensor.Draft {
			in.Draft = p.Params
		}
	}
	in.Total, in.Active = size.Params-in.Draft, size.Active
	in.TrainingFLOPsPerToken = 3 * 2 * size.Active
	if !in.Stored {
		for _, t := range family.DraftTensors(in.Facts, family.TypePlan{}) {
			in.Draft += t.Elements()
		}
	}
	return nil
}
