package source

import (
	"cmp"
	"encoding/json"
	"fmt"

	"assay/predict/arch"
)

// BuiltSchema is what a validated model config says under "schema": its
// architecture holds facts that were read and checked before.
const BuiltSchema = "assay-model-config/1"

// built is the part of a validated model config that facts come back from.
type built struct {
	Schema       string          `json:"schema"`
	Architecture json.RawMessage `json:"architecture"`
	Validated    *bool           `json:"validated"`
	Notes        string          `json:"validation_notes"`
}

// asBuilt says whether the JSON is a validated model config.
func asBuilt(raw []byte) (built, bool) {
	var b built
	err := json.Unmarshal(raw, &b)
	return b, err == nil && b.Schema == BuiltSchema
}

// read takes the facts back as they were, with no weights to load.
func (b built) read(file string) (arch.Facts, error) {
	var f arch.Facts
	if err := json.Unmarshal(b.Architecture, &f); err != nil {
		return arch.Facts{}, fmt.Errorf("%s: architecture: %w; build the config again", file, err)
	}
	if err := f.Validate(); err != nil {
		return arch.Facts{}, fmt.Errorf("%s: architecture: %w; build the config again", file, err)
	}
	for i, l := range f.Layers {
		if err := checkBuilt(l, i); err != nil {
			return arch.Facts{}, fmt.Errorf("%s: architecture: layer %d: %w; build the config again", file, i, err)
		}
	}
	f.Path = ""
	if b.Validated == nil || !*b.Validated {
		f.Unknown = append(f.Unknown, fmt.Sprintf("whether %s is right: it is not validated (%s)", file, cmp.Or(b.Notes, "it does not say why")))
	}
	return f, nil
}

// checkBuilt refuses what no config that was built holds, but an edited one may.
func checkBuilt(l arch.Layer, index int) error {
	if a := l.Attention; a != nil {
		if from := a.SharedFrom; from != nil && (*from < 0 || *from >= index) {
			return fmt.Errorf("it reads the cache of layer %d, which does not come before it", *from)
		}
		if a.Window < 0 {
			return fmt.Errorf("a window of %d tokens", a.Window)
		}
	}
	if ff := l.FeedForward; ff != nil && ff.Experts != nil {
		if e := ff.Experts; e.Used < 1 || e.Used > e.Count {
			return fmt.Errorf("%d experts of %d cannot be used", e.Used, e.Count)
		}
	}
	return nil
}
