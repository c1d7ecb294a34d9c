package graph

import (
	"slices"
)

// vulkanBuild is what ggml's Vulkan backend does to the nodes of a split
// (ggml_vk_graph_optimize, ggml/src/ggml-vulkan/ggml-vulkan.cpp, v0.5.0).
type vulkanBuild struct{}

// routers are patterns of a mixture's router: what they read is kept until their end.
var routers = [][]op{
	{"SOFT_MAX", reshape, "ARGSORT", view, "GET_ROWS", reshape, "SUM_ROWS", "CLAMP", "DIV", reshape},
	{"UNARY", reshape, "ADD", "ARGSORT", view, "GET_ROWS", reshape, "SUM_ROWS", "CLAMP", "DIV", reshape},
	{"SOFT_MAX", reshape, "ARGSORT", view, "GET_ROWS"},
	{"ARGSORT", view, "GET_ROWS", reshape, "SOFT_MAX", reshape},
}

// kernels are patterns that stay together.
var kernels = [][]op{
	{"RMS_NORM", "MUL", "ADD", "MUL"},
	{"RMS_NORM", "MUL", "ADD"},
	{"RMS_NORM", "MUL", "ROPE", view, "SET_ROWS"},
	{"RMS_NORM", view, "SET_ROWS"},
	{"ROPE", view, "SET_ROWS"},
}

// reach is how far ahead nodes are looked for, and followed that of their users.
const (
	reach    = 20
	followed = 15
)

// vulkanOrder is one reorder under way.
type vulkanOrder struct {
	nodes []*tensor
	read  map[*tensor]int
	used  []bool
	first int
	order []*tensor
	done  map[*tensor]bool
	kept  map[*tensor][]*tensor
}

// ordered are the nodes of a split as the device runs them, and what is kept until a
// node is done, by that node.
func (vulkanBuild) ordered(nodes []*tensor, read map[*tensor]int) ([]*tensor, map[*tensor][]*tensor) {
	v := &vulkanOrder{nodes: nodes, read: read, used: make([]bool, len(nodes)), done: map[*tensor]bool{}, kept: map[*tensor][]*tensor{}}
	for v.first < len(nodes) {
		if v.keepsPattern() {
			continue
		}
		set := v.beside()
		if nodes[set[len(set)-1]].op != "ADD" {
			set = v.views(set)
		}
		v.push(set)
	}
	return v.order, v.kept
}

func (v *vulkanOrder) push(set []int) {
	for _, i := range set {
		v.order, v.used[i], v.done[v.nodes[i]] = append(v.order, v.nodes[i]), true, true
	}
	for v.first < len(v.nodes) && v.used[v.first] {
		v.first++
	}
}

func (v *vulkanOrder) matches(p []op, at int) bool {
	return opsAre(v.nodes[at:], p) && !slices.Contains(v.used[at:at+len(p)], true)
}

// keepsPattern takes a pattern that begins at the first unused node.
func (v *vulkanOrder) keepsPattern() bool {
	take := func(p []op) bool {
		set := make([]int, len(p))
		for i := range set {
			set[i] = v.first + i
		}
		v.push(set)
		return true
	}
	for _, p := range routers {
		if !v.matches(p, v.first) {
			continue
		}
		last := v.first + len(p) - 1
		if last+1 < len(v.nodes) && v.nodes[last+1].op == "SCALE" {
			last++
		}
		run, until := v.nodes[v.first:v.first+len(p)], v.nodes[last]
		for i, n := range run {
			for _, s := range n.src {
				if !slices.Contains(run[:i], s) && !slices.Contains(v.kept[until], s) {
					v.kept[until] = append(v.kept[until], s)
				}
			}
		}
		return take(p)
	}
	for _, p := range kernels {
		if v.matches(p, v.first) {
			return take(p)
		}
	}
	return false
}

// waits reports whether t must run behind a node before it.
func waits(t, before *tensor) bool {
	for i, s := range t.src {
		if s == before {
			return true
		}
		if t.empty() || before.empty() {
			continue
		}
		if memoryOf(s) == memoryOf(before) || i < len(before.src) && memoryOf(t) == memoryOf(before.src[i]) {
			return true
		}
	}
	if !t.empty() && !before.empty() {
		for _, s := range before.src[min(len(t.src), len(before.src)):] {
			if memoryOf(t) == memoryOf(s) {
				return true
			}
		}
	}
	return memoryOf(t) == memoryOf(before)
}

// together are pairs that one kernel computes: the second may follow the first at once.
var together = map[[2]op]bool{
	{"MUL_MAT", "ADD"}: true, {"MUL_MAT_ID", "ADD_ID"}: true, {"MUL_MAT_ID", "MUL"}: true, {"ADD", "ADD"}: true,
	{"SSM_CONV", "ADD"}: true, {"SSM_CONV", "UNARY"}: true,
}

// beside are the first unused node and those near it that can run with it.
func (v *vulkanOrder) beside() []int {
	set := []int{v.first}
	for j := v.first + 1; j < min(v.first+reach, len(v.nodes)); j++ {
		if v.used[j] || v.nodes[j].empty() || v.begins(j) || !v.runsWith(j, set) {
			continue
		}
		set = v.follow(append(set, j), j)
	}
	return set
}

func (v *vulkanOrder) begins(j int) bool {
	return slices.ContainsFunc(slices.Concat(routers, kernels), func(p []op) bool { return v.matches(p, j) })
}

func (v *vulkanOrder) runsWith(j int, set []int) bool {
	last, n := set[len(set)-1], v.nodes[j]
	for c := v.first; c < j; c++ {
		before := v.nodes[c]
		if v.used[c] || !waits(n, before) {
			continue
		}
		if c != last {
			return false
		}
		switch {
		case j == c+1 && together[[2]op{before.op, n.op}]:
		case (before.op == "RMS_NORM" || before.op == "UNARY") && n.op == "MUL" && v.emptyBetween(c+1, j):
		default:
			return false
		}
	}
	return true
}

func (v *vulkanOrder) emptyBetween(from, to int) bool {
	for i := from; i < to; i++ {
		if !v.used[i] && !v.nodes[i].empty() {
			return false
		}
	}
	return true
}

// follow takes the users of node j that its kernel computes, too.
func (v *vulkanOrder) follow(set []int, j int) []int {
	n := v.nodes[j]
	take := func(k int) {
		set = append(set, k)
		v.used[k] = true
	}
	ready := func(t *tensor) bool { return t.op == none || v.done[t] }
	turned := j
	if n.op == "MUL" && v.nodes[j-1].op == "RMS_NORM" {
		if k := v.next(j, "ROPE", func(u *tensor) bool {
			return u.src[0] == n && u.src[1].op == none && (len(u.src) < 3 || u.src[2].op == none)
		}); k > 0 {
			turned = k
			take(k)
		}
	}
	if op := v.nodes[turned].op; op == "ROPE" || op == "RMS_NORM" {
		v.intoCache(turned, take)
	}
	second := func(o op) {
		if k := v.next(j, o, func(u *tensor) bool { return u.src[0] == n && ready(u.src[1]) }); k > 0 {
			take(k)
		}
	}
	switch {
	case n.op == "ADD_ID" && v.nodes[j-1].op == "MUL_MAT_ID":
		second("MUL")
	case n.op == "ADD" && v.nodes[j-1].op == "MUL_MAT":
		second("ADD")
	case n.op == "ADD" && v.nodes[j-1].op == "SSM_CONV":
		if k := v.next(j, "UNARY", func(u *tensor) bool { return u.src[0] == n }); k > 0 {
			take(k)
		}
	case n.op == "UNARY":
		if k := v.next(j, "MUL", func(u *tensor) bool { return v.gates(n, u, ready) }); k > 0 {
			take(k)
		}
	}
	return set
}

// gates reports whether a product with what an activation made is of its kernel.
func (v *vulkanOrder) gates(n, product *tensor, ready func(*tensor) bool) bool {
	other := product.src[0]
	switch {
	case other == n:
		other = product.src[1]
	case product.src[1] != n:
		return false
	}
	return ready(other) && other.contiguous() && n.src[0].contiguous()
}

// next is the first node of the operation near j that is wanted; 0 is none.
func (v *vulkanOrder) next(j int, o op, wanted func(*tensor) bool) int {
	for k := j + 1; k < min(j+followed, len(v.nodes)); k++ {
		if v.nodes[k].op == o && wanted(v.nodes[k]) {
			return k
		}
	}
	return 0
}

// intoCache takes the view and the write of what the node made.
func (v *vulkanOrder) intoCache(at int, take func(int)) {
	looks := -1
	for k := at + 1; k < min(at+followed, len(v.nodes)); k++ {
		n := v.nodes[k]
		switch {
		case v.used[k]:
		case looks < 0 && n.op == view && n.src[0] == v.nodes[at]:
			looks = k
		case looks >= 0 && n.op == "SET_ROWS" && n.src[0] == v.nodes[looks]:
			if v.read[v.nodes[at]] != 1 || v.read[v.nodes[looks]] != 1 {
				return
			}
			for c := at + 1; c < k; c++ {
				if !v.used[c] && c != looks && !v.nodes[c].empty() && waits(n, v.nodes[c]) {
					return
				}
			}
			take(looks)
			take(k)
			return
		}
	}
}

// views adds the views whose sources are there.
func (v *vulkanOrder) views(set []int) []int {
	for j := v.first + 1; j < min(v.first+reach, len(v.nodes)); j++ {
		if v.used[j] || !v.nodes[j].empty() {
			continue
		}
		ok := true
		for c := v.first; c < j; c++ {
			if !v.used[c] && waits(v.nodes[j], v.nodes[c]) && !slices.Contains(set, c) {
				ok = false
				break
			}
		}
		if ok {
			set = append(set, j)
		}
	}
	return set
}
