package cost

import (
	"fmt"
	"slices"
	"strings"

	"assay/predict/arch"
	"assay/predict/kv"
	"assay/predict/tensor"
)

// Placed is where a model's weights lie.
type Placed struct {
	// Layers has the devices of each layer's weights that graphs read, sorted.
	Layers [][]string
	// Read are the bytes of weights that graphs read, by device, and All those of
	// all weights. An embedding that is the head as well lies on two devices.
	Read, All map[string]int64
}

// Place puts the model's tensors where the spread has them. The embedding's look-up is
// the host's (dev_input of load_tensors, src/llama-model.cpp, v0.5.0), final norm and
// head are the last layer's.
func Place(f arch.Facts, matrices string, s kv.Spread) (Placed, error) {
	table, err := weights(f, matrices)
	if err != nil {
		return Placed{}, fmt.Errorf("placement of %s: %w", f.Name, err)
	}
	out := Placed{Layers: make([][]string, len(f.Layers)), Read: map[string]int64{}, All: map[string]int64{}}
	add := func(w weight, device string) {
		out.All[device] += w.bytes
		if w.Use == tensor.Idle || w.layer >= len(f.Layers) {
			return
		}
		out.Read[device] += w.bytes
		if w.layer >= 0 && !slices.Contains(out.Layers[w.layer], device) {
			out.Layers[w.layer] = append(out.Layers[w.layer], device)
		}
	}
	head := len(f.Layers) + int(f.DraftLayers)
	has := func(name string) bool {
		return slices.ContainsFunc(table, func(w weight) bool { return w.Name == name })
	}
	tied, inputNorm := !has(outputHead), has(outputNorm)
	for _, w := range table {
		switch {
		case w.layer >= 0:
			add(w, s.Tensor(w.layer, w.Name, w.Type))
		case inputs[w.Name] || inputNorm && strings.HasPrefix(w.Name, embeddingNorm):
			on := s.Tensor(-1, w.Name, w.Type)
			add(w, on)
			if end := s.Tensor(head, w.Name, w.Type); tied && w.Name == tokenEmbedding && end != on {
				add(w, end)
			}
		default:
			add(w, s.Tensor(head, w.Name, w.Type))
		}
	}
	for _, devices := range out.Layers {
		slices.Sort(devices)
	}
	return out, nil
}

const (
	outputHead = "output.weight"
	outputNorm = "output_norm.weight"
	// embeddingNorm is the norm of the embedding, or of a model that has no other the
	// final one (LLM_TENSOR_OUTPUT_NORM_LFM2).
	embeddingNorm = "token_embd_norm."
)

// inputs are the tensors of the input's layer (LLM_TENSOR_LAYER_INPUT in
// src/llama-arch.cpp, v0.5.0).
var inputs = map[string]bool{
	tokenEmbedding: true, "token_types.weight": true,
	"position_embd.weight": true, "per_layer_token_embd.weight": true,
}
