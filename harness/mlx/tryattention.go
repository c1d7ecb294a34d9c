package mlx

import (
	"context"
	"fmt"
	"math"
	"strings"

	"assay/harness/runtime"
	"assay/native/mlx"
	"assay/predict/cost"
)

// What attention is tried with: heads of every width that models have, few and many
// queries, and both ways of grouping them.
var (
	triedWidths  = []int{32, 64, 72, 80, 96, 128, 192, 256}
	triedQueries = []int{1, 4, 8, 9, 64}
	triedMasks   = []string{"none", "causal", "array", "sinks"}
)

const (
	triedKeys    = 96
	triedHeads   = 4
	triedKVHeads = 2
)

// float32Bound is how far a product of float32 may be off: some hundred terms of
// rounding 6e-8, and fast exponentials on a GPU.
const float32Bound = 1e-5

// tryAttention tries every shape with every mask: what comes out, the operations that
// the graph has, and whether it is one node.
func tryAttention(ctx context.Context, lib *mlx.Library, s *mlx.Scope) ([]runtime.Reading, error) {
	var out []runtime.Reading
	for _, mask := range triedMasks {
		sum := attentionSum{}
		for _, width := range triedWidths {
			for _, queries := range triedQueries {
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				inner := s.Nested()
				t := newAttention(width, queries, mask)
				err := sum.add(inner, t, fusedOnMetal(lib, t))
				inner.Close()
				if err != nil {
					return nil, err
				}
			}
		}
		out = append(out, sum.readings(mask, lib)...)
	}
	return out, nil
}

// attentionSum is what all shapes of one mask came to.
type attentionSum struct {
	shapes, fused, foretold int
	counted, predicted      int64
	worst                   float64
	uncounted               error
	surprising              []string
}

func (a *attentionSum) add(s *mlx.Scope, t attention, fused bool) error {
	got := t.run(s)
	nodes, err := mlx.ParseGraph(s.Graph(got))
	if err != nil {
		return err
	}
	counter, one := mlx.NewCounter(), false
	for _, n := range nodes {
		counter.Observe(n)
		one = one || strings.HasPrefix(n.Primitive, "ScaledDotProductAttention")
	}
	if one {
		a.fused++
	}
	if fused {
		a.foretold++
	}
	if one != fused {
		a.surprising = append(a.surprising, fmt.Sprintf("%d×%d", t.width, t.queries))
	}
	if counter.Err != nil {
		a.uncounted = counter.Err
	}
	a.shapes++
	a.counted += counter.Total()
	a.predicted += 4 * triedHeads * int64(t.queries) * triedKeys * int64(t.width)
	a.worst = max(a.worst, t.want().apart(s.Floats(got)))
	return s.Err()
}

func (a *attentionSum) readings(mask string, lib *mlx.Library) []runtime.Reading {
	seen := fmt.Sprintf("%d of %d shapes", a.fused, a.shapes)
	if len(a.surprising) > 0 {
		seen += ", other than foretold: " + strings.Join(a.surprising, " ")
	}
	out := []runtime.Reading{
		runtime.AtMost(mask+": off by", a.worst, float32Bound),
		runtime.Equals(mask+": operations", a.predicted, a.counted),
		runtime.Holds(mask+": fused on "+lib.Device, len(a.surprising) == 0, fmt.Sprintf("%d of %d shapes", a.foretold, a.shapes), seen),
	}
	if a.uncounted != nil {
		out = append(out, runtime.Holds(mask+": counted", false, "all products", a.uncounted.Error()))
	}
	return out
}

// fusedOnMetal is what is foretold of a shape: whether a GPU has it as one kernel.
func fusedOnMetal(lib *mlx.Library, t attention) bool {
	return lib.Device == "gpu" && cost.MLXFuses(cost.MLXAttention{
		KeyDim: int64(t.width), ValueDim: int64(t.width), Queries: int64(t.queries), Keys: triedKeys,
		Sharing: triedHeads / triedKVHeads, Causal: t.mask == "causal",
	}, lib.Version)
}

// attention is one shape, with its numbers.
type attention struct {
	width, queries int
	mask           string
	// q, k and v have a row for each head and token.
	q, k, v matrix
	sinks   matrix
}

func newAttention(width, queries int, mask string) attention {
	seed := uint64(width*1000 + queries)
	return attention{
		width: width, queries: queries, mask: mask, sinks: drawn(seed+3, 1, triedHeads),
		q: drawn(seed, triedHeads*queries, width), k: drawn(seed+1, triedKVHeads*triedKeys, width),
		v: drawn(seed+2, triedKVHeads*triedKeys, width),
	}
}

func (t attention) scale() float64 { return 1 / math.Sqrt(float64(t.width)) }

// sees reports whether a query may look at a key; the last query is the newest token.
func (t attention) sees(query, key int) bool {
	switch t.mask {
	case "causal":
		return key <= triedKeys-t.queries+query
	case "array": // a window and the first key
		return key == 0 || key > triedKeys-t.queries+query-20 && key <= triedKeys-t.queries+query
	}
	return true
}

// run is MLX's attention, not evaluated; its inputs are.
func (t attention) run(s *mlx.Scope) mlx.Array {
	q := s.Float32s(t.q.data, 1, triedHeads, t.queries, t.width)
	k := s.Float32s(t.k.data, 1, triedKVHeads, triedKeys, t.width)
	v := s.Float32s(t.v.data, 1, triedKVHeads, triedKeys, t.width)
	inputs := []mlx.Array{q, k, v}
	var mask mlx.Mask
	var sinks mlx.Array
	switch t.mask {
	case "causal":
		mask.Causal = true
	case "array":
		added := matrix{t.queries, triedKeys, make([]float32, t.queries*triedKeys)}
		for i := range t.queries {
			for j := range triedKeys {
				if !t.sees(i, j) {
					added.data[i*triedKeys+j] = -1e9
				}
			}
		}
		mask.Array = added.in(s)
		inputs = append(inputs, mask.Array)
	case "sinks":
		sinks = s.Float32s(t.sinks.data, triedHeads)
		inputs = append(inputs, sinks)
	}
	s.Eval(inputs...)
	return s.Attention(q, k, v, float32(t.scale()), mask, sinks)
}

// want is the same in 64 bits.
func (t attention) want() exact {
	var out exact
	weights := make([]float64, triedKeys)
	for head := range triedHeads {
		group := head / (triedHeads / triedKVHeads) * triedKeys
		for i := range t.queries {
			sum := 0.0
			if t.mask == "sinks" {
				sum = math.Exp(float64(t.sinks.data[head]))
			}
			query := t.q.row(head*t.queries + i)
			for j := range triedKeys {
				if weights[j] = 0; t.sees(i, j) {
					score, _ := dot(query, t.k.row(group+j))
					weights[j] = math.Exp(t.scale() * score)
				}
				sum += weights[j]
			}
			for d := range t.width {
				value := 0.0
				for j, w := range weights {
					value += w * float64(t.v.data[(group+j)*t.width+d])
				}
				out.numbers = append(out.numbers, value/sum)
				out.size = max(out.size, math.Abs(value/sum))
			}
		}
	}
	return out
}
