package mlx

import (
	"errors"

	"assay/harness/output"
	"assay/results"
	"assay/results/logit"
)

// output runs the case's prompt and steps behind its depth with fixed tokens and
// reads the logits. A folder's tokenizer is not read: the tokens are random ones.
func (s *session) output(c results.Case) (out *logit.Output, err error) {
	session, err := s.model.NewSession(cacheOptions(c))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	tokens := output.NewRandom(s.model.Vocab)
	nothing := func(int) bool { return false }
	if c.NDepth > 0 {
		if err := session.LogitsAt(tokens.Take(0, c.NDepth), nothing, nil); err != nil {
			return nil, err
		}
	}
	reader := output.NewReader(tokens, c.NPrompt+c.NGen)
	if c.NPrompt > 0 {
		if err := session.LogitsAt(tokens.Take(0, c.NPrompt), reader.Wants, reader.Row); err != nil {
			return nil, err
		}
	}
	for i := c.NPrompt; i < c.NPrompt+c.NGen; i++ {
		wants := func(int) bool { return reader.Wants(i) }
		row := func(_ int, logits []float32) { reader.Row(i, logits) }
		if err := session.LogitsAt(tokens.Take(i, 1), wants, row); err != nil {
			return nil, err
		}
	}
	return reader.Output(), nil
}
