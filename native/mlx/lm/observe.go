package lm

import (
	"slices"

	"assay/native/mlx"
	"assay/native/mlx/lm/cache"
)

// Logits appends tokens to the cache, as many to each row and row after row, and
// returns the logits of the last one of each, in float32.
func (se *Session) Logits(tokens []int32) (logits []float32, err error) {
	if err := se.model.check(tokens); err != nil {
		return nil, err
	}
	err = se.do(func(s *mlx.Scope) error {
		st := se.newStep(s, len(tokens)/se.options.Rows)
		n := se.model.network
		all := n.Logits(st, n.Forward(st, s.Int32s(tokens, st.Rows, st.Tokens), se.caches))
		last := s.Slice(all, []int{0, st.Tokens - 1, 0}, []int{st.Rows, st.Tokens, n.Vocab})
		cache.Quantise(st, se.caches, se.quant, se.options.QuantizedKVStart)
		logits = s.Floats(last)
		return s.Err()
	})
	return logits, err
}

// LogitsAt appends tokens to the cache, in a prompt's chunks and to every row the same,
// and hands each the first row's logits of those that are wanted, in float32 and in their order. A chunk's other
// logits are not computed, as in Prefill.
func (se *Session) LogitsAt(tokens []int32, wanted func(i int) bool, each func(i int, logits []float32)) error {
	if err := se.model.check(tokens); err != nil {
		return err
	}
	return se.do(func(s *mlx.Scope) error {
		for start := 0; start < len(tokens) && s.Err() == nil; start += promptChunk {
			chunk := tokens[start:min(start+promptChunk, len(tokens))]
			se.rows(s.Nested(), chunk, func(i int) bool { return wanted(start + i) }, func(i int, logits []float32) { each(start+i, logits) })
		}
		return s.Err()
	})
}

// rows processes a chunk and hands out the rows that are wanted of it.
func (se *Session) rows(s *mlx.Scope, tokens []int32, wanted func(i int) bool, each func(i int, logits []float32)) {
	defer s.Close()
	st := se.newStep(s, len(tokens))
	n := se.model.network
	hidden := n.Forward(st, s.Int32s(slices.Repeat(tokens, st.Rows), st.Rows, len(tokens)), se.caches)
	width := s.Shape(hidden)[2]
	for i := 0; i < len(tokens); i++ {
		if !wanted(i) {
			continue
		}
		first := i
		for i+1 < len(tokens) && wanted(i+1) {
			i++
		}
		logits := s.Floats(n.Logits(st, s.Slice(hidden, []int{0, first, 0}, []int{1, i + 1, width})))
		for row := first; row <= i && len(logits) > 0; row++ {
			each(row, logits[:n.Vocab])
			logits = logits[n.Vocab:]
		}
	}
	cache.Quantise(st, se.caches, se.quant, se.options.QuantizedKVStart)
	s.Eval(se.cached()...)
}

// Watch hands every node of the graphs that Prefill and Decode execute to each,
// before it is executed, until the next Watch; nil ends it. It costs more than
// the steps themselves: what is watched cannot be timed. The error is
// mlx.ErrNoGraphs where the library cannot show graphs.
func (se *Session) Watch(each func(mlx.Node)) error {
	if each != nil && !se.model.lib.ShowsGraphs() {
		return mlx.ErrNoGraphs
	}
	se.watch = each
	return nil
}

// show hands the nodes that the arrays depend on to whoever watches.
func (se *Session) show(s *mlx.Scope, arrays ...mlx.Array) {
	if se.watch == nil {
		return
	}
	nodes, err := mlx.ParseGraph(s.Graph(arrays...))
	if err != nil {
		s.Fail(err)
	}
	for _, node := range nodes {
		se.watch(node)
	}
}

// LayerCache is what one layer's cache takes.
type LayerCache = cache.Layer

// Rotating is the kind of a LayerCache that is bounded to a window.
const Rotating = cache.Rotating

// Layers returns what each cache takes now, in the layers' order, as MLX counts it. A look
// at an array's bytes computes nothing.
func (se *Session) Layers() ([]LayerCache, error) {
	layers := make([]LayerCache, len(se.caches))
	err := se.do(func(s *mlx.Scope) error {
		for i, c := range se.caches {
			layers[i] = cache.Look(s, c)
			layers[i].Layer = se.model.network.Caches[i].Layer
		}
		return s.Err()
	})
	return layers, err
}

// Tokens returns how many tokens the cache has seen.
func (se *Session) Tokens() int { return se.caches[0].Position() }

// Memory returns the allocator's counters, after everything started is done.
// They are the process's, not this model's alone.
func (m *Model) Memory() (memory mlx.Memory, err error) {
	err = m.lib.Do(func(s *mlx.Scope) error {
		s.Synchronize()
		memory = s.Memory()
		return s.Err()
	})
	return memory, err
}

// ResetPeak makes the allocator's peak 0, until the next allocation.
func (m *Model) ResetPeak() error {
	return m.lib.Do(func(s *mlx.Scope) error {
		s.Synchronize()
		s.ResetPeak()
		return s.Err()
	})
}
