package lm

import (
	"context"
	"errors"
	"fmt"
	"time"

	"assay/native/mlx"
	"assay/native/mlx/lm/cache"
)

// PrefillBatch processes a prompt for each row as BatchGenerator of
// mlx_lm/generate.py does: all but their last tokens in rounds of 2048, shorter
// prompts padded on the right, which a round's end puts to the left; then the last
// ones through the step that generates, with caches that were copied. It waits for the
// tokens that they yield. Cancelling stops between rounds.
func (se *Session) PrefillBatch(ctx context.Context, prompts [][]int32) (Timing, error) {
	timing, longest, err := se.checkBatch(prompts)
	if err != nil {
		return Timing{}, err
	}
	err = se.do(func(s *mlx.Scope) error {
		start := time.Now()
		g := &graph{s: s.Nested(), timing: &timing}
		for from := 0; from < longest-1; from += promptChunk {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := se.round(g, prompts, from, min(from+promptChunk, longest-1)); err != nil {
				return fmt.Errorf("processing the prompts from token %d on: %w", from, err)
			}
		}
		last := make([]int32, len(prompts))
		for row, tokens := range prompts {
			last[row] = tokens[len(tokens)-1]
		}
		cache.Detach(g.s, se.caches, len(prompts))
		err := se.step(g, func(s *mlx.Scope) mlx.Array { return s.Int32s(last, len(last), 1) })
		if err != nil {
			return fmt.Errorf("processing the last prompt tokens: %w", err)
		}
		s.Eval(se.next)
		timing.Total = time.Since(start)
		se.generated = make([][]int32, len(prompts))
		return s.Err()
	})
	return timing, err
}

// checkBatch refuses prompts that do not go together.
func (se *Session) checkBatch(prompts [][]int32) (t Timing, longest int, err error) {
	if len(prompts) != se.options.Rows || len(prompts) < 2 {
		return t, 0, fmt.Errorf("%d prompts for a session of %d sequences", len(prompts), se.options.Rows)
	}
	shortest := len(prompts[0])
	for row, tokens := range prompts {
		if err := se.model.check(tokens); err != nil {
			return t, 0, fmt.Errorf("prompt %d: %w", row, err)
		}
		t.Tokens += len(tokens)
		longest, shortest = max(longest, len(tokens)), min(shortest, len(tokens))
	}
	if longest > shortest && longest > promptChunk+1 {
		return t, 0, fmt.Errorf("prompts of %d to %d tokens: mlx-lm begins to generate the shorter ones before the longest of more than %d is "+
			"read; give prompts of one length", shortest, longest, promptChunk)
	}
	if longest > shortest && shortest < 2 {
		return t, 0, errors.New("a prompt of one token beside longer ones: mlx-lm begins to generate it before they are read; give it two")
	}
	return t, longest, nil
}

// round processes the prompts' tokens from one to another.
func (se *Session) round(g *graph, prompts [][]int32, from, to int) error {
	tokens := make([]int32, 0, len(prompts)*(to-from))
	ends, right, uneven := make([]int, len(prompts)), make([]int, len(prompts)), false
	for row, prompt := range prompts {
		own := prompt[from:min(to, len(prompt)-1)]
		ends[row], right[row] = len(own), to-from-len(own)
		tokens = append(append(tokens, own...), make([]int32, right[row])...)
		uneven = uneven || right[row] > 0
	}
	if !uneven {
		return se.chunk(g, tokens, nil)
	}
	if err := se.chunk(g, tokens, ends); err != nil {
		return err
	}
	cache.Finalize(g.s, se.caches, right)
	g.s.Eval(se.cached()...)
	g.s.Close()
	g.s.ClearCache()
	return g.s.Err()
}

// GeneratedBatch returns the tokens since the last prompts, of each row.
func (se *Session) GeneratedBatch() [][]int32 { return se.generated }

// LogProbs waits for the logarithms of the probabilities that the last step's tokens
// were chosen from, row after row.
func (se *Session) LogProbs() (all []float32, err error) {
	err = se.do(func(s *mlx.Scope) error {
		all = s.Floats(se.logprobs)
		return s.Err()
	})
	return all, err
}
