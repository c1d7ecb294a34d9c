package lm

import (
	"context"
	"errors"
	"fmt"
	"time"

	"assay/native/mlx"
	"assay/native/mlx/lm/cache"
)

// promptChunk is how many prompt tokens mlx-lm takes at a time
// (prefill_step_size of mlx_lm.generate.generate_step).
const promptChunk = 2048

// CacheOptions choose the cache, as the options of mlx_lm.generate of the same
// names do. The zero value is mlx-lm's default.
type CacheOptions = cache.Options

// ErrUnquantisable is what NewSession's error is when a cache cannot be packed.
var ErrUnquantisable = cache.ErrUnquantisable

// Session is a model with a cache: generate_step of mlx_lm/generate.py, cut
// into a prompt's part and a generated part. With several rows it is the module's
// BatchGenerator (see batch.go). Use it from one goroutine.
type Session struct {
	model   *Model
	caches  []cache.Cache
	quant   mlx.Quantisation
	options CacheOptions
	// next and logprobs are the last step's outputs: the tokens that follow,
	// (rows), and the probabilities they were chosen from, (rows, vocab).
	next, logprobs mlx.Array
	generated      [][]int32 // since the last Prefill, of each row
	formerLimit    int64     // of wired memory; -1 where none was set
	watch          func(mlx.Node)
	broken         error
}

// Timing is how long a call took, and what of it was spent where.
type Timing struct {
	// Tokens were processed (Prefill) or generated (Decode) in Total.
	Tokens int
	Total  time.Duration
	// Host is what it took to make and free the graphs. With the next step in
	// flight it is spent while the device computes, and costs time only where
	// the device is faster. Submit was spent in MLX's start of the evaluation:
	// little on Metal, but the CPU backend waits there for room in its queue.
	// The rest was spent waiting.
	Host, Submit time.Duration
}

// NewSession makes an empty cache. On Metal it sets the wired limit to what
// the device recommends, until Close.
func (m *Model) NewSession(o CacheOptions) (*Session, error) {
	o.Chosen, o.Rows = m.network.ChoosesCaches, max(1, o.Rows)
	if o.Rows > 1 && !m.network.Batches {
		return nil, fmt.Errorf("%s: how %s generates several sequences at once was not held against mlx-lm; give it one", m.Folder, m.Type)
	}
	caches, quant, err := cache.New(m.network.Caches, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.Folder, err)
	}
	session := &Session{model: m, caches: caches, quant: quant, options: o, formerLimit: -1}
	err = m.lib.Do(func(s *mlx.Scope) error {
		if recommended := s.DeviceInfo().WorkingSet; recommended > 0 {
			session.formerLimit = s.SetWiredLimit(recommended)
		}
		return s.Err()
	})
	return session, err
}

// Close frees the cache and restores the wired limit.
func (se *Session) Close() error {
	return se.model.lib.Do(func(s *mlx.Scope) error {
		s.Synchronize()
		s.Free(&se.next, &se.logprobs)
		for _, c := range se.caches {
			keys, values := c.Arrays()
			s.Free(keys...)
			s.Free(values...)
		}
		s.ClearCache()
		if se.formerLimit >= 0 {
			s.SetWiredLimit(se.formerLimit)
			se.formerLimit = -1
		}
		se.broken = errors.New("the session is closed")
		return s.Err()
	})
}

// do runs work on the library's thread, unless the session was broken by an
// error before: a cache that a step stopped in the middle of is of no use.
func (se *Session) do(work func(s *mlx.Scope) error) error {
	if se.broken != nil {
		return fmt.Errorf("%s: an earlier step failed: %w", se.model.Folder, se.broken)
	}
	err := se.model.lib.Do(work)
	if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		se.broken = err
		err = fmt.Errorf("%s: %w", se.model.Folder, err)
	}
	return err
}

// Prefill processes prompt tokens as mlx-lm does: all but the last in chunks of
// 2048, the last through the step that generates, and waits for the token that
// it yields. On a used cache the prompt is appended. Cancelling stops between
// chunks.
func (se *Session) Prefill(ctx context.Context, tokens []int32) (Timing, error) {
	if se.options.Rows > 1 {
		return Timing{}, errors.New("this session has several sequences: each needs a prompt")
	}
	if err := se.model.check(tokens); err != nil {
		return Timing{}, err
	}
	timing := Timing{Tokens: len(tokens)}
	err := se.do(func(s *mlx.Scope) error {
		start := time.Now()
		g := &graph{s: s.Nested(), timing: &timing}
		rest := tokens
		for len(rest) > 1 {
			if err := ctx.Err(); err != nil {
				return err
			}
			n := min(promptChunk, len(rest)-1)
			if err := se.chunk(g, rest[:n], nil); err != nil {
				return fmt.Errorf("processing prompt tokens %d to %d of %d: %w", len(tokens)-len(rest), len(tokens)-len(rest)+n, len(tokens), err)
			}
			rest = rest[n:]
		}
		err := se.step(g, func(s *mlx.Scope) mlx.Array { return s.Int32s(rest, 1, 1) })
		if err != nil {
			return fmt.Errorf("processing the last prompt token: %w", err)
		}
		s.Eval(se.next)
		timing.Total = time.Since(start)
		se.generated = make([][]int32, 1)
		return s.Err()
	})
	return timing, err
}

// Decode generates n tokens of each row, one at a time, each from the one before, with the
// next step in flight. It follows a Prefill. Cancelling stops between tokens.
func (se *Session) Decode(ctx context.Context, n int) (Timing, error) {
	if !se.next.Valid() {
		return Timing{}, errors.New("nothing to decode from: prefill first")
	}
	if n < 1 {
		return Timing{}, fmt.Errorf("cannot generate %d tokens", n)
	}
	timing := Timing{Tokens: n * se.options.Rows}
	err := se.do(func(s *mlx.Scope) error {
		start := time.Now()
		g := &graph{s: s.Nested(), timing: &timing}
		var current mlx.Array // waited for while the step after it is in flight
		defer s.Free(&current)
		follow := func(s *mlx.Scope) mlx.Array { return s.Reshape(se.next, se.options.Rows, 1) }
		err := se.step(g, follow)
		for i := 1; i <= n && err == nil; i++ {
			if err := ctx.Err(); err != nil {
				return err
			}
			s.Set(&current, se.next)
			if len(se.generated[0])%se.clearEvery() == 0 {
				s.ClearCache()
			}
			if i < n {
				err = se.step(g, follow)
			}
			se.yield(s, current)
			if err == nil && s.Err() != nil {
				err = s.Err()
			}
		}
		timing.Total = time.Since(start)
		if err != nil {
			return fmt.Errorf("generating token %d: %w", len(se.generated[0]), err)
		}
		return nil
	})
	return timing, err
}

// yield waits for a step's tokens and keeps them.
func (se *Session) yield(s *mlx.Scope, current mlx.Array) {
	if se.options.Rows == 1 {
		se.generated[0] = append(se.generated[0], int32(s.Uint32(current)))
		return
	}
	for row, token := range s.Uint32s(current) {
		se.generated[row] = append(se.generated[row], int32(token))
	}
}

// clearEvery is how many generated tokens lie between two clearings of the
// allocator's cache: generate_step's, or those of BatchGenerator.
func (se *Session) clearEvery() int {
	if se.options.Rows > 1 {
		return 512
	}
	return 256
}

// Generated returns the tokens since the last Prefill, of the first row.
func (se *Session) Generated() []int32 {
	if len(se.generated) == 0 {
		return nil
	}
	return se.generated[0]
}

// graph builds steps and keeps the time that it takes.
type graph struct {
	s      *mlx.Scope
	timing *Timing
}

// chunk processes prompt tokens, row after row, whose logits nobody wants: only what
// the caches depend on is computed. ends is how many of a row are none that pad.
func (se *Session) chunk(g *graph, tokens []int32, ends []int) error {
	built := time.Now()
	st := se.newStep(g.s, len(tokens)/se.options.Rows)
	st.Ends = ends
	se.model.network.Forward(st, g.s.Int32s(tokens, st.Rows, st.Tokens), se.caches)
	cache.Quantise(st, se.caches, se.quant, se.options.QuantizedKVStart)
	all := se.cached()
	g.s.Close()
	g.timing.Host += time.Since(built)
	se.show(g.s, all...)
	g.s.Eval(all...)
	g.s.ClearCache()
	return g.s.Err()
}

// cached are the arrays of all caches.
func (se *Session) cached() []mlx.Array {
	var all []mlx.Array
	for _, c := range se.caches {
		keys, values := c.Arrays()
		for _, array := range append(keys, values...) {
			if array.Valid() { // a short convolution has no state beside its rows
				all = append(all, *array)
			}
		}
	}
	return all
}

// newStep is a pass of so many tokens of each row.
func (se *Session) newStep(s *mlx.Scope, tokens int) *cache.Step {
	return &cache.Step{S: s, Rows: se.options.Rows, Tokens: tokens}
}

// step starts one token's pass; input makes it, (rows, 1), in the step's Scope.
func (se *Session) step(g *graph, input func(s *mlx.Scope) mlx.Array) error {
	built := time.Now()
	s := g.s
	st := se.newStep(s, 1)
	n := se.model.network
	logits := n.Logits(st, n.Forward(st, input(s), se.caches))
	logits = s.Reshape(logits, st.Rows, n.Vocab)
	cache.Quantise(st, se.caches, se.quant, se.options.QuantizedKVStart)
	norm := s.LogSumExpRows
	if st.Rows == 1 {
		norm = s.LogSumExp
	}
	logprobs := s.Subtract(logits, norm(logits))
	s.Set(&se.next, s.ArgMax(logprobs))
	s.Set(&se.logprobs, logprobs)
	s.Close()
	se.show(s, se.next, se.logprobs)
	submitted := time.Now()
	g.timing.Host += submitted.Sub(built)
	s.AsyncEval(se.next, se.logprobs)
	g.timing.Submit += time.Since(submitted)
	return s.Err()
}

// check refuses tokens that the model does not have.
func (m *Model) check(tokens []int32) error {
	if len(tokens) == 0 {
		return errors.New("there are no tokens to process")
	}
	for i, token := range tokens {
		if token < 0 || int(token) >= m.Vocab {
			return fmt.Errorf("token %d (number %d) is not in the vocabulary of %d", token, i, m.Vocab)
		}
	}
	return nil
}
