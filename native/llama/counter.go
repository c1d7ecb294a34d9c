package llama

// Counter counts the arithmetic of the graphs that the library executed. Its
// Observe is made for ContextParams.Eval. Not safe for concurrent use.
type Counter struct {
	// FLOPs are the operations of each kind of product (MUL_MAT, MUL_MAT_ID,
	// OUT_PROD, FLASH_ATTN_EXT): a multiplication and an addition count as two.
	FLOPs map[string]int64
	// Nodes is the number of graph nodes, Ops how many of each operation.
	Nodes int64
	Ops   map[string]int64
	Traffic
}

// NewCounter answers an empty counter.
func NewCounter() *Counter {
	return &Counter{FLOPs: map[string]int64{}, Ops: map[string]int64{}}
}

// Total is the sum over all operations.
func (c *Counter) Total() int64 {
	var sum int64
	for _, flops := range c.FLOPs {
		sum += flops
	}
	return sum
}

// Observe counts one node.
func (c *Counter) Observe(n Node) {
	op := n.Op()
	c.Nodes++
	c.Ops[op]++
	var flops int64
	if rule, ok := flopRules[op]; ok {
		flops = rule(n)
		c.FLOPs[op] += flops
	}
	c.observe(n, op, flops)
}

// flopRules give the operations of each node from the shapes of its tensors,
// as ggml.c's constructors (ggml_mul_mat and so on, v0.5.0) define them.
var flopRules = map[string]func(Node) int64{
	// src0 [k, m, ...] times src1 [k, n, ...] gives [m, n, ...]: k products an element.
	"MUL_MAT": innerProduct,
	// The same for the experts that each token chose: [m, n_expert_used, tokens].
	"MUL_MAT_ID": innerProduct,
	// src0 [m, k, ...] times src1 [n, k, ...] transposed gives [m, n, ...].
	"OUT_PROD": func(n Node) int64 { return 2 * shape(n, 0)[1] * elements(n.t.ne) },
	// Q [dk, tokens, heads, streams], K [dk, cells, ...], V [dv, cells, ...]:
	// every query with every cell, Q·K and then weights·V.
	"FLASH_ATTN_EXT": func(n Node) int64 {
		q, k, v := shape(n, 0), shape(n, 1), shape(n, 2)
		return 2 * q[1] * q[2] * q[3] * k[1] * (k[0] + v[0])
	},
}

func innerProduct(n Node) int64 { return 2 * shape(n, 0)[0] * elements(n.t.ne) }

// ObserveExperts counts the bytes of the experts that a computed node chose;
// made for ContextParams.Chosen.
func (c *Counter) ObserveExperts(n Node) {
	at, ok := ofExperts[n.Op()]
	ids, hasIDs := n.Src(2)
	if !ok || !hasIDs || elements(n.t.ne) == 0 {
		return
	}
	weights, _ := n.Src(at)
	root := weights.Root()
	count := max(1, root.t.ne[2-at]) // matrices along the third dimension, biases along the second
	c.term(classExperts, root.Type()).Bytes += root.Bytes() / count * int64(len(ids.distinct()))
}
