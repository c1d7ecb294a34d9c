package llama

import (
	"fmt"
	"strings"
	"unsafe"
)

// Spread says which devices hold a model; the zero value leaves it to the library.
type Spread struct {
	// Devices are the names of those that are taken, nil all, and empty none.
	Devices []string
	// SplitMode is "layer", "none", "row" or "tensor", MainGPU the device that takes
	// all with "none", and TensorSplit the share of each.
	SplitMode   string
	MainGPU     int
	TensorSplit []float64
	// Overrides say where tensors lie whose names match, the first that matches.
	Overrides []Override
}

// Override puts the tensors that a pattern (std::regex_search) is found in on a device.
type Override struct{ Pattern, Device string }

// splitModes are enum llama_split_mode of llama.h (b6673 to v0.7.0; TENSOR since b8390
// at the latest, and a library without it refuses the number).
var splitModes = map[string]uint64{"none": 0, "layer": 1, "row": 2, "tensor": 3}

// mostSplit is more devices than any release takes (llama_max_devices, 16).
const mostSplit = 64

// bufferOverride is struct llama_model_tensor_buft_override of llama.h.
type bufferOverride struct {
	pattern *byte
	buffer  uintptr
}

// spread is a Spread as C reads it, as long as the model lives.
type spread struct {
	devices   []uintptr // the last is null
	overrides []bufferOverride
	shares    *[mostSplit]float32
	mode      string
	mainGPU   int
}

// spread looks devices up by their names.
func (l *Library) spread(s Spread) (*spread, error) {
	if _, ok := splitModes[s.SplitMode]; !ok && s.SplitMode != "" {
		return nil, fmt.Errorf("split mode %q is not layer, none, row or tensor", s.SplitMode)
	}
	out := &spread{mode: s.SplitMode, mainGPU: s.MainGPU}
	if s.Devices != nil {
		for _, name := range s.Devices {
			device, err := l.deviceNamed(name)
			if err != nil {
				return nil, err
			}
			out.devices = append(out.devices, device)
		}
		out.devices = append(out.devices, 0)
	}
	if len(s.TensorSplit) > mostSplit {
		return nil, fmt.Errorf("%d shares for at most %d devices", len(s.TensorSplit), mostSplit)
	}
	if s.TensorSplit != nil {
		out.shares = new([mostSplit]float32)
		for i, share := range s.TensorSplit {
			out.shares[i] = float32(share)
		}
	}
	for _, o := range s.Overrides {
		device, err := l.deviceNamed(o.Device)
		if err != nil {
			return nil, fmt.Errorf("tensors %s: %w", o.Pattern, err)
		}
		out.overrides = append(out.overrides, bufferOverride{cString(o.Pattern), call(l.fn.devBufferType, device)})
	}
	if out.overrides != nil {
		out.overrides = append(out.overrides, bufferOverride{})
	}
	return out, nil
}

// deviceNamed is the handle of the device of that name.
func (l *Library) deviceNamed(name string) (uintptr, error) {
	var names []string
	for i := range call(l.fn.devCount) {
		handle := call(l.fn.devGet, i)
		if names = append(names, goString(call(l.fn.devName, handle))); names[i] == name {
			return handle, nil
		}
	}
	return 0, fmt.Errorf("the library has no device %q; it has %s", name, strings.Join(names, ", "))
}

// fill sets the members of the parameters.
func (s *spread) fill(params *settings) {
	if mode, ok := splitModes[s.mode]; ok {
		params.set("split_mode", mode)
	}
	if s.mainGPU != 0 {
		params.set("main_gpu", uint64(uint32(s.mainGPU)))
	}
	if s.devices != nil {
		params.set("devices", uint64(uintptr(unsafe.Pointer(unsafe.SliceData(s.devices)))))
	}
	if s.shares != nil {
		params.set("tensor_split", uint64(uintptr(unsafe.Pointer(s.shares))))
	}
	if s.overrides != nil {
		params.set("tensor_buft_overrides", uint64(uintptr(unsafe.Pointer(unsafe.SliceData(s.overrides)))))
	}
}
