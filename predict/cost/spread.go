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
	// Tensors are all of them; an embedding that is the head as well is there twice.
	Tensors []PlacedTensor
}

// PlacedTensor is one tensor on one device.
type PlacedTensor struct {
	Name, Device string
	Bytes        int64
	// Head: it is the embedding, as the head of a model that has no other.
	Head bool
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
		out.Tensors = append(out.Tensors, PlacedTensor{Name: w.Name, Device: device, Bytes: w.bytes})
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
			add(w, s.Tensor(w.layer, triedBy(f, w)))
		case inputs[w.Name] || inputNorm && strings.HasPrefix(w.Name, embeddingNorm):
			on := s.Tensor(-1, triedBy(f, w))
			add(w, on)
			if !tied || w.Name != tokenEmbedding {
				continue
			}
			asHead := w
			asHead.Use = tensor.Output
			end := s.Tensor(head, triedBy(f, asHead))
			if end != on {
				add(w, end)
				out.Tensors = out.Tensors[:len(out.Tensors)-1]
			}
			out.Tensors = append(out.Tensors, PlacedTensor{Name: w.Name, Device: end, Bytes: w.bytes, Head: true})
		default:
			add(w, s.Tensor(head, triedBy(f, w)))
		}
	}
	for _, devices := range out.Layers {
		slices.Sort(devices)
	}
	return out, nil
}

// triedBy is the weight with the largest tensor of the operation that the loader tries
// (weight_buft_supported, src/llama-model-loader.cpp, v0.5.0).
func triedBy(f arch.Facts, w weight) kv.Weight {
	const tokens, float = 512, 4
	out := kv.Weight{Name: w.Name, Type: w.Type, Tried: w.bytes}
	rows := int64(tokens * float)
	switch w.Use {
	case tensor.Product, tensor.Keys, tensor.Twice, tensor.Mixing, tensor.Output:
	case tensor.Routed, tensor.Dispatched:
		rows *= mostUsed(f)
	default:
		return out
	}
	out.Tried = max(out.Tried, rows*w.Shape[0])
	if len(w.Shape) > 1 {
		out.Tried = max(out.Tried, rows*w.Shape[1])
	}
	return out
}

// mostUsed is the number of experts that a token meets in a layer.
func mostUsed(f arch.Facts) (most int64) {
	for _, l := range f.Layers {
		if l.FeedForward != nil && l.FeedForward.Experts != nil {
			most = max(most, l.FeedForward.Experts.Used)
		}
	}
	return most
}

const (
	outputHead = "output.weight"
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
