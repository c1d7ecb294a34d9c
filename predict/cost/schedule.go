package cost

import (
	"fmt"

	"assay/predict/kv"
)

// step is one evaluated graph.
type step struct {
	tokens, outputs int64
	// cells is how many cells the attention of each cache runs over, for each
	// of the streams that take part.
	cells   []int64
	streams int64
	// sequences take part, each with its own recurrent state.
	sequences int64
	// runs are the positions of the tokens.
	runs kv.Ubatch
}

// call is one llama_decode: its tokens, and those whose logits are asked for.
type call struct {
	tokens  kv.Ubatch
	outputs []kv.Run
}

// MaxCells bounds the cells that are followed one by one, several times what any
// model is trained for, so that a mistyped context takes no machine's memory.
const MaxCells = 1 << 26

// schedule lists the graphs that the work evaluates, the cache being filled to
// the work's depth first.
func schedule(p kv.Plan, sequences int, w Work) ([]step, error) {
	for _, c := range p.Caches {
		if c.Cells*int64(c.Streams) > MaxCells {
			return nil, fmt.Errorf("the %s cache's %d cells are more than the %d that can be followed; give a shorter context", c.Class,
				c.Cells, MaxCells)
		}
	}
	cells := kv.NewOccupancy(p)
	next := make([]int, sequences)
	for _, c := range prefillCalls(next, w.NDepth, int(p.Batch)) {
		if _, err := run(p, cells, c); err != nil {
			return nil, fmt.Errorf("fill to a depth of %d: %w", w.NDepth, err)
		}
	}
	calls, err := w.calls(next, int(p.Batch))
	if err != nil {
		return nil, err
	}
	var steps []step
	for _, c := range calls {
		more, err := run(p, cells, c)
		if err != nil {
			return nil, err
		}
		steps = append(steps, more...)
	}
	return steps, nil
}

// calls lists the work's own calls; next has the first free position of each
// sequence.
func (w Work) calls(next []int, batch int) ([]call, error) {
	switch {
	case w.NDepth < 0:
		return nil, fmt.Errorf("a depth of %d tokens", w.NDepth)
	case w.Kind == Prefill && w.NPrompt > 0:
		calls := prefillCalls(next, w.NPrompt, batch)
		for i := range calls {
			if w.AllOutputs {
				calls[i].outputs = calls[i].tokens
			}
		}
		return calls, nil
	case w.Kind == Decode && w.NGen > 0:
		return decodeCalls(next, w.NGen), nil
	}
	return nil, fmt.Errorf("%q work of %d prompt and %d generated tokens is no work", w.Kind, w.NPrompt, w.NGen)
}

// prefillCalls cuts n tokens of each sequence, sequence after sequence, into
// calls of at most batch tokens. Only a call's last token is an output: what a
// batch without logits asks for (llama_batch_get_one, as in llama-bench).
func prefillCalls(next []int, n, batch int) []call {
	var calls []call
	room := 0
	for seq := range next {
		for left := n; left > 0; {
			if room == 0 {
				calls, room = append(calls, call{}), batch
			}
			take := min(left, room)
			last := &calls[len(calls)-1]
			last.tokens = append(last.tokens, kv.Run{Seq: seq, Pos: next[seq], Len: take})
			next[seq] += take
			last.outputs = []kv.Run{{Seq: seq, Pos: next[seq] - 1, Len: 1}}
			left, room = left-take, room-take
		}
	}
	return calls
}

// decodeCalls takes one token of every sequence n times, all of them outputs.
func decodeCalls(next []int, n int) []call {
	calls := make([]call, n)
	for i := range calls {
		for seq := range next {
			calls[i].tokens = append(calls[i].tokens, kv.Run{Seq: seq, Pos: next[seq], Len: 1})
			next[seq]++
		}
		calls[i].outputs = calls[i].tokens
	}
	return calls
}

// run places the call's tokens and returns its graphs.
func run(p kv.Plan, cells *kv.Occupancy, c call) ([]step, error) {
	var steps []step
	for _, u := range p.Split(c.tokens) {
		seen, err := cells.Place(u)
		if err != nil {
			return nil, err
		}
		s := step{tokens: u.Tokens(), cells: seen, streams: 1, sequences: int64(len(u)), runs: u}
		if p.Streams() > 1 {
			s.streams = s.sequences
		}
		for _, out := range c.outputs {
			s.outputs += overlap(u, out)
		}
		steps = append(steps, s)
	}
	return steps, nil
}

// overlap is how many of the outputs lie in the micro-batch.
func overlap(u kv.Ubatch, out kv.Run) int64 {
	var n int
	for _, r := range u {
		if r.Seq == out.Seq {
			n += max(0, min(r.Pos+r.Len, out.Pos+out.Len)-max(r.Pos, out.Pos))
		}
	}
	return int64(n)
}
