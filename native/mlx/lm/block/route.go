package block

import (
	"sync"

	"assay/native/mlx"
	"assay/native/mlx/lm/cache"
)

// Routing is how group_expert_select of mlx-lm's deepseek_v3 and its kin chooses
// experts: by sigmoids and a bias, among the best groups.
type Routing struct {
	Chosen, Groups, KeptGroups int
	Normalise                  bool
	// Epsilon is added to the sum that weights are divided by.
	Epsilon float64
	Scale   float64
}

var routings sync.Map // of *mlx.Function by Routing

// function takes logits (1, tokens, experts) and the bias, and returns indices
// and weights (1, tokens, chosen).
func (r Routing) function() *mlx.Function {
	made, _ := routings.LoadOrStore(r, &mlx.Function{Inputs: 2, Shaped: true, Outputs: 2, Parts: r.choose})
	return made.(*mlx.Function)
}

func (r Routing) choose(s *mlx.Scope, in []mlx.Array) []mlx.Array {
	scores := s.Sigmoid(s.AsType(in[0], mlx.Float32))
	biased := s.Add(scores, in[1])
	if r.Groups > 1 {
		biased = r.grouped(s, biased)
	}
	indices := firstOf(s, s.ArgPartition(s.Negative(biased), r.Chosen-1), r.Chosen)
	weights := s.TakeAlong(scores, indices)
	if r.Chosen > 1 && r.Normalise {
		sum := s.Sum(weights, -1, true)
		if r.Epsilon != 0 {
			sum = s.Add(sum, s.Scalar(r.Epsilon, mlx.Float32))
		}
		weights = s.Divide(weights, sum)
	}
	return []mlx.Array{indices, s.Multiply(weights, s.Scalar(r.Scale, mlx.Float32))}
}

// grouped zeroes the scores of the groups whose two best are the least.
func (r Routing) grouped(s *mlx.Scope, scores mlx.Array) mlx.Array {
	scores = s.Unflatten(scores, -1, r.Groups, -1)
	if dropped := r.Groups - r.KeptGroups; dropped > 0 {
		best := s.Sum(s.TopK(scores, 2), -1, true)
		worst := s.ArgPartitionAxis(best, dropped-1, -2)
		shape := s.Shape(worst)
		if len(shape) == 4 {
			shape[2] = dropped
			worst = s.Slice(worst, []int{0, 0, 0, 0}, shape)
		}
		scores = s.PutAlong(scores, worst, s.Scalar(0, mlx.Float32), -2)
	}
	return s.Flatten(scores, -2, -1)
}

// firstOf is indices[..., :chosen].
func firstOf(s *mlx.Scope, indices mlx.Array, chosen int) mlx.Array {
	shape := s.Shape(indices)
	if len(shape) == 0 {
		return indices
	}
	shape[len(shape)-1] = chosen
	return s.Slice(indices, make([]int, len(shape)), shape)
}

// Experts are the parts of a layer that hand a token to some of them.
type Experts interface {
	Forward(st *cache.Step, x, indices mlx.Array) mlx.Array
}

// Routed is a mixture of experts with a Routing, and experts that all tokens share.
type Routed struct {
	Routing Routing
	Gate    *Linear
	Bias    mlx.Array
	Experts Experts
	Shared  FeedForward // nil: none
	// Into and Out lead to and from the width of the experts, where it is another.
	Into, Out *Linear
}

func (m *Routed) Forward(st *cache.Step, x mlx.Array) mlx.Array {
	s := st.S
	chosen := s.CallParts(m.Routing.function(), m.Gate.Forward(s, x), m.Bias)
	narrow := x
	if m.Into != nil {
		narrow = m.Into.Forward(s, x)
	}
	y := m.Experts.Forward(st, narrow, chosen[0])
	y = s.AsType(Weighted(s, y, chosen[1]), s.Type(y))
	if m.Out != nil {
		y = m.Out.Forward(s, y)
	}
	if m.Shared != nil {
		y = s.Add(y, m.Shared.Forward(st, x))
	}
	return y
}
