package llamacpp

import (
	"assay/harness/output"
	"assay/native/llama"
	"assay/results"
	"assay/results/logit"
)

// sequence is what the output is read of: the text where the file has a
// vocabulary, random tokens where it has none.
func (s *session) sequence() (output.Sequence, error) {
	if !s.model.HasVocab() {
		return output.NewRandom(s.model.NVocab()), nil
	}
	tokens, err := s.model.Tokenize(output.Text())
	return output.NewText(s.model.NVocab(), tokens), err
}

// depthPass are the depth's tokens: random, as llama-bench takes them, and the same
// in every process, so that what comes out behind them can be compared.
func (s *session) depthPass(c results.Case) pass {
	random := output.NewRandom(s.model.NVocab())
	if c.NSeq <= 1 {
		return pass{prompt: random.Take(0, c.NDepth)}
	}
	p := pass{batches: s.promptBatches(c, 0, c.NDepth)}
	for _, b := range p.batches {
		for i := range b.Tokens {
			b.Tokens[i] = random.At(c.NSeq-1-int(b.Seq[i]), int(b.Pos[i]))
		}
	}
	return p
}

// output runs the case's prompt and steps behind its depth with the fixed tokens,
// in the batches that are timed, and reads the logits of the last sequence, before
// which the others lie in the cache.
func (s *session) output(lc *llama.Context, c results.Case) (*logit.Output, error) {
	tokens, err := s.sequence()
	if err != nil {
		return nil, err
	}
	c.NSeq = max(1, c.NSeq)
	reader := output.NewReader(tokens, c.NPrompt+c.NGen)
	batches := append(s.promptBatches(c, c.NDepth, c.NPrompt), s.genBatches(c, c.NDepth+c.NPrompt, c.NGen)...)
	for _, b := range batches {
		for i := range b.Tokens {
			at, sequence := int(b.Pos[i])-c.NDepth, c.NSeq-1-int(b.Seq[i])
			b.Tokens[i] = tokens.At(sequence, at)
			b.Logits[i] = sequence == 0 && reader.Wants(at)
		}
		if err := lc.DecodeBatch(b); err != nil {
			return nil, err
		}
		for i := range b.Tokens {
			if !b.Logits[i] {
				continue
			}
			row, err := lc.Logits(i)
			if err != nil {
				return nil, err
			}
			reader.Row(int(b.Pos[i])-c.NDepth, row)
		}
	}
	return reader.Output(), nil
}
