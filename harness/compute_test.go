package harness_test

import (
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/skeleton"
	"assay/native/llama"
	"assay/native/llama/printed"
	"assay/predict/graph"
	"assay/predict/kv"
	"assay/predict/source"
)

// computeSettings are those under which each preset's compute buffer is held
// against the library's own plan.
var computeSettings = []kv.Params{
	{NCtx: 4096, NUbatch: 512, NSeq: 1, FlashAttn: true, TypeK: "f16", TypeV: "f16"},
	{NCtx: 2048, NUbatch: 128, NSeq: 4, FlashAttn: true, TypeK: "q8_0", TypeV: "q8_0"},
	{NCtx: 8192, NUbatch: 512, NSeq: 2, KVUnified: true, TypeK: "f16", TypeV: "f16"},
}

// everySetting is the grid of what the buffer depends on most: types of the cache,
// flash attention, micro-batches. A quantised V needs flash attention.
func everySetting() (grid []kv.Params) {
	for _, typ := range []string{"f16", "q8_0"} {
		for _, flash := range []bool{true, false} {
			for _, ubatch := range []int{128, 512} {
				p := kv.Params{NCtx: 4096, NUbatch: ubatch, NSeq: 1, FlashAttn: flash, TypeK: typ, TypeV: typ}
				if !flash {
					p.TypeV = "f16"
				}
				grid = append(grid, p)
			}
		}
	}
	return grid
}

// TestComputeBuffer: for every preset, what the graph predictor says of the
// compute buffer is what the library plans, to the precision of its log. With
// ASSAY_ALL set it does so over the whole grid of settings; -v prints the table.
func TestComputeBuffer(t *testing.T) {
	noGraph := []string{"gemma-4-e2b", "gemma-4-e4b", "gemma-4-26b-a4b", "gemma-4-31b", "deepseek-v3.2"}
	path, err := llama.Find()
	if err != nil && os.Getenv("CI") == "" {
		t.Skipf("needs llama.cpp: %v", err)
	}
	require.NoError(t, err)
	lib, err := llama.Open(path)
	require.NoError(t, err)
	if kv.Older(lib.Version(), graph.Since) {
		t.Skipf("the graphs of %s are not predicted", lib.Version())
	}
	settings := computeSettings
	if os.Getenv("ASSAY_ALL") != "" {
		settings = append(everySetting(), settings...)
	}
	dir := t.TempDir()
	for _, name := range source.Presets() {
		t.Run(name, func(t *testing.T) {
			f, err := source.Load(t.Context(), "preset:"+name, source.Options{})
			require.NoError(t, err)
			if slices.Contains(noGraph, name) {
				_, err := graph.ComputeBytes(f, kv.Params{NCtx: 512, NUbatch: 512, Release: lib.Version()})
				require.ErrorContains(t, err, "its graph is not known")
				return
			}
			file, err := skeleton.SparseGGUF(t.Context(), dir, f, "f16")
			require.NoError(t, err)
			defer os.Remove(file)
			model, err := lib.LoadModel(file, llama.ModelParams{NGPULayers: new(0), NoAlloc: true})
			require.NoError(t, err)
			defer model.Close()
			for _, p := range settings {
				if name == "phi-4" && p.TypeK == "q8_0" {
					continue // v0.5.0 aborts: the graph has more nodes than it makes room for (max_nodes, eight a tensor)
				}
				if f.Layers[0].Attention != nil && f.Layers[0].Attention.MLA != nil && p.TypeK != p.TypeV {
					continue // the library refuses it: keys and values are one tensor
				}
				p.Release = lib.Version()
				want, err := graph.ComputeBytes(f, p)
				require.NoError(t, err)
				got := planned(t, model, p)
				t.Logf("%-20s %-16s ub %3d fa %-5v K %-4s V %-4s predicted %11d planned %11d", name, f.Family, p.NUbatch, p.FlashAttn, p.TypeK,
					p.TypeV, want, got)
				assert.InDelta(t, want, got, printed.ReportPrecision/2+1, "%+v", p)
			}
		})
	}
}

// planned is the compute buffer that the library would allocate.
func planned(t *testing.T, model *llama.Model, p kv.Params) int64 {
	attention := "off"
	if p.FlashAttn {
		attention = "on"
	}
	c, err := model.NewContext(llama.ContextParams{NCtx: p.NCtx, NUbatch: p.NUbatch, NSeqMax: p.NSeq, KVUnified: p.KVUnified,
		FlashAttn: llama.Switch(attention), TypeK: p.TypeK, TypeV: p.TypeV})
	require.NoError(t, err)
	defer c.Close()
	var sum int64
	for _, b := range c.Report().Buffers {
		if b.Kind == "compute" {
			sum += b.Bytes
		}
	}
	return sum
}
