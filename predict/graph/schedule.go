package graph

import (
	"slices"

	"assay/predict/gguf"
)

// side is where a tensor lies or a node runs: on the device, or on the host, whose
// backend is the scheduler's last.
type side int

const (
	nowhere side = iota
	onDevice
	onHost
)

// Lies says what of a model lies on the one device, and what is left to the host.
type Lies struct {
	// Weights are the model's by name, the head's as [TiedHead] where it is the embedding.
	Weights map[string]Lying
	// Layer says whether a layer, or behind all of them the head, is the device's.
	Layer func(i int) bool
	// Whole: all layers and the head are.
	Whole bool
	// CacheOnHost and KeepsProducts are -nkvo and -nopo.
	CacheOnHost, KeepsProducts bool
	// FlashOnHost, PlainOnHost: the device has no kernel for flash attention or for the
	// products of attention without it.
	FlashOnHost, PlainOnHost bool
	// Largest is the most bytes of one tensor that the device takes; 0 is any.
	Largest int64
}

// Lying is where a weight lies, and what a copy of it takes.
type Lying struct {
	OnDevice bool
	Bytes    int64
}

// split is a run of nodes on one side, with what is copied there for it.
type split struct {
	on     side
	nodes  []*tensor
	inputs []*tensor
}

// scheduler is ggml_backend_sched for one device and the host (split_graph of
// ggml/src/ggml-backend.cpp, v0.5.0): a node runs where its weights lie, others beside
// those, and what a node reads from the other side is copied.
type scheduler struct {
	Lies
	build  vulkanBuild
	tokens int64
	at     map[*tensor]side
	copied map[*tensor]*tensor
	bytes  map[*tensor]int64 // of copies
}

// memorySide is where a tensor with memory lies; nowhere for one without.
func (s *scheduler) memorySide(t *tensor) side {
	t = memoryOf(t)
	switch {
	case !t.held:
		return nowhere
	case t.name != "":
		return sideOf(s.Weights[t.name].OnDevice)
	default:
		return sideOf(!s.CacheOnHost && s.Layer(t.layer-1))
	}
}

func sideOf(device bool) side {
	if device {
		return onDevice
	}
	return onHost
}

// runs reports whether the side has a kernel for the node; the host has all.
func (s *scheduler) runs(n *tensor, on side) bool {
	if on == onHost {
		return true
	}
	if s.Largest > 0 && (s.bytesOf(n) > s.Largest || slices.ContainsFunc(n.src, func(t *tensor) bool { return s.stored(t) > s.Largest })) {
		return false
	}
	switch {
	case n.op == "FLASH_ATTN_EXT":
		return !s.FlashOnHost
	case n.op == "MUL_MAT" && s.PlainOnHost:
		return memoryOf(n.src[0]).stored == ""
	}
	return true
}

// offloads reports whether the device takes a product although its weights lie on the
// host: from 32 rows on (ggml_backend_vk_device_offload_op, ggml-vulkan.cpp).
func (s *scheduler) offloads(n *tensor) bool {
	const least = 32
	rows := n.ne[1] * n.ne[2] * n.ne[3]
	switch n.op {
	case "GET_ROWS":
		rows = 0
	case "MUL_MAT":
		rows = n.ne[1]
	case "MUL_MAT_ID", "ROPE":
		rows = n.ne[2]
	}
	return !s.KeepsProducts && rows >= least && s.runs(n, onDevice)
}

// byMemory is where a tensor must be, or wants to by its weights
// (ggml_backend_sched_backend_id_from_cur).
func (s *scheduler) byMemory(t *tensor) side {
	if on := s.memorySide(t); on != nowhere {
		return on
	}
	if t.input {
		return onHost
	}
	if t.layer > 0 && (s.Whole || s.tokens < 32) { // a norm
		return sideOf(s.Layer(t.layer - 1))
	}
	if t.op == "ROPE" || t.op == "FLASH_ATTN_EXT" {
		return nowhere
	}
	for _, src := range t.src {
		if src.name == "" {
			continue
		}
		on := s.memorySide(src)
		if on == onDevice && !s.runs(t, onDevice) || on == onHost && s.offloads(t) {
			return onDevice + onHost - on
		}
		return on
	}
	return nowhere
}

// assign gives each node its side.
func (s *scheduler) assign(g *dag) {
	for _, t := range slices.Concat(g.leafs, g.nodes) {
		s.at[t] = s.byMemory(t)
	}
	computing := slices.DeleteFunc(slices.Clone(g.nodes), (*tensor).empty)
	backwards := slices.Clone(computing)
	slices.Reverse(backwards)
	for _, onlyDevice := range []bool{true, false} {
		for _, order := range [][]*tensor{computing, backwards} {
			s.spread(order, onlyDevice)
		}
	}
	for _, n := range computing {
		if s.at[n] == nowhere {
			s.at[n] = s.nearest(n)
		}
	}
	for _, n := range g.nodes {
		if s.at[n] == nowhere && n.root != nil {
			s.at[n] = s.at[n.root]
		}
		for _, src := range n.src {
			if s.at[src] != nowhere {
				continue
			}
			if s.at[src] = s.at[n]; src.root != nil {
				s.at[src] = s.at[src.root]
			}
		}
		if s.at[n] == nowhere {
			s.at[n] = onDevice
		}
	}
}

// spread gives nodes without a side that of the one before.
func (s *scheduler) spread(order []*tensor, onlyDevice bool) {
	on := nowhere
	for _, n := range order {
		switch {
		case s.at[n] != nowhere:
			if on = s.at[n]; onlyDevice && on == onHost {
				on = nowhere
			}
		case on != nowhere && s.runs(n, on):
			s.at[n] = on
		}
	}
}

// nearest is the side that has most of what the node reads.
func (s *scheduler) nearest(n *tensor) side {
	best, most := nowhere, -1
	for _, on := range []side{onDevice, onHost} {
		if !s.runs(n, on) {
			continue
		}
		near := 0
		for _, src := range n.src {
			if s.at[memoryOf(src)] == on {
				near++
			}
		}
		if near > most {
			best, most = on, near
		}
	}
	return best
}

// split cuts the graph and copies what is read on the other side.
func (s *scheduler) split(g *dag) []*split {
	var all []*split
	var views []*tensor // in front of the first node that computes
	for _, n := range g.nodes {
		if n.empty() {
			if len(all) == 0 {
				views = append(views, n)
			} else {
				last := all[len(all)-1]
				last.nodes = append(last.nodes, n)
			}
			continue
		}
		on := s.at[n]
		if len(all) == 0 || all[len(all)-1].on != on || len(all[len(all)-1].inputs) > 0 && s.weighsElsewhere(n, on) {
			all = append(all, &split{on: on})
			all[len(all)-1].nodes, views = views, nil
		}
		last := all[len(all)-1]
		last.nodes = append(last.nodes, n)
		for i, src := range n.src {
			if s.at[src] != on && src.name != ropeFactors {
				n.src[i] = s.copyOf(src, last)
			}
		}
	}
	return all
}

// ropeFactors are loaded for each device that has a layer.
const ropeFactors = "rope_freqs.weight"

func (s *scheduler) weighsElsewhere(n *tensor, on side) bool {
	return slices.ContainsFunc(n.src, func(src *tensor) bool {
		return src.name != "" && src.name != ropeFactors && s.at[src] != on
	})
}

// copyOf is the tensor on the split's side.
func (s *scheduler) copyOf(t *tensor, to *split) *tensor {
	if c := s.copied[t]; c != nil {
		return c
	}
	c := newTensor(t.typ, t.ne[:]...)
	c.nb = t.nb
	s.copied[t] = c
	s.bytes[c] = s.stored(t)
	s.at[c] = to.on
	to.inputs = append(to.inputs, t)
	return c
}

// stored is what a tensor's data takes. The graphs here take weights and caches for f16.
func (s *scheduler) stored(t *tensor) int64 {
	root := memoryOf(t)
	if root.name != "" {
		return s.Weights[root.name].Bytes
	}
	if typ, err := gguf.ParseType(root.stored); root.stored != "" && err == nil {
		return t.bytes() / f16.bytes() * typ.BlockBytes() / typ.BlockElements()
	}
	return s.bytesOf(t)
}

// scheduled is the graph that memory is planned for: each split's copies in front of
// its nodes, those of the device in the order in which it runs them.
func (s *scheduler) scheduled(g *dag) *dag {
	s.assign(g)
	splits := s.split(g)
	out := &dag{leafs: g.leafs}
	for _, p := range splits {
		for _, t := range p.inputs {
			out.nodes = append(out.nodes, &tensor{op: none, held: true, src: []*tensor{t}}, s.copied[t])
		}
		nodes, kept := p.nodes, map[*tensor][]*tensor{}
		if p.on == onDevice {
			nodes, kept = s.build.ordered(nodes, uses(g.nodes))
		}
		for _, n := range nodes {
			out.nodes = append(out.nodes, n)
			if keep := kept[n]; keep != nil {
				out.nodes = append(out.nodes, &tensor{op: none, held: true, src: keep})
			}
		}
	}
	return out
}

// bytesOf is what a tensor takes.
func (s *scheduler) bytesOf(t *tensor) int64 {
	if n, ok := s.bytes[t]; ok {
		return n
	}
	return t.bytes()
}
