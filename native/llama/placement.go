package llama

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// dataName is the name of the tensor whose data this one holds, whole or in
// part: "cache_k_l0" of "Vulkan0#cache_k_l0 (view) (permuted)#0".
//
// A scheduler that needs a tensor on another device makes a leaf there, without
// the flags of the first and called "BACKEND#NAME#COPY" (ggml_backend_sched_split_graph
// of ggml-backend.cpp, all releases); a view is called after its source with the
// operation in brackets behind it (ggml.c). What CONT and CPY make of a tensor
// are results of their own.
func (n Node) dataName() string {
	name := n.originalName()
	base, made, _ := strings.Cut(name, " (")
	if strings.Contains(made, "cont)") || strings.Contains(made, "copy") {
		return name
	}
	return base
}

// originalName is the name of what a scheduler copied, or the tensor's own.
func (n Node) originalName() string {
	name := n.Name()
	if !n.isCopy() {
		return name
	}
	_, name, _ = strings.Cut(name, "#")
	if at := strings.LastIndexByte(name, '#'); at >= 0 { // absent where the name was too long
		name = name[:at]
	}
	return name
}

// isCopy reports whether a scheduler made the tensor, of one on another device.
func (n Node) isCopy() bool {
	return n.t.op == 0 && n.t.viewSrc == nil && strings.Contains(n.Name(), "#")
}

// Device names the device whose memory holds the tensor: "CPU", "Vulkan0"; "" for
// one that has no memory. Memory of the host that a GPU reads too is the CPU's.
func (n Node) Device() string {
	buffer := n.Root().t.buffer
	if buffer == 0 {
		return ""
	}
	return n.lib.bufferDevice(buffer)
}

// hostDevice is the name of memory that the processor addresses.
const hostDevice = "CPU"

func (l *Library) bufferDevice(buffer uintptr) string {
	if byte(call(l.fn.bufferIsHost, buffer)) != 0 {
		return hostDevice
	}
	kind := call(l.fn.bufferType, buffer)
	if device := call(l.fn.bufferTypeDevice, kind); device != 0 {
		return goString(call(l.fn.devName, device))
	}
	return hostDevice // the CPU backend's own kinds, such as CPU_REPACK, before it had a device
}

// Placement is where a graph's tensors lay and its nodes ran.
type Placement struct {
	// Weights and Caches have the devices of each layer's tensors, in order of
	// appearance; layer -1 is what belongs to none.
	Weights, Caches map[int][]string
	// WeightBytes are the weights that were read, each once, by device.
	WeightBytes map[string]int64
	// Ran counts the nodes that computed something, by device and operation.
	Ran map[string]map[string]int64
	// Copied are the tensors that were copied between devices, by the name of
	// what was copied, with the device they were copied to.
	Copied map[string]string

	counted map[[2]string]bool // weights, by device and name
}

// NewPlacement answers an empty collection.
func NewPlacement() *Placement {
	return &Placement{
		Weights: map[int][]string{}, Caches: map[int][]string{},
		WeightBytes: map[string]int64{}, counted: map[[2]string]bool{},
		Ran: map[string]map[string]int64{}, Copied: map[string]string{},
	}
}

// Observe looks at a node and its sources; made for ContextParams.Eval.
func (p *Placement) Observe(n Node) {
	op := n.Op()
	if noWork[op] || elements(n.t.ne) == 0 {
		return
	}
	device := n.Device()
	if p.Ran[device] == nil {
		p.Ran[device] = map[string]int64{}
	}
	p.Ran[device][op]++
	if root := n.Root(); root.isCache() && root.t.op == 0 {
		note(p.Caches, root, root.Device())
	}
	for _, t := range n.t.src {
		if t == nil {
			continue
		}
		src := Node{lib: n.lib, t: t}.Root()
		switch {
		case src.isCopy():
			p.Copied[src.originalName()] = src.Device()
			if src.isWeight() { // copied for a product only where it lies on the host
				p.weight(src, hostDevice)
			}
		case src.isCache() && src.t.op == 0:
			note(p.Caches, src, src.Device())
		case src.isWeight():
			p.weight(src, src.Device())
		}
	}
}

// weight notes where a weight lies.
func (p *Placement) weight(n Node, device string) {
	note(p.Weights, n, device)
	if key := [2]string{device, n.dataName()}; !p.counted[key] {
		p.counted[key] = true
		p.WeightBytes[device] += n.Bytes()
	}
}

func note(devices map[int][]string, n Node, device string) {
	layer := layerOf(n.dataName())
	if !slices.Contains(devices[layer], device) {
		devices[layer] = append(devices[layer], device)
	}
}

// layerOf reads the layer of blk.3.attn_q.weight and of cache_k_l3; -1 is none.
func layerOf(name string) int {
	digits := ""
	if rest, ok := strings.CutPrefix(name, "blk."); ok {
		digits, _, _ = strings.Cut(rest, ".")
	} else if at := strings.LastIndex(name, "_l"); at >= 0 {
		digits = name[at+2:]
	}
	layer, err := strconv.Atoi(digits)
	if err != nil {
		return -1
	}
	return layer
}

// FellBack are the operations that ran on the processor, with the nodes of each,
// where most of the graph ran on another device; the look-up of the tokens does
// so always and is left out.
func (p *Placement) FellBack() map[string]int64 {
	on := maps.Clone(p.Ran[hostDevice])
	if on == nil || len(p.Ran) < 2 {
		return nil
	}
	delete(on, "GET_ROWS")
	if len(on) == 0 {
		return nil
	}
	return on
}
