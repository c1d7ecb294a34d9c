package graph

import "slices"

// pattern is a run of operations that one of Metal's kernels computes
// (ggml_metal_fusions, ggml/src/ggml-metal/ggml-metal-fusion.cpp, v0.5.0).
type pattern struct {
	// all are the operations with the views between them, ops those that compute.
	all, ops []op
	// chain: each node works on what the one before it made, element by element.
	chain bool
	// outs are nodes of all, beside the last, that are read outside.
	outs []int
	// ends: a reshape that follows belongs to it.
	ends bool
}

// longestFused is how many nodes are taken together at most.
const longestFused = 16

// group is a run of nodes that one kernel computes.
type group []*tensor

// empty nodes compute nothing.
func (t *tensor) empty() bool {
	return t.op == none || t.op == view || t.op == reshape || t.op == permute || t.op == transpose
}

// patterns are those whose operations occur in the graphs here.
var patterns = func() (all []pattern) {
	of := func(chain bool, outs []int, ops ...op) {
		p := pattern{all: ops, chain: chain, outs: outs, ends: ops[len(ops)-1] == reshape}
		for _, o := range ops {
			if t := (&tensor{op: o}); !t.empty() {
				p.ops = append(p.ops, o)
			}
		}
		all = append(all, p)
	}
	for _, norm := range []op{"NORM", "RMS_NORM"} {
		of(true, nil, norm, "MUL")
		of(true, nil, norm, "MUL", "ADD")
		of(true, nil, norm, "SCALE")
	}
	for n := 2; n <= 7; n++ {
		of(true, nil, slices.Repeat([]op{"ADD"}, n)...)
	}
	of(false, []int{0}, "GATED_DELTA_NET", "CPY")
	router := []op{"SOFT_MAX", reshape, "ARGSORT", view, "GET_ROWS"}
	normed := append(slices.Clone(router), reshape, "SUM_ROWS", "CLAMP", "DIV", reshape)
	chosen := []int{3}
	of(false, chosen, router...)
	of(false, chosen, append(slices.Clone(router), "SCALE")...)
	of(false, chosen, normed...)
	of(false, chosen, append(slices.Clone(normed), "SCALE")...)
	for n := 2; n <= 8; n++ {
		of(false, nil, slices.Concat([]op{"MUL"}, slices.Repeat([]op{view}, n), slices.Repeat([]op{"ADD"}, n-1))...)
	}
	of(true, nil, "SSM_CONV", "UNARY")
	return all
}()

func opsAre(nodes []*tensor, ops []op) bool {
	return len(nodes) >= len(ops) && slices.EqualFunc(nodes[:len(ops)], ops, func(t *tensor, o op) bool { return t.op == o })
}

// keptByGroups are what is kept until a node is done, by that node: all that the
// nodes of a pattern read, where their bare operations match
// (ggml_metal_fusion_add_alloc_deps).
func keptByGroups(nodes []*tensor) map[*tensor][]*tensor {
	kept := map[*tensor][]*tensor{}
	for i := 0; i < len(nodes); i++ {
		long := 0
		for _, p := range patterns {
			if len(p.all) > long && opsAre(nodes[i:], p.all) {
				long = len(p.all)
			}
		}
		if long == 0 {
			continue
		}
		run := group(nodes[i : i+long])
		last := run[long-1]
		for j, n := range run {
			for _, s := range n.src {
				if !slices.Contains(run[:j], s) && !slices.Contains(kept[last], s) {
					kept[last] = append(kept[last], s)
				}
			}
		}
		i += long - 1
	}
	return kept
}

// uses counts how often each tensor is read.
func uses(nodes []*tensor) map[*tensor]int {
	n := map[*tensor]int{}
	for _, t := range nodes {
		for _, s := range t.src {
			n[s]++
		}
	}
	return n
}

// groups packs what is fused, so that no reorder parts it.
func (m metalBuild) groups(nodes []*tensor) (groups []group) {
	read := uses(nodes)
	for i := 0; i < len(nodes); {
		n := 1
		if !nodes[i].empty() {
			if m.keeps {
				n = fusedFrom(nodes[i:], read)
			} else {
				n = chainedFrom(nodes[i:], read)
			}
		}
		groups = append(groups, group(nodes[i:i+n]))
		i += n
	}
	return groups
}

// chainedFrom is how many norms, products and sums follow one another, as builds
// before v0.5.0 pack them.
func chainedFrom(nodes []*tensor, read map[*tensor]int) int {
	const most = 16
	starts := []op{"ADD", "NORM", "RMS_NORM"}
	if !slices.Contains(starts, nodes[0].op) {
		return 1
	}
	n := 1
	for n < min(most, len(nodes)) && slices.Contains(append(starts, "MUL"), nodes[n].op) && chained(nodes[n-1], nodes[n], read) {
		n++
	}
	return n
}

// chained reports whether next alone reads t, and makes the same shape of it.
func chained(t, next *tensor, read map[*tensor]int) bool {
	return read[t] == 1 && !t.output && t.root == nil && slices.Contains(next.src[:min(2, len(next.src))], t) && t.ne == next.ne
}

// fusedFrom is how many nodes the patterns take that begin with the first, one
// pattern behind the other, with the views between (ggml_metal_fusion_max).
func fusedFrom(nodes []*tensor, read map[*tensor]int) int {
	var at []int
	for i := 0; i < len(nodes) && len(at) < longestFused; i++ {
		if !nodes[i].empty() {
			at = append(at, i)
		}
	}
	taken := 0
	for taken < len(at) {
		long := 1
		for _, p := range patterns {
			if len(p.ops) > long && p.fits(nodes, at[taken:], read) {
				long = len(p.ops)
			}
		}
		if long == 1 {
			break
		}
		taken += long
	}
	if taken == 0 {
		return 1
	}
	return min(longestFused, at[taken-1]+1)
}

func (p pattern) fits(nodes []*tensor, at []int, read map[*tensor]int) bool {
	if len(at) < len(p.ops) {
		return false
	}
	if !p.chain {
		return p.fitsWhole(nodes[at[0]:], read)
	}
	for i, o := range p.ops {
		t := nodes[at[i]]
		if t.op != o {
			return false
		}
		if i == 0 {
			continue
		}
		before := nodes[at[i-1]]
		if !chained(before, t, read) || t.src[0] != before {
			return false
		}
		sums := p.ops[0] == "ADD"
		if sums && !sameLayout(t.src[1], before.src[1]) || !sums && len(t.src) > 1 && t.src[1].ne[0] != t.ne[0] {
			return false
		}
	}
	return true
}

// fitsWhole compares with the views between, of which none may be read outside
// but the outs and the last.
func (p pattern) fitsWhole(nodes []*tensor, read map[*tensor]int) bool {
	if !opsAre(nodes, p.all) {
		return false
	}
	run := nodes[:len(p.all)]
	inside := uses(run)
	for i, t := range run[:len(run)-1] {
		if i > 0 && !slices.ContainsFunc(run[:i], func(before *tensor) bool { return slices.Contains(t.src, before) }) {
			return false
		}
		if !slices.Contains(p.outs, i) && (t.output || inside[t] != read[t]) {
			return false
		}
	}
	return true
}
