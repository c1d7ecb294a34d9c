package builder

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"assay/predict/arch"
	"assay/predict/source"
	"assay/predict/tensor"
)

// Config is a validated model config as it is written; its fields are those of
// model-config.schema.json.
type Config struct {
	Schema               string `json:"schema"`
	ModelID              string `json:"model_id"`
	HFModelID            string `json:"hf_model_id,omitempty"`
	Name                 string `json:"name"`
	HiddenSize           int64  `json:"hidden_size"`
	NumLayers            int    `json:"num_layers"`
	VocabSize            int64  `json:"vocab_size"`
	TotalParams          int64  `json:"total_params"`
	TotalParamsFormatted string `json:"total_params_formatted"`
	ActiveParams         int64  `json:"active_params"`
	// DraftParams are those of the blocks for multi-token prediction, which
	// TotalParams leaves out.
	DraftParams       int64         `json:"draft_params"`
	LayerTypes        []ConfigLayer `json:"layer_types"`
	Parallel          Parallel      `json:"parallel"`
	Validated         bool          `json:"validated"`
	ValidationNotes   string        `json:"validation_notes"`
	ValidationSources []string      `json:"validation_sources"`
	// Architecture are the facts that the config is loaded back by.
	Architecture arch.Facts `json:"architecture"`
}

// ConfigLayer is one layer type. Cost and Share are of one layer, for one token
// generated into an empty cache of f16.
type ConfigLayer struct {
	Name      string `json:"name"`
	Class     string `json:"class"`
	Count     int64  `json:"count"`
	Blocks    string `json:"blocks,omitempty"`
	Supported bool   `json:"supported"`
	// Draft: the layer is in a block for multi-token prediction.
	Draft     bool             `json:"draft,omitempty"`
	GapReport string           `json:"gap_report,omitempty"`
	Specs     map[string]int64 `json:"specs"`
	Tensors   []ConfigTensor   `json:"tensors"`
	Cost      *Cost            `json:"per_token,omitempty"`
	Share     *Share           `json:"per_device,omitempty"`
}

// Config is the model as a config.
func (m Model) Config() Config {
	c := Config{
		Schema: source.BuiltSchema, ModelID: m.ID(), HFModelID: m.hubID(), Name: cmp.Or(m.Facts.Name, m.ID()),
		HiddenSize: m.Facts.Hidden, NumLayers: len(m.Facts.Layers), VocabSize: m.Facts.Vocab,
		TotalParams: m.Params, TotalParamsFormatted: formatCount(m.Params), DraftParams: m.DraftParams,
		Parallel:  Parallel{max(1, m.Options.Parallel.Tensor), max(1, m.Options.Parallel.Expert)},
		Validated: m.Valid(), ValidationNotes: m.notes(), ValidationSources: m.sources(),
		Architecture: m.Facts, LayerTypes: []ConfigLayer{},
	}
	c.Architecture.Path = ""
	for _, t := range m.Layers {
		layer := t.config(m.Options.Parallel)
		c.ActiveParams += layer.Cost.Active * t.Count()
		c.LayerTypes = append(c.LayerTypes, layer)
	}
	for _, t := range m.Drafts {
		layer := t.config(m.Options.Parallel)
		layer.Draft = true
		c.LayerTypes = append(c.LayerTypes, layer)
	}
	for _, g := range m.Gaps {
		c.ActiveParams += g.Params()
		c.LayerTypes = append(c.LayerTypes, ConfigLayer{Name: g.Name, Class: "none", Count: int64(g.Count), Blocks: arch.Ranges(g.Blocks),
			GapReport: "see " + m.GapFile(g), Specs: map[string]int64{"parameter_count": g.Params()}, Tensors: g.Tensors})
	}
	return c
}

func (t LayerType) config(p Parallel) ConfigLayer {
	one, share := t.Cost(OneToken()), t.Split(OneToken(), p)
	specs := t.Specs()
	specs["parameter_count"] = one.Params
	specs["input_dim"], specs["output_dim"] = t.facts.Hidden, t.facts.Hidden
	switch t.Class.Label {
	case "token_embedding":
		specs["input_dim"] = 1
	case "output_head":
		specs["output_dim"] = t.facts.Vocab
	case "moe_router":
		specs["output_dim"] = specs["num_experts"]
	}
	if t.Index >= 0 {
		specs["layer_idx"] = int64(t.Index)
	}
	return ConfigLayer{Name: t.Class.Label, Class: t.Class.Name, Count: t.Count(), Blocks: arch.Ranges(t.Blocks), Supported: true,
		Specs: specs, Tensors: t.tensors(), Cost: &one, Share: &share}
}

// tensors are the layer's own, by pattern.
func (l Layer) tensors() []ConfigTensor {
	list := []ConfigTensor{}
	for _, s := range l.Class.Slots {
		for _, t := range slices.Concat(l.Weights[s.Name], l.Extras[s.Name]) {
			list = addPattern(list, t)
		}
	}
	return list
}

// addPattern counts the tensor with those of its pattern and shape.
func addPattern(list []ConfigTensor, t arch.Tensor) []ConfigTensor {
	one := ConfigTensor{Pattern: tensor.Pattern(t.Name), Shape: rowsFirst(t.Shape), DType: t.Type, Count: 1}
	for i := range list {
		if list[i].Pattern == one.Pattern && list[i].DType == one.DType && slices.Equal(list[i].Shape, one.Shape) {
			list[i].Count++
			return list
		}
	}
	return append(list, one)
}

// rowsFirst puts a shape into the order of PyTorch.
func rowsFirst(shape []int64) []int64 {
	out := append([]int64{}, shape...) // of a scalar empty, not null
	slices.Reverse(out)
	return out
}

var (
	notInID    = regexp.MustCompile(`[^a-z0-9._]+`)
	hubAddress = regexp.MustCompile(`^https://huggingface\.co/([\w.-]+/[\w.-]+)(?:/|$)`)
)

// ID is the model's name as a file's.
func (m Model) ID() string {
	id := strings.Trim(notInID.ReplaceAllString(strings.ToLower(m.Facts.Name), "_"), "._")
	return cmp.Or(id, "model")
}

// hubID is ORG/NAME on the hub, where the reference or the source says it.
func (m Model) hubID() string {
	if ref, ok := strings.CutPrefix(m.Facts.Ref, "hf:"); ok {
		name, _, _ := strings.Cut(ref, "@")
		return name
	}
	if found := hubAddress.FindStringSubmatch(m.Facts.Source); found != nil {
		return found[1]
	}
	return ""
}

// sources are those cited, behind the one that the facts were published at.
func (m Model) sources() []string {
	out := []string{}
	if m.Facts.Source != "" {
		out = append(out, m.Facts.Source)
	}
	return append(out, m.Options.Sources...)
}

// notes says in one line what the validation came to.
func (m Model) notes() string {
	bad := m.Discrepancies()
	note := fmt.Sprintf("%d of %d checks hold", len(m.Checks)-len(bad), len(m.Checks))
	for _, c := range bad {
		note += fmt.Sprintf("; %s: %s, but %s", c.Name, c.Want, c.Have)
	}
	if len(m.Gaps) > 0 {
		note += fmt.Sprintf("; %d kinds of layer have no class", len(m.Gaps))
	}
	return note
}

// JSON is the config as text that was validated against the schema.
func (c Config) JSON() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(c); err != nil {
		return nil, fmt.Errorf("write the config of %s: %w", c.Name, err)
	}
	if err := ValidateJSON(b.Bytes()); err != nil {
		return nil, fmt.Errorf("write the config of %s: %w", c.Name, err)
	}
	return layOut(b.Bytes())
}
