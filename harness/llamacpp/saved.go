package llamacpp

import (
	"fmt"
	"slices"

	"assay/harness/runtime"
	"assay/native/llama"
	"assay/native/llama/saved"
	"assay/results"
)

// mostState bounds what is copied to be read: a sequence of two thousand tokens of
// an 8B model. A longer one has the same rows.
const mostState = 256 << 20

// stateAgrees reads a saved sequence and holds its rows, layer by layer, against
// those of the cache tensors. It is not made, and the record says why, where there
// is nothing to read: an empty cache, a state too large, or of a form that is not known.
func stateAgrees(m *results.Measured, lc *llama.Context) []results.Check {
	if m.KVSources.Tensors == nil {
		return nil
	}
	saved, err := readSaved(lc, *m.KVSources.State)
	if err != nil {
		m.Miss("state", err.Error())
		return nil
	}
	want := tensorRows(m.KVLayers)
	got := savedRows(saved, len(want))
	if len(got) == 0 {
		return nil // recurrent states alone
	}
	check := results.Check{Name: "kv_bytes tensors = state", OK: slices.Equal(got, want)}
	if !check.OK {
		check.Detail = fmt.Sprintf("the saved state has rows of %v bytes, the cache tensors of %v", got, want)
	}
	return []results.Check{check}
}

func readSaved(lc *llama.Context, size int64) ([]saved.Cache, error) {
	if size > mostState {
		return nil, fmt.Errorf("a saved sequence of %d bytes is not read", size)
	}
	state, err := lc.StateGet(0)
	if err != nil {
		return nil, err
	}
	return saved.Read(state, lc.Report().Caches)
}

// savedRows are the bytes that a cell has of each layer, smallest first: a state
// numbers its layers by cache. Caches split the layers among them, or, as the keys
// of an indexer do, each have all of them. Transposed values have tensors as wide as
// the widest layer's (TAG_V_CACHE_VARIABLE, src/llama-kv-cache.cpp, v0.5.0).
func savedRows(saved []saved.Cache, layers int) []int64 {
	var widest int64
	for _, c := range saved {
		for _, row := range c.VRows {
			widest = max(widest, row)
		}
	}
	var rows []int64
	for _, c := range saved {
		of := make([]int64, len(c.KRows))
		for i := range c.KRows {
			of[i] = c.KRows[i] + c.VRows[i]
			if c.Transposed && c.VRows[i] > 0 {
				of[i] = c.KRows[i] + widest
			}
		}
		if len(rows) == layers && len(of) == layers {
			for i := range of {
				rows[i] += of[i]
			}
			continue
		}
		rows = append(rows, of...)
	}
	rows = slices.DeleteFunc(rows, func(row int64) bool { return row == 0 })
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
