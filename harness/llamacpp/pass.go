package llamacpp

import (
	"context"
	"fmt"
	"time"

	"assay/harness/machine"
	"assay/native/llama"
	"assay/native/llama/printed"
	"assay/results"
)

// pass is the work of one sample, laid out before the clock starts: for each
// sequence its prompt, then steps of one token for every sequence. With one
// sequence it is what llama-bench does; with more, prompts come one after the
// other and a step decodes all sequences at once, as llama-batched-bench does.
type pass struct {
	prompt, gen []int32       // one sequence
	batches     []llama.Batch // several
}

// newPass lays out the tokens from position start on.
func (s *session) newPass(c results.Case, start, prompt, gen int) pass {
	if c.NSeq <= 1 {
		return pass{prompt: s.tokens(prompt), gen: s.tokens(gen)}
	}
	return pass{batches: append(s.promptBatches(c, start, prompt), s.genBatches(c, start+prompt, gen)...)}
}

// promptBatches are all prompts, sequence after sequence, in calls of n_batch
// tokens of which the last one's logits are asked for.
func (s *session) promptBatches(c results.Case, start, prompt int) []llama.Batch {
	var out []llama.Batch
	for at, total := 0, prompt*c.NSeq; at < total; at += c.NBatch {
		n := min(c.NBatch, total-at)
		b := newBatch(s.tokens(n))
		for i := range n {
			b.Pos[i], b.Seq[i] = int32(start+(at+i)%prompt), int32((at+i)/prompt)
		}
		b.Logits[n-1] = true
		out = append(out, b)
	}
	return out
}

// genBatches are steps of one token for every sequence, all with logits.
func (s *session) genBatches(c results.Case, start, gen int) []llama.Batch {
	var out []llama.Batch
	for step := range gen {
		b := newBatch(s.tokens(c.NSeq))
		for seq := range c.NSeq {
			b.Pos[seq], b.Seq[seq], b.Logits[seq] = int32(start+step), int32(seq), true
		}
		out = append(out, b)
	}
	return out
}

func newBatch(tokens []int32) llama.Batch {
	n := len(tokens)
	return llama.Batch{Tokens: tokens, Pos: make([]int32, n), Seq: make([]int32, n), Logits: make([]bool, n)}
}

// run does the work; all of it is done when it returns. A prompt is synchronised
// once at its end, generated tokens one by one.
func (p pass) run(lc *llama.Context) error {
	if len(p.prompt) > 0 {
		if err := lc.Decode(p.prompt); err != nil {
			return err
		}
		lc.Synchronize()
	}
	for _, token := range p.gen {
		if err := lc.DecodeOne(token); err != nil {
			return err
		}
		lc.Synchronize()
	}
	for _, b := range p.batches {
		if err := lc.DecodeBatch(b); err != nil {
			return err
		}
		lc.Synchronize()
	}
	return nil
}

// Time does what llama-bench does (tools/llama-bench/llama-bench.cpp, v0.5.0):
// warm-up with the whole prompt or one token, here behind the case's depth, since
// a device has kernels for each class of depth; before each repetition the cache's
// metadata is cleared and the depth restored, outside the clock.
func (s *session) Time(ctx context.Context, c results.Case, n int, emit func(time.Duration)) (*results.Measured, error) {
	lc, err := s.model.NewContext(contextParams(c, nil))
	if err != nil {
		return nil, err
	}
	defer lc.Close()
	depth := &depthState{pass: s.depthPass(c), sequences: max(1, c.NSeq)}
	if err := depth.reach(lc, c.NDepth); err != nil {
		return nil, err
	}
	if err := s.newPass(c, c.NDepth, c.NPrompt, min(1, c.NGen)).run(lc); err != nil {
		return nil, err
	}
	work := s.newPass(c, c.NDepth, c.NPrompt, c.NGen)
	kept, dropped := 0, 0
	for kept < n {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		lc.ClearMemory()
		if err := depth.reach(lc, c.NDepth); err != nil {
			return nil, err
		}
		took, compiled, err := sample(lc, work)
		switch {
		case err != nil:
			return nil, err
		case compiled > 0 && dropped == mostDropped:
			return nil, fmt.Errorf("the device compiled kernels in each of %d samples, the last one %d: no time of the work was measured",
				dropped+1, compiled)
		case compiled > 0:
			dropped++
		default:
			kept++
			emit(took)
		}
	}
	m := &results.Measured{Memory: &results.Memory{}, Dropped: dropped}
	if c.Kind == results.KindDecode {
		m.HostNSPerToken = new(hostPerToken(lc))
	}
	machine.AddFootprint(m.Memory)
	if !s.observed {
		return m, nil
	}
	lc.ClearMemory()
	if err := depth.reach(lc, c.NDepth); err != nil {
		return nil, err
	}
	m.Output, err = s.output(lc, c)
	return m, err
}

// hostPerToken is what the two calls of a generated token cost on assay's side, in
// nanoseconds: laying out a batch of one token, and going into the library and back,
// measured on calls that do nothing there.
func hostPerToken(lc *llama.Context) float64 {
	const calls, eachToken = 2000, 2
	start := time.Now()
	for range calls {
		lc.NCtx()
	}
	return eachToken * float64(time.Since(start).Nanoseconds()) / calls
}

// mostDropped is how many samples may be dropped because kernels were compiled in
// them: a decode that crosses two classes of depth compiles twice, once each.
const mostDropped = 8

// sample runs the work once under the clock, and answers with its time how many
// kernels the device compiled in it. A step that was lost, or that the device had
// not finished when the clock stopped, is an error.
func sample(lc *llama.Context, work pass) (took time.Duration, compiled int, err error) {
	mark := lc.Log().Mark()
	start := time.Now()
	err = work.run(lc)
	took = time.Since(start)
	if err != nil {
		return 0, 0, err
	}
	left := lc.Unfinished()
	lines := lc.Log().Since(mark)
	if err := printed.StepFailed(lines); err != nil {
		return 0, 0, err
	}
	if err := finished(took, left); err != nil {
		return 0, 0, err
	}
	return took, printed.Compiled(lines), nil
}

// finished refuses a sample that ended before the device did: left is how long it
// went on after the clock had stopped.
func finished(took, left time.Duration) error {
	if left > 10*time.Millisecond && left > took/10 {
		return fmt.Errorf("the device worked on for %s after a sample of %s had ended: its steps returned early", left, took)
	}
	return nil
}

// depthState puts the depth's tokens into the cache: computed the first time,
// restored from the saved state afterwards.
type depthState struct {
	pass      pass
	sequences int
	saved     [][]byte
}

func (d *depthState) reach(lc *llama.Context, depth int) error {
	if depth == 0 {
		return nil
	}
	for seq, state := range d.saved {
		if err := lc.StateSet(seq, state); err != nil {
			return err
		}
	}
	if d.saved != nil {
		return nil
	}
	if err := d.pass.run(lc); err != nil {
		return err
	}
	for seq := range d.sequences {
		state, err := lc.StateGet(seq)
		if err != nil {
			return err
		}
		d.saved = append(d.saved, state)
	}
	return nil
}
