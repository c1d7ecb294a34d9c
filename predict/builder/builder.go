// Package builder makes validated model configs: it maps a model's tensors to
// layer classes, computes what each layer costs and how it splits over devices,
// checks the result against the facts, the predictors and public claims, and
// describes what it has no class for. It reads architecture facts and their
// tensor table, never weights, and knows no runtime, record or terminal.
package builder

import (
	"fmt"

	"assay/predict/arch"
	family "assay/predict/family/llamacpp"
)

// Build takes a model apart. It fails where there is neither a tensor table nor
// a known layout.
func Build(f arch.Facts, opt Options) (Model, error) {
	if err := opt.check(); err != nil {
		return Model{}, err
	}
	m := Model{Facts: f, Tensors: f.Tensors, Options: opt}
	if len(m.Tensors) == 0 {
		var err error
		if m.Tensors, err = family.Tensors(f, family.TypePlan{}); err != nil {
			return Model{}, fmt.Errorf("build %s: %w; give a folder with safetensors or a GGUF, whose tensors can be read", f.Name, err)
		}
		m.Tensors = append(m.Tensors, family.DraftTensors(f, family.TypePlan{})...)
		m.Derived = true
	}
	found := assign(&f, m.Tensors)
	m.Params, m.DraftParams = found.params, found.draftParams
	m.Layers, m.Drafts, m.Gaps = group(found.layers), group(found.drafts), gaps(found.unmapped)
	m.Checks = check(m, found)
	return m, nil
}
