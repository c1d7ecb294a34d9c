package harness

import (
	"cmp"
	"slices"

	"assay/harness/skeleton"
	"assay/predict/cost"
	"assay/predict/gguf"
	"assay/results"
)

func sizes(in *Inspection, opt InspectOptions) error {
	if in.rt.Name() == mlxName {
		return mlxSizes(in, opt)
	}
	size, err := in.count(opt.WeightType)
	if err != nil {
		return err
	}
	in.WeightBytes = &size.Bytes
	for i, p := range size.Parts {
		in.Params[i].Bytes = &p.Bytes
	}
	mix, err := cost.TypesOf(in.Facts, opt.WeightType)
	if err != nil {
		return err
	}
	for _, t := range mix {
		in.Mix = append(in.Mix, TypeShare{t.Type, t.Tensors, t.Params, t.Bytes})
	}
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
	in.Total, in.Active = size.Params, size.Active
	in.TrainingFLOPsPerToken = 3 * 2 * size.Active
	for _, p := range size.Parts {
		in.Params = append(in.Params, ParamsPart{Part: string(p.Part), Params: p.Params, Active: p.Active})
	}
	return size, nil
}

// mlxSizes are the weights as mlx-lm's folders have them, where that is known.
func mlxSizes(in *Inspection, opt InspectOptions) error {
	if _, err := in.count(""); err != nil {
		return err
	}
	none := results.Case{Kind: results.KindPlan, NCtx: 1}
	p, err := in.predict(opt, none)
	if err != nil {
		return err
	}
	in.WeightBytes = p.WeightBytes
	other := *in
	other.Facts.Path, other.Facts.Tensors = "", nil
	for _, t := range skeleton.FolderTypes() {
		opt.WeightType = t
		if p, err = other.predict(opt, none); err != nil {
			return err
		}
		if p.WeightBytes != nil {
			in.As = append(in.As, WeightsAs{t, *p.WeightBytes, skeleton.FolderBits(t)})
		}
	}
	slices.SortStableFunc(in.As, func(a, b WeightsAs) int { return cmp.Compare(b.Bytes, a.Bytes) })
	return nil
}
