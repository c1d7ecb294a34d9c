package harness_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/llamacpp"
	"assay/harness/skeleton"
	"assay/native/llama/printed"
	family "assay/predict/family/llamacpp"
	"assay/predict/source"
	"assay/results"
)

// TestDeviceBuffers runs TestDevicePlans in a process whose library has a device.
func TestDeviceBuffers(t *testing.T) { runWithDevices(t, "^TestDevicePlans$", "0") }

// planPlacements are what the plans of TestDevicePlans change.
var planPlacements = []struct {
	name   string
	change func(c *results.Case, layers int)
}{
	{"all", func(*results.Case, int) {}},
	{"all, q8_0", func(c *results.Case, _ int) { c.TypeK, c.TypeV = "q8_0", "q8_0" }},
	{"all, no flash attention", func(c *results.Case, _ int) { c.FlashAttn = "off" }},
	{"two sequences", func(c *results.Case, _ int) { c.NSeq = 2 }},
	{"half", func(c *results.Case, layers int) { c.NGPULayers = layers / 2 }},
	{"the head", func(c *results.Case, _ int) { c.NGPULayers = 1 }},
	{"none", func(c *results.Case, _ int) { c.NGPULayers = 0 }},
	{"-nopo", func(c *results.Case, layers int) { c.NGPULayers, c.NoOpOffload = layers/2, true }},
	{"-nkvo", func(c *results.Case, _ int) { c.NoKVOffload = true }},
	{"-nkvo, no flash attention", func(c *results.Case, _ int) { c.NoKVOffload, c.FlashAttn = true, "off" }},
}

// TestDevicePlans: the compute buffers of the device and of the host are what the library
// plans, to the precision of its log, or are not predicted.
func TestDevicePlans(t *testing.T) {
	engine := onDeviceEngine(t)
	gpu := engine.Describe().GPUs()[0].Name
	ran, presets := 0, []string{"qwen2.5-0.5b", "gpt-oss-20b", "gemma-3-4b", "lfm2-1.2b", "qwen3-30b-a3b"}
	if os.Getenv("ASSAY_ALL") != "" {
		presets = source.Presets()
	}
	for i, name := range presets {
		t.Run(name, func(t *testing.T) {
			f, err := source.Load(t.Context(), "preset:"+name, source.Options{})
			require.NoError(t, err)
			f.Layers, f.DraftLayers = f.Layers[:min(len(f.Layers), 8)], 0
			if i%2 == 1 || strings.HasPrefix(name, "gemma") { // whole ones have tensors that a device in software does not take
				f = family.KVFaithful(f)
			}
			file, err := skeleton.SparseGGUF(t.Context(), t.TempDir(), f, "f16")
			require.NoError(t, err)
			defer os.Remove(file)
			for j, v := range planPlacements {
				if os.Getenv("ASSAY_ALL") == "" && (i+j)%2 != 0 {
					continue // ten seconds
				}
				c := results.Case{Kind: results.KindPlan, NCtx: 4096, NBatch: 2048, NUbatch: 512, NSeq: 1, TypeK: "f16", TypeV: "f16",
					FlashAttn: "on", NGPULayers: 99}
				v.change(&c, len(f.Layers))
				c = llamacpp.Runtime{}.Settle(c, f)
				m, err := engine.Plan(t.Context(), file, c)
				if err != nil {
					t.Logf("%s: %v", v.name, err)
					continue
				}
				p, err := llamacpp.Runtime{}.Predict(f, f, "f16", c, engine.Describe())
				require.NoError(t, err)
				for _, device := range []string{gpu, "CPU"} {
					got, want := m.Memory.Devices[device], p.Memory.Devices[device]
					if want == nil || want.ComputeBytes == nil {
						t.Logf("%-20s %-26s %-8s not predicted: %v", name, v.name, device, p.Memory.NotPredicted)
						continue
					}
					ran++
					said := fmt.Sprintf("%-20s %-26s %-8s predicted %11d planned %11d", name, v.name, device, *want.ComputeBytes, *got.ComputeBytes)
					t.Log(said)
					assert.InDelta(t, *want.ComputeBytes, *got.ComputeBytes, printed.ReportPrecision/2+1, said)
				}
			}
		})
	}
	assert.GreaterOrEqual(t, ran, 40, "figures of buffers")
}
