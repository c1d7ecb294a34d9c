package diff

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"assay/results"
	"assay/results/figure"
)

// Exact is a figure without noise that changed; Where names the layer or
// operation, or is empty. An absent value is one that only the other side has.
type Exact struct {
	Figure string `json:"figure"`
	Where  string `json:"where,omitempty"`
	Base   string `json:"base,omitempty"`
	Head   string `json:"head,omitempty"`
}

// exact compares everything that two runs of the same code have in common to
// the last byte. A figure that one side did not measure is no change.
func (p pair) exact() []Exact {
	b, h := p.base.Measured, p.head.Measured
	var out []Exact
	number := func(figure, where string, base, head *int64) {
		if base != nil && head != nil && *base != *head {
			out = append(out, Exact{figure, where, fmt.Sprint(*base), fmt.Sprint(*head)})
		}
	}
	number("kv_bytes", "", b.KVBytes, h.KVBytes)
	out = append(out, layers(b.KVLayers, h.KVLayers)...)
	number("flops", "", b.FLOPs, h.FLOPs)
	if p.otherWay() == "" {
		if len(b.FLOPsByOp) > 0 && len(h.FLOPsByOp) > 0 {
			for _, op := range union(b.FLOPsByOp, h.FLOPsByOp) {
				was, is := b.FLOPsByOp[op], h.FLOPsByOp[op]
				number("flops", op, &was, &is)
			}
		}
		number("nodes", "", b.Nodes, h.Nodes)
	}
	number("weight_bytes", "", b.WeightBytes, h.WeightBytes)
	number("weight_bytes", "model", p.base.Model.WeightBytes, p.head.Model.WeightBytes)
	number("n_params", "model", p.base.Model.NParams, p.head.Model.NParams)
	for _, m := range memories(b.Memory, h.Memory) {
		for i, part := range m[0].Parts() {
			number("memory", part.Name+m[0].on, part.Bytes, m[1].Parts()[i].Bytes)
		}
	}
	if was, is := p.base.Runtime.Layout, p.head.Runtime.Layout; was != is && was != "" && is != "" {
		out = append(out, Exact{"layout", "", was, is})
	}
	return out
}

// memoryOn is the memory of one device, or all of it.
type memoryOn struct {
	*results.Memory
	on string
}

// memories are the parts of memory that the libraries of both runs counted: in all,
// and on each device.
func memories(base, head *results.Memory) (pairs [][2]memoryOn) {
	if base == nil || head == nil {
		return nil
	}
	pairs = append(pairs, [2]memoryOn{{base, ""}, {head, ""}})
	for _, device := range slices.Sorted(maps.Keys(base.Devices)) {
		if is := head.Devices[device]; is != nil {
			pairs = append(pairs, [2]memoryOn{{base.Devices[device], " on " + device}, {is, ""}})
		}
	}
	return pairs
}

// otherWay says that the same operations were done by other kernels, as another
// device, release or build of kernels has them: graphs are then not comparable node
// by node, nor operation by operation. It is "" where they are.
func (p pair) otherWay() string {
	b, h := p.base.Measured, p.head.Measured
	if computesAlike(p.base.Runtime, p.head.Runtime) || b.FLOPs == nil || h.FLOPs == nil || *b.FLOPs != *h.FLOPs ||
		len(b.FLOPsByOp) == 0 || len(h.FLOPsByOp) == 0 || maps.Equal(b.FLOPsByOp, h.FLOPsByOp) {
		return ""
	}
	var moved []string
	for _, op := range union(b.FLOPsByOp, h.FLOPsByOp) {
		if was, is := b.FLOPsByOp[op], h.FLOPsByOp[op]; was != is {
			moved = append(moved, fmt.Sprintf("%s %s, then %s", op, figure.Ops(was), figure.Ops(is)))
		}
	}
	return "another way of computing, same operations: " + strings.Join(moved, "; ")
}

// computesAlike says that a runtime has the same kernels on both sides.
func computesAlike(base, head results.Runtime) bool {
	nax := func(k *results.Kernels) int {
		if k == nil || k.NAX == nil {
			return 0
		}
		return *k.NAX
	}
	return base.Device == head.Device && base.Version == head.Version && nax(base.Kernels) == nax(head.Kernels)
}

// layers compares two caches layer by layer; only layers that differ are said.
func layers(base, head []results.KVLayer) []Exact {
	if len(base) == 0 || len(head) == 0 || slices.Equal(base, head) {
		return nil
	}
	bases, heads := byLayer(base), byLayer(head)
	var out []Exact
	for _, layer := range union(bases, heads) {
		if b, h := bases[layer], heads[layer]; b != h {
			out = append(out, Exact{"kv_layers", fmt.Sprintf("layer %d", layer), b, h})
		}
	}
	return out
}

// byLayer describes each layer's cache; a layer may have several.
func byLayer(layers []results.KVLayer) map[int]string {
	out := map[int]string{}
	for _, l := range layers {
		one := fmt.Sprintf("%s, %d cells, K %d, V %d", l.Class, l.Cells, l.KBytes, l.VBytes)
		out[l.Layer] = strings.TrimPrefix(out[l.Layer]+"; "+one, "; ")
	}
	return out
}

func union[K string | int, V any](a, b map[K]V) []K {
	keys := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(keys)
	return slices.Compact(keys)
}

// PredictionDrift is a prediction that moved although what it predicts did not:
// the predictor or its fit changed, not the machine.
type PredictionDrift struct {
	Figure string  `json:"figure"`
	Base   float64 `json:"base"`
	Head   float64 `json:"head"`
	Fit    string  `json:"fit,omitempty"`
}

// predictionDrift looks for residuals that moved while the observation stood.
func (p pair) predictionDrift(t *Timing, smallest float64) []PredictionDrift {
	bp, hp := p.base.Predicted, p.head.Predicted
	if !p.measured() || bp == nil || hp == nil || bp.Rules != hp.Rules {
		return nil
	}
	var out []PredictionDrift
	number := func(figure string, wasPredicted, isPredicted, was, is *int64) {
		if wasPredicted == nil || isPredicted == nil || was == nil || is == nil {
			return
		}
		if *was == *is && *wasPredicted != *isPredicted {
			out = append(out, PredictionDrift{Figure: figure, Base: float64(*wasPredicted), Head: float64(*isPredicted)})
		}
	}
	b, h := p.base.Measured, p.head.Measured
	number("kv_bytes", bp.KVBytes, hp.KVBytes, b.KVBytes, h.KVBytes)
	number("flops", bp.FLOPs, hp.FLOPs, b.FLOPs, h.FLOPs)
	if bp.Seconds != nil && hp.Seconds != nil && t != nil && t.Verdict == Same && bp.Seconds.Value > 0 {
		moved := hp.Seconds.Value/bp.Seconds.Value - 1
		if max(moved, -moved) >= smallest {
			out = append(out, PredictionDrift{"seconds", bp.Seconds.Value, hp.Seconds.Value, hp.Fit})
		}
	}
	return out
}
