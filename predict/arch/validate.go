package arch

import (
	"fmt"
)

// Validate reports facts that no model can have, naming the first.
func (f Facts) Validate() error {
	if f.Hidden <= 0 || f.Vocab <= 0 || len(f.Layers) == 0 {
		return fmt.Errorf("hidden size %d, vocabulary %d and %d layers make no model; all three must be positive", f.Hidden,
			f.Vocab, len(f.Layers))
	}
	for i, l := range f.Layers {
		if err := l.validate(); err != nil {
			return fmt.Errorf("layer %d: %w", i, err)
		}
	}
	return nil
}

func (l Layer) validate() error {
	if l.Attention == nil && l.Recurrent == nil && l.FeedForward == nil {
		return fmt.Errorf("has neither attention nor a recurrent part nor a feed-forward")
	}
	a := l.Attention
	if a == nil {
		return nil
	}
	if a.Heads <= 0 || a.KVHeads <= 0 || a.Heads%a.KVHeads != 0 {
		return fmt.Errorf("%d query heads cannot share %d KV heads; the first must be a multiple of the second", a.Heads, a.KVHeads)
	}
	if a.KeyDim <= 0 || a.ValueDim <= 0 {
		return fmt.Errorf("head dimensions %d (keys) and %d (values) must be positive", a.KeyDim, a.ValueDim)
	}
	return nil
}
