package kv

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"assay/predict/arch"
)

// FirstOnGPU is the first layer whose weights llama.cpp puts on a GPU when it is
// told to put n layers there: they are counted from the end, with the output head
// as the first and the blocks that draft further tokens behind the others
// (i_gpu_start of load_tensors, src/llama-model.cpp, b6673 to v0.7.0). 1 is the
// head alone, all layers and one more are the whole model; below 0 is that, too.
func FirstOnGPU(f arch.Facts, n int) int {
	if n < 0 {
		return 0
	}
	return max(len(f.Layers)+int(f.DraftLayers)+1-n, 0)
}

// Devices is how a model is to be spread.
type Devices struct {
	// Host is what the library calls the processor, GPUs the devices that take
	// layers, in order.
	Host string
	GPUs []string
	// Free is what each has free, which decides where no Shares are given.
	Free   []int64
	Shares []float64
	// OnGPU is the number of layers, -ngl.
	OnGPU int
	// Overrides have the devices of tensors by their names; the first that matches
	// holds. OnHost reports weights that no GPU multiplies.
	Overrides []Override
	OnHost    func(Weight) bool
}

// Weight is a tensor as the loader sees it when it chooses a device.
type Weight struct {
	Name, Type string
	// Tried is the largest tensor, in bytes, of the operation by which the loader tries
	// whether the device takes it: the weight, or what 512 tokens make of it.
	Tried int64
}

// Override is the device of the tensors whose names match.
type Override struct {
	Pattern *regexp.Regexp
	Device  string
}

// ErrUnplaced marks a model of which is not known which device holds what.
var ErrUnplaced = errors.New("not known which device holds which layer")

// Spread is which device holds which layers and tensors of a model.
type Spread struct {
	devices Devices
	first   int
	layers  []string // from first on, and the head
}

// Spread places the layers as load_tensors does (src/llama-model.cpp, v0.5.0): each
// device gets its share of those on GPUs, in single precision.
func (d Devices) Spread(f arch.Facts) (Spread, error) {
	all := len(f.Layers) + int(f.DraftLayers) + 1
	s := Spread{devices: d, first: FirstOnGPU(f, d.OnGPU)}
	if len(d.GPUs) == 0 {
		s.first = all
	}
	if s.first >= all {
		return s, nil
	}
	points, err := d.points()
	if err != nil {
		return Spread{}, err
	}
	for i := range all - s.first {
		at := float32(i) / float32(all-s.first)
		gpu := slices.IndexFunc(points, func(p float32) bool { return p > at })
		if gpu < 0 {
			return Spread{}, fmt.Errorf("%w: the shares %v of %d devices", ErrUnplaced, d.Shares, len(d.GPUs))
		}
		s.layers = append(s.layers, d.GPUs[gpu])
	}
	return s, nil
}

// points are where each device's layers end, as parts of all.
func (d Devices) points() ([]float32, error) {
	n := len(d.GPUs)
	shares := make([]float32, n)
	switch {
	case n == 1:
		return []float32{1}, nil
	case d.Shares != nil:
		for i := range min(n, len(d.Shares)) {
			shares[i] = float32(d.Shares[i])
		}
	case len(d.Free) == n:
		for i := range shares {
			shares[i] = float32(d.Free[i])
		}
	default:
		return nil, fmt.Errorf("%w: what each of %d devices has free decides it", ErrUnplaced, n)
	}
	var sum float32
	for i, share := range shares {
		sum += share
		shares[i] = sum
	}
	for i := range shares {
		shares[i] /= sum
	}
	return shares, nil
}

// Layer is the device of a layer, which holds its cache; the number of layers is the
// output head's.
func (s Spread) Layer(i int) string {
	if i < s.first || i-s.first >= len(s.layers) {
		return s.devices.Host
	}
	return s.layers[i-s.first]
}

// Tensor is the device of a tensor of a layer.
func (s Spread) Tensor(layer int, w Weight) string {
	for _, o := range s.devices.Overrides {
		if o.Pattern.MatchString(w.Name) {
			return o.Device
		}
	}
	if s.devices.OnHost != nil && s.devices.OnHost(w) {
		return s.devices.Host
	}
	return s.Layer(layer)
}

// Place writes down which device holds each layer's cache. Shared layers have none of
// their own.
func (p *Plan) Place(on func(layer int) string) {
	for i := range p.Layers {
		if l := &p.Layers[i]; l.Class != Shared {
			l.Device = on(l.Layer)
		}
	}
}
