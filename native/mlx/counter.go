package mlx

import (
	"fmt"
	"regexp"
	"slices"
)

// Counter counts the arithmetic of graphs that the library executes. Not safe
// for concurrent use.
type Counter struct {
	// FLOPs are the operations of each kind of product: a multiplication and an
	// addition count as two.
	FLOPs map[string]int64
	// Nodes is the number of primitives.
	Nodes int64
	// Err is the first product whose operations are not known: FLOPs are too
	// few then, and must not be reported.
	Err error
}

// NewCounter answers an empty counter.
func NewCounter() *Counter { return &Counter{FLOPs: map[string]int64{}} }

// Total is the sum over all products.
func (c *Counter) Total() int64 {
	var sum int64
	for _, flops := range c.FLOPs {
		sum += flops
	}
	return sum
}

// Observe counts one node.
func (c *Counter) Observe(n Node) {
	c.Nodes++
	rule, known := flopRules[n.Primitive]
	if !known {
		if productLike.MatchString(n.Primitive) && c.Err == nil {
			c.Err = fmt.Errorf("MLX's graph has %s, whose operations nobody counts", n.Primitive)
		}
		return
	}
	if !rule.fits(n) {
		c.Err = fmt.Errorf("MLX's graph has %s of other arrays than are known: %v", n.Primitive, n.Inputs)
		return
	}
	c.FLOPs[n.Primitive] += rule.flops(n)
}

// productLike are names of primitives that multiply more than element by
// element (mlx/primitives.h and fast_primitives.h, v0.31.2), and that newer
// releases are likely to give.
var productLike = regexp.MustCompile(`MM|Matmul|MatMul|Attention|Conv|Hadamard|FFT|Inverse|Cholesky|Eig|SVD|QRF|LUF|Custom`)

// flopRule gives the operations of a node that has at least so many inputs, the
// first of which are matrices.
type flopRule struct {
	inputs, matrices int
	flops            func(Node) int64
}

func (r flopRule) fits(n Node) bool {
	return len(n.Inputs) >= r.inputs &&
		!slices.ContainsFunc(n.Inputs[:r.matrices], func(o Operand) bool { return len(o.Shape) < 2 })
}

// flopRules give the operations from the shapes of the arrays, as mlx/ops.cpp
// and mlx/fast.cpp (v0.31.2) make the primitives.
var flopRules = map[string]flopRule{
	// a [..., m, k] and b [..., k, n] give [..., m, n]: k products an element.
	"Matmul": {2, 2, innerProduct},
	"AddMM":  {3, 2, innerProduct}, // a, b and what is added
	// x [..., m, k] and packed words, scales and biases.
	"QuantizedMatmul": {3, 2, innerProduct},
	// The same for the matrices that the last inputs name: [..., m, n] for each.
	"GatherMM":  {4, 2, innerProduct},
	"GatherQMM": {5, 2, innerProduct},
	// Rows [b, rows, width in] and weights [width out, kernel, width in of a group]
	// give [b, rows, width out]: a kernel of products an element.
	"Convolution": {2, 2, func(n Node) int64 {
		weights := n.Inputs[1]
		return 2 * n.Outputs[0].Elements() * weights.Elements() / max(1, weights.Shape[0])
	}},
	// Queries [b, heads, t, d], keys [b, kv heads, cells, d] and values
	// [b, kv heads, cells, d']: every query with every cell, and back.
	"ScaledDotProductAttention": {3, 3, func(n Node) int64 {
		q, k, v := n.Inputs[0], n.Inputs[1].Shape, n.Inputs[2].Shape
		queries := q.Elements() / max(1, last(q))
		return 2 * queries * k[len(k)-2] * (last(n.Inputs[1]) + v[len(v)-1])
	}},
}

func innerProduct(n Node) int64 { return 2 * last(n.Inputs[0]) * n.Outputs[0].Elements() }

func last(o Operand) int64 { return o.Shape[len(o.Shape)-1] }
