package arch

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// SHA256 identifies the architecture: two models with the same facts have the
// same hash, whatever they are called and wherever the facts came from.
func (f Facts) SHA256() string {
	f.Ref, f.Name, f.Path, f.Source, f.Wrapper = "", "", "", "", ""
	f.DraftLayers = 0                    // a file may have been made without them
	f.Quantization, f.PackedBy = nil, "" // the same model, whatever its weights are packed in
	f.File = nil                         // another file of the same model
	f.Tensors, f.Provenance, f.Unknown, f.Contradictions = nil, nil, nil, nil
	canonical, err := json.Marshal(f) // fields in their order: the same facts, the same text
	if err != nil {
		return "" // facts hold numbers, strings and booleans only: cannot fail
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:])
}
