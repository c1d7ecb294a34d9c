package source

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"assay/predict/arch"
	"assay/predict/config"
	"assay/predict/packed"
)

// configText is a config as it was read, and what names it.
type configText struct {
	file string
	raw  []byte
}

// withWeights takes on the tensor table of a config's own weights, packed ones
// put together.
func withWeights(f arch.Facts, config configText, table []arch.Tensor, source string) (arch.Facts, error) {
	found := packed.Unpack(table, packed.Stated(config.file, config.raw), source)
	f.Unknown = append(f.Unknown, found.Unread...)
	f.Contradictions = append(f.Contradictions, found.Differs...)
	f.Provenance = maps.Clone(f.Provenance)
	if len(found.Ways) > 0 {
		var ways []string
		for _, way := range slices.Sorted(maps.Keys(found.Ways)) {
			ways = append(ways, fmt.Sprintf("%s in %d weights", way, found.Ways[way]))
		}
		f.Provenance["weights.packing"] = arch.Provenance{Origin: arch.FromTensors, Detail: strings.Join(ways, ", ") + " of " + source}
	}
	return withTensors(f, found.Table, source)
}

// parse reads a config.json, and how it says that its weights are packed.
func parse(file string, raw []byte) (arch.Facts, error) {
	f, err := config.Parse(file, raw)
	if err != nil {
		return arch.Facts{}, err
	}
	object, err := config.DecodeObject(raw)
	if err != nil {
		return arch.Facts{}, fmt.Errorf("%s: %w", file, err)
	}
	f.Quantization, f.PackedBy = packed.Plan(object), packed.Method(object)
	return f, nil
}
