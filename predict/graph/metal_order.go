package graph

import "slices"

// reserve is the size of the GPU's buffer for a graph: copies of what comes from
// the host, in the order in which they are read, then the nodes in the order in
// which Metal runs them (ggml_backend_sched_split_graph, ggml/src/ggml-backend.cpp;
// ggml_backend_metal_graph_optimize, ggml-metal.cpp; v0.5.0).
func (m metalBuild) reserve(g *dag) int64 {
	nodes, kept := g.nodes, map[*tensor][]*tensor{}
	if m.keeps {
		kept = keptByGroups(nodes)
	}
	ordered := &dag{leafs: leafsAsRead(nodes)}
	if m.reorders {
		nodes = m.reordered(nodes)
	}
	for _, n := range nodes {
		ordered.nodes = append(ordered.nodes, n)
		if keep := kept[n]; keep != nil {
			ordered.nodes = append(ordered.nodes, &tensor{op: none, held: true, src: keep})
		}
	}
	return reserve(ordered, m.size)
}

// leafsAsRead are the leafs in the order in which the nodes read them.
func leafsAsRead(nodes []*tensor) (leafs []*tensor) {
	seen := map[*tensor]bool{}
	for _, n := range nodes {
		for _, s := range n.src {
			if s.op == none && !seen[s] {
				seen[s] = true
				leafs = append(leafs, s)
			}
		}
	}
	return leafs
}

// ranges are what a set of nodes reads and writes, by the tensor that has the memory.
type ranges map[*tensor]access

type access int

const (
	reads access = iota + 1
	writes
)

func memoryOf(t *tensor) *tensor {
	if t.root != nil {
		return t.root
	}
	return t
}

// outside calls do for the memory of all that a group reads from outside, as long
// as it returns true.
func (g group) outside(do func(*tensor) bool) bool {
	for _, n := range g {
		for _, s := range n.src {
			if !slices.Contains(g, s) && !do(memoryOf(s)) {
				return false
			}
		}
	}
	return true
}

func (r ranges) add(g group) {
	g.outside(func(t *tensor) bool {
		r[t] = max(r[t], reads)
		return true
	})
	for _, n := range g {
		r[memoryOf(n)] = writes
	}
}

// free reports whether a group can run beside the set.
func (r ranges) free(g group) bool {
	if !g.outside(func(t *tensor) bool { return r[t] < writes }) {
		return false
	}
	for _, n := range g {
		t := memoryOf(n)
		// a range ends where the next tensor of its buffer begins, and counts as reaching into it
		if r[t] > 0 || t.next != nil && r[t.next] > 0 {
			return false
		}
	}
	return true
}

// reordered are the nodes as Metal runs them: those that can run beside the ones
// before them are moved forward (ggml_metal_graph_optimize_reorder,
// ggml-metal-common.cpp).
func (m metalBuild) reordered(nodes []*tensor) (order []*tensor) {
	const forward = 64
	groups := m.groups(nodes)
	used := make([]bool, len(groups))
	beside := ranges{}
	for i, g := range groups {
		if used[i] {
			continue
		}
		if !g[0].empty() && !beside.free(g) {
			waiting := ranges{}
			waiting.add(g)
			for j := i + 1; j < min(i+forward, len(groups)); j++ {
				if used[j] {
					continue
				}
				later := groups[j]
				if !movable[later[0].op] && !later[0].empty() {
					break
				}
				if (later[0].empty() || beside.free(later)) && waiting.free(later) {
					beside.add(later)
					order = append(order, later...)
					used[j] = true
				} else {
					waiting.add(later)
				}
			}
			beside = ranges{}
		}
		beside.add(g)
		order = append(order, g...)
	}
	return order
}

// movable are the operations across which nodes are moved.
var movable = map[op]bool{
	"MUL_MAT": true, "MUL_MAT_ID": true, "ROPE": true, "NORM": true, "RMS_NORM": true, "L2_NORM": true, "SUM_ROWS": true,
	"SSM_CONV": true, "SSM_SCAN": true, "CLAMP": true, "TRI": true, "DIAG": true, "MUL": true, "ADD": true, "SUB": true, "DIV": true,
	"GLU": true, "SCALE": true, "UNARY": true, "GET_ROWS": true, "SET_ROWS": true, "SET": true, "CPY": true, "CONT": true, "REPEAT": true,
}
