package llamacpp

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"assay/native/llama"
	"assay/native/llama/printed"
	"assay/predict/arch"
	"assay/predict/backend"
	"assay/predict/cost"
	"assay/predict/kv"
	"assay/results"
	"assay/results/form"
)

// placed is what the graphs told of devices, in the record's words; nil where
// the library has one device alone.
func placed(p *llama.Placement, devices int, report printed.Report) *results.Placement {
	if devices < 2 {
		return nil
	}
	out := &results.Placement{Splits: report.Splits, FellBack: p.FellBack(), Copied: len(p.Copied), WeightBytes: p.WeightBytes}
	for _, layer := range slices.Sorted(maps.Keys(p.Weights)) {
		out.Weights = append(out.Weights, results.LayerDevices{Layer: layer, Devices: p.Weights[layer]})
	}
	return out
}

// hostDevice is what the library calls the processor and its memory.
const hostDevice = "CPU"

// devicesOf are the devices that the case's layers are spread over, of those that the
// library has.
func devicesOf(c results.Case, lib results.Runtime) (kv.Devices, error) {
	d := kv.Devices{Host: hostDevice, OnGPU: c.NGPULayers, OnHost: func(w kv.Weight) bool {
		b, known := backend.Of(lib.Device)
		largest := largestOn(lib.Device, lib)
		return known && (!b.HoldsWeights(w.Type) || largest > 0 && w.Tried > largest)
	}}
	if len(lib.Devices) == 0 {
		return d, fmt.Errorf("%w: no library was asked for its devices", kv.ErrUnplaced)
	}
	gpus := taken(c, lib)
	for _, gpu := range gpus {
		d.GPUs = append(d.GPUs, gpu.Name)
		if gpu.FreeBytes != nil {
			d.Free = append(d.Free, *gpu.FreeBytes)
		}
	}
	if len(gpus) > 0 && (c.SplitMode == "row" || c.SplitMode == "tensor") {
		return d, fmt.Errorf("%w: tensors are split between devices", kv.ErrUnplaced)
	}
	var err error
	if d.Shares, err = form.Shares(c.TensorSplit); err != nil {
		return d, err
	}
	d.Overrides, err = patternsOf(c)
	return d, err
}

// largestOn is the most bytes of one tensor that the device takes; 0 is any.
func largestOn(device string, lib results.Runtime) int64 {
	b, _ := backend.Of(device)
	for _, d := range lib.Devices {
		if d.Name == device {
			return b.LargestOn(d.Description)
		}
	}
	return 0
}

// taken are the library's devices that the case's layers may lie on.
func taken(c results.Case, lib results.Runtime) []results.Device {
	gpus := lib.GPUs()
	if names, given := form.DeviceNames(c.Devices); given {
		gpus = nil
		for _, name := range names {
			if at := slices.IndexFunc(lib.Devices, func(d results.Device) bool { return d.Name == name }); at >= 0 {
				gpus = append(gpus, lib.Devices[at])
			}
		}
	}
	if c.SplitMode == "none" && c.MainGPU < len(gpus) {
		gpus = gpus[c.MainGPU : c.MainGPU+1]
	}
	return gpus
}

// expertsOf is llama.cpp's pattern of a block's experts (LLM_FFN_EXPS_REGEX of
// common/common.h, v0.5.0).
const expertsOf = `blk\.%d\.ffn_(up|down|gate|gate_up)_(ch|)exps`

// overridesOf are the devices of tensors that the case names: its own patterns, and then
// the blocks whose experts stay with the CPU, in llama-bench's order.
func overridesOf(c results.Case) ([]form.Override, error) {
	all, err := form.Overrides(c.TensorOverrides)
	for block := range c.NCPUMoE {
		all = append(all, form.Override{Pattern: fmt.Sprintf(expertsOf, block), Device: hostDevice})
	}
	return all, err
}

// patternsOf are the same for a prediction, which knows no look-around.
func patternsOf(c results.Case) ([]kv.Override, error) {
	overrides, err := overridesOf(c)
	if err != nil {
		return nil, err
	}
	var all []kv.Override
	for _, o := range overrides {
		pattern, err := regexp.Compile(o.Pattern)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", kv.ErrUnplaced, err)
		}
		all = append(all, kv.Override{Pattern: pattern, Device: o.Device})
	}
	return all, nil
}

// spreadOf is the case's spread in the binding's words.
func spreadOf(c results.Case) (llama.Spread, error) {
	s := llama.Spread{SplitMode: c.SplitMode, MainGPU: c.MainGPU}
	if names, given := form.DeviceNames(c.Devices); given {
		s.Devices = append([]string{}, names...)
	}
	overrides, err := overridesOf(c)
	if err != nil {
		return s, err
	}
	for _, o := range overrides {
		s.Overrides = append(s.Overrides, llama.Override{Pattern: o.Pattern, Device: o.Device})
	}
	s.TensorSplit, err = form.Shares(c.TensorSplit)
	return s, err
}

// place says which device will hold each layer's cache and weights, where that is
// known; the placement is nil where the library has one device alone.
func place(p *kv.Plan, r ran, c results.Case, lib results.Runtime) (*lying, error) {
	devices, err := devicesOf(c, lib)
	if err != nil {
		return nil, unlessUnplaced(err)
	}
	spread, err := devices.Spread(r.facts)
	if err != nil {
		return nil, unlessUnplaced(err)
	}
	p.Place(func(layer int) string {
		if c.NoKVOffload {
			return hostDevice
		}
		return spread.Layer(layer)
	})
	if len(lib.Devices) < 2 {
		return nil, nil
	}
	placed, err := cost.Place(r.facts, r.weightType, spread)
	if errors.Is(err, cost.ErrNoRule) {
		return nil, nil
	}
	return &lying{placed, spread, devices.GPUs}, err
}

// lying is a model spread over these GPUs and the host.
type lying struct {
	cost.Placed
	spread kv.Spread
	gpus   []string
}

func unlessUnplaced(err error) error {
	if errors.Is(err, kv.ErrUnplaced) {
		return nil
	}
	return err
}

// ran is the model that is run, with the type of a skeleton's matrices.
type ran struct {
	facts      arch.Facts
	weightType string
}

// foretold is a placement in the record's words.
func foretold(p *lying) *results.Placement {
	if p == nil {
		return nil
	}
	out := &results.Placement{WeightBytes: p.Read}
	for layer, devices := range p.Layers {
		if len(devices) > 0 {
			out.Weights = append(out.Weights, results.LayerDevices{Layer: layer, Devices: devices})
		}
	}
	return out
}

// byDevice are the library's buffers by the device that they lie on; nil where it
// has one device alone.
func byDevice(devices []llama.Device, reports ...printed.Report) map[string]*results.Memory {
	if len(devices) < 2 {
		return nil
	}
	sums := map[string]*results.Memory{}
	for _, report := range reports {
		for _, b := range report.Buffers {
			on := bufferDevice(devices, b.Device)
			if sums[on] == nil {
				sums[on] = &results.Memory{}
			}
			if part := partOf(sums[on], b); part != nil {
				if *part == nil {
					*part = new(int64)
				}
				**part += b.Bytes
			}
		}
	}
	return sums
}

// partOf is where a buffer is counted.
func partOf(m *results.Memory, b printed.BufferReport) **int64 {
	switch b.Kind {
	case "model":
		if b.Repacked() {
			return &m.RepackBytes
		}
		return &m.WeightBytes
	case "KV", "RS":
		return &m.KVBytes
	case "compute":
		return &m.ComputeBytes
	case "output":
		return &m.OutputBytes
	}
	return nil
}

// bufferDevice is the device whose buffer that is: they are called after it with
// what they are behind it ("MTL0_Mapped", "MTL0_Private"), pinned memory of the host
// after the backend ("Vulkan_Host"), and repacked weights after the CPU.
func bufferDevice(devices []llama.Device, buffer string) string {
	for _, d := range devices {
		rest, ok := strings.CutPrefix(buffer, d.Name)
		if ok && (rest == "" || rest[0] == '_') {
			return d.Name
		}
	}
	return hostDevice
}

// addFree adds what each device had free before the model, with it and with a context.
func addFree(devices map[string]*results.Memory, before, loaded, now map[string]int64) {
	for name, bytes := range now {
		if m := devices[name]; m != nil {
			m.Free = &results.FreeMemory{BeforeBytes: before[name], ModelBytes: loaded[name], ContextBytes: bytes}
		}
	}
}
