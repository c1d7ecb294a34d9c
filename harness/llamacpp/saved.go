package llamacpp

import (
	"fmt"
	"slices"

	"assay/harness/runtime"
	"assay/native/llama"
	"assay/results"
)

// mostState bounds what is copied to be read: a sequence of two thousand tokens of
// an 8B model. A longer one has the same rows.
const mostState = 256 << 20

// stateAgrees reads a saved sequence and holds its rows, layer by layer, against
// those of the cache tensors. It is not made, and the record says why, where there
// is nothing to read: an empty cache, a state too large, or of a form that is not known.
func stateAgrees(m *results.Measured, lc *llama.Context) []results.Check {
	saved, err := readSaved(lc, *m.KVSources.State)
	if err != nil {
		m.Miss("state", err.Error())
		return nil
	}
	got, want := savedRows(saved), tensorRows(m.KVLayers)
	if len(got) == 0 {
		return nil // recurrent states alone
	}
	check := results.Check{Name: "kv_bytes tensors = state", OK: slices.Equal(got, want)}
	if !check.OK {
		check.Detail = fmt.Sprintf("the saved state has rows of %v bytes, the cache tensors of %v", got, want)
	}
	return []results.Check{check}
}

func readSaved(lc *llama.Context, size int64) ([]llama.SavedCache, error) {
	if size > mostState {
		return nil, fmt.Errorf("a saved sequence of %d bytes is not read", size)
	}
	state, err := lc.StateGet(0)
	if err != nil {
		return nil, err
	}
	return llama.ReadSaved(state, lc.Report().Caches)
}

// savedRows are the bytes that a cell has of each layer, smallest first: a state
// numbers its layers by cache.
func savedRows(saved []llama.SavedCache) []int64 {
	var rows []int64
	for _, c := range saved {
		for i := range c.KRows {
			if row := c.KRows[i] + c.VRows[i]; row > 0 {
				rows = append(rows, row)
			}
		}
	}
	slices.Sort(rows)
	return rows
}

// tensorRows are the same of the cache tensors.
func tensorRows(layers []results.KVLayer) []int64 {
	var rows []int64
	for _, l := range layers {
		if l.Class == runtime.ClassAttention && l.Cells > 0 && l.KBytes+l.VBytes > 0 {
			rows = append(rows, (l.KBytes+l.VBytes)/l.Cells)
		}
	}
	slices.Sort(rows)
	return rows
}
