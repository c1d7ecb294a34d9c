package model

import (
	"cmp"
	"errors"
	"slices"

	"assay/harness/runtime"
	"assay/predict/arch"
	"assay/predict/builder"
	"assay/predict/tensor"
)

// partOf says which part of a model a layer is, by the label of its class.
var partOf = map[string]tensor.Part{
	"token_embedding": tensor.Embedding, "per_layer_embedding": tensor.Embedding, "attention": tensor.Attention,
	"ssm": tensor.Recurrent, "linear_attention": tensor.Recurrent, "short_convolution": tensor.Recurrent,
	"mlp": tensor.FeedForward, "moe_router": tensor.Router, "moe_experts": tensor.Experts, "moe_shared_experts": tensor.SharedExperts,
	"altup": tensor.Updates, "altup_projection": tensor.Updates, "laurel": tensor.Updates, "per_layer_input": tensor.Updates,
	"norm": tensor.Norms, "rotary_table": tensor.Norms, "output_head": tensor.OutputHead,
}

// tableSizes counts tensors in Hugging Face's names, packed ones at what the
// file stores, by the layer that each belongs to.
func tableSizes(in *Inspection, opt Options) error {
	if opt.WeightType != "" {
		return errors.New("the weights are there and have their own types; --weight-type is for models of which only a config is known")
	}
	m, err := builder.Build(in.Facts, builder.Options{})
	if err != nil {
		return err
	}
	for _, l := range m.Layers {
		one := l.Cost(builder.OneToken())
		in.addPart(string(partOf[l.Class.Label]), one.Params*l.Count(), one.Active*l.Count(), l.WeightBytes)
	}
	for _, g := range m.Gaps {
		in.addPart("no class: "+g.Name, g.Params(), g.Params(), g.WeightBytes())
	}
	in.Total, in.Draft = m.Params, m.DraftParams
	for _, l := range m.Drafts {
		in.addPart(string(tensor.Draft), l.Cost(builder.OneToken()).Params*l.Count(), 0, l.WeightBytes)
	}
	for _, t := range m.Tensors {
		in.addType(t)
	}
	var bytes int64
	for _, p := range in.Params {
		in.Active += p.Active
		bytes += *p.Bytes
	}
	in.WeightBytes, in.TrainingFLOPsPerToken = &bytes, 3*2*in.Active
	slices.SortStableFunc(in.Mix, func(a, b runtime.TypeShare) int { return cmp.Compare(b.Bytes, a.Bytes) })
	return nil
}

func (in *Inspection) addPart(name string, params, active, bytes int64) {
	i := slices.IndexFunc(in.Params, func(p ParamsPart) bool { return p.Part == name })
	if i < 0 {
		i = len(in.Params)
		in.Params = append(in.Params, ParamsPart{Part: name, Bytes: new(int64)})
	}
	p := &in.Params[i]
	p.Params, p.Active, *p.Bytes = p.Params+params, p.Active+active, *p.Bytes+bytes
}

func (in *Inspection) addType(t arch.Tensor) {
	i := slices.IndexFunc(in.Mix, func(m runtime.TypeShare) bool { return m.Type == t.Type })
	if i < 0 {
		i = len(in.Mix)
		in.Mix = append(in.Mix, runtime.TypeShare{Type: t.Type})
	}
	m := &in.Mix[i]
	m.Tensors, m.Params, m.Bytes = m.Tensors+1, m.Params+t.Elements(), m.Bytes+t.Bytes()
}
