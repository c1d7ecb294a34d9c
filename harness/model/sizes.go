package model

import (
	"cmp"
	"errors"
	"slices"

	"assay/harness/mlx"
	"assay/harness/skeleton"
	"assay/predict/arch"
	"assay/predict/cost"
	family "assay/predict/family/llamacpp"
	"assay/predict/gguf"
	"assay/predict/tensor"
	"assay/results"
)

// sizes counts the weights: those of the model's own table where it has one,
// else those of the layout that llama.cpp's converter would write.
func sizes(in *Inspection, opt Options) error {
	in.Stored = len(in.Facts.Tensors) > 0
	count, as := layoutSizes, (*Inspection).storedAs
	switch {
	case in.Stored && !slices.ContainsFunc(in.Facts.Tensors, func(t arch.Tensor) bool { return t.Name == "token_embd.weight" }):
		count = tableSizes
	case in.rt.Name() == mlx.Name:
		count = mlxSizes
	}
	if in.rt.Name() == mlx.Name {
		as = func(in *Inspection) error { return in.mlxStoredAs(opt) }
	}
	for _, part := range []func() error{func() error { return count(in, opt) }, func() error { return as(in) }} {
		err := part()
		if errors.Is(err, cost.ErrNoRule) {
			in.Facts.Unknown = append(in.Facts.Unknown, "parameters and weight bytes: only a config is here, of a model type without a known layout")
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// layoutSizes counts tensors in llama.cpp's names.
func layoutSizes(in *Inspection, opt Options) error {
	size, err := in.count(opt.WeightType)
	if err != nil {
		return err
	}
	in.WeightBytes = &size.Bytes
	for i, p := range size.Parts {
		in.Params[i].Bytes = &p.Bytes
	}
	mix, err := cost.TypesOf(in.Facts, opt.WeightType)
	for _, t := range mix {
		in.Mix = append(in.Mix, TypeShare{t.Type, t.Tensors, t.Params, t.Bytes})
	}
	return err
}

// storedAs is what the weights would take with all matrices of one type.
func (in *Inspection) storedAs() error {
	for _, name := range inspectedTypes {
		n, err := cost.BytesAs(in.Facts, name)
		if err != nil {
			return err
		}
		typ, err := gguf.ParseType(name)
		if err != nil {
			return err
		}
		in.As = append(in.As, WeightsAs{name, n, 8 * float64(typ.BlockBytes()) / float64(typ.BlockElements())})
	}
	return nil
}

// count fills in the parameters, which are the same in every runtime.
func (in *Inspection) count(weightType string) (cost.Size, error) {
	size, err := cost.SizeOf(in.Facts, weightType)
	if err != nil {
		return size, err
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
	return size, nil
}

// mlxSizes are the weights as mlx-lm's folders have them, where that is known.
func mlxSizes(in *Inspection, opt Options) error {
	if _, err := in.count(""); err != nil {
		return err
	}
	p, err := in.predict(opt, results.Case{Kind: results.KindPlan, NCtx: 1})
	if err != nil {
		return err
	}
	in.WeightBytes = p.WeightBytes
	return nil
}

// mlxStoredAs is what the weights would take as mlx-lm converts them.
func (in *Inspection) mlxStoredAs(opt Options) error {
	other := *in
	other.Facts.Path, other.Facts.Tensors = "", nil
	for _, t := range skeleton.FolderTypes() {
		opt.WeightType = t
		p, err := other.predict(opt, results.Case{Kind: results.KindPlan, NCtx: 1})
		if err != nil {
			return err
		}
		if p.WeightBytes != nil {
			in.As = append(in.As, WeightsAs{t, *p.WeightBytes, skeleton.FolderBits(t)})
		}
	}
	slices.SortStableFunc(in.As, func(a, b WeightsAs) int { return cmp.Compare(b.Bytes, a.Bytes) })
	return nil
}
