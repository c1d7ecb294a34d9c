package kv

import (
	"fmt"
	"sort"

	"assay/predict/arch"
)

// longest is where the search for a context stops: llama.cpp counts cells in
// 32 bits.
const longest = 1<<31 - 256

// LargestContext is the largest n_ctx whose cache takes no more than the bytes,
// the other parameters being as given; 0 when not even one token fits. What the
// model was trained for does not limit it.
func LargestContext(f arch.Facts, p Params, bytes int64) (int, error) {
	fits := func(n int) (bool, error) {
		p.NCtx = n
		plan, err := LlamaCpp(f, p)
		return err == nil && plan.Bytes() <= bytes, err
	}
	if ok, err := fits(1); !ok || err != nil {
		return 0, err
	}
	// The bytes never shrink as the context grows, so the first that does not
	// fit can be bisected for.
	var failed error
	n := sort.Search(longest, func(i int) bool {
		ok, err := fits(i + 1)
		if err != nil {
			failed = err
		}
		return !ok
	})
	if failed != nil {
		return 0, fmt.Errorf("the largest context: %w", failed)
	}
	return n, nil
}
