package harness_test

import (
	"os"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/llamacpp"
	host "assay/harness/runtime"
	"assay/harness/subject"
	"assay/results"
)

// spreadCases say which device holds what, with two of them.
var spreadCases = []struct {
	name   string
	change func(c *results.Case, gpus []string)
	// on are the devices of the first and of the last layer's weights, by their
	// places among the library's GPUs; -1 is the CPU. Nil is not asked.
	first, last []int
}{
	{"by what is free", func(*results.Case, []string) {}, []int{0}, []int{1}},
	{"three to one", func(c *results.Case, _ []string) { c.TensorSplit = "3/1" }, []int{0}, []int{0}},
	{"one to three, a layer on the CPU", func(c *results.Case, _ []string) { c.TensorSplit, c.NGPULayers = "1/3", 3 }, []int{-1}, []int{1}},
	{"all on the second", func(c *results.Case, _ []string) { c.TensorSplit = "0/1" }, []int{1}, []int{1}},
	{"the second alone is main", func(c *results.Case, _ []string) { c.SplitMode, c.MainGPU = "none", 1 }, []int{1}, []int{1}},
	{"the second alone", func(c *results.Case, gpus []string) { c.Devices = gpus[1] }, []int{1}, []int{1}},
	{"the other way round", func(c *results.Case, gpus []string) { c.Devices = gpus[1] + "/" + gpus[0] }, []int{1}, []int{0}},
	{"none", func(c *results.Case, _ []string) { c.Devices = "none" }, []int{-1}, []int{-1}},
	{"a block elsewhere", func(c *results.Case, gpus []string) { c.TensorOverrides = `blk\.0\.=` + gpus[1] }, []int{1}, []int{1}},
	{"norms on the CPU", func(c *results.Case, _ []string) { c.TensorOverrides = "norm=CPU" }, []int{-1, 0}, []int{-1, 1}},
	{"experts of one block on the CPU", func(c *results.Case, _ []string) { c.NCPUMoE = 1 }, nil, nil},
	{"experts on the CPU, no op offload", func(c *results.Case, _ []string) { c.NCPUMoE, c.NoOpOffload = 9999, true }, nil, nil},
	{"experts by their name", func(c *results.Case, _ []string) { c.TensorOverrides = "ffn_.*_exps=CPU" }, nil, nil},
	{"cache on the host, no pinned memory", func(c *results.Case, _ []string) { c.NoKVOffload, c.NoHost = true, true }, []int{0}, []int{1}},
	{"not mapped", func(c *results.Case, _ []string) { c.LoadMode = "none" }, []int{0}, []int{1}},
}

// spreadPresets are one dense model and one of experts.
var spreadPresets = []string{"qwen2.5-0.5b", "qwen3-30b-a3b"}

// TestTwoDevices runs TestSpreadCases in a process whose library has two devices.
func TestTwoDevices(t *testing.T) { runWithDevices(t, "^TestSpreadCases$", "0,0") }

// TestSpreadCases: with two devices every check holds wherever the case puts layers,
// tensors and experts, and memory by device is what the library reports.
func TestSpreadCases(t *testing.T) {
	engine := onDeviceEngine(t)
	gpus := engine.Describe().GPUs()
	if len(gpus) < 2 {
		t.Skipf("one device alone: %v", engine.Devices())
	}
	var names []string
	for _, d := range gpus {
		names = append(names, d.Name)
	}
	t.Run("too much", func(t *testing.T) { tooMuchForADevice(t, engine, names) })
	for _, preset := range spreadPresets {
		t.Run(preset, func(t *testing.T) {
			f, run, path := onDeviceModel(t, preset)
			for i, v := range spreadCases {
				if i%3 != 0 && os.Getenv("ASSAY_ALL") == "" {
					continue // a minute on two cores
				}
				c := deviceCase(run)
				c.FlashAttn = "off"
				v.change(&c, names)
				c = llamacpp.Runtime{}.Settle(c, run)
				if dense := preset == spreadPresets[0]; dense == (v.first == nil) && v.name != "by what is free" {
					continue // experts of a model that has none, or what the dense one has shown
				}
				rec := holdsOnDevice(t, engine, subject.Item{Runtime: llamacpp.Name, Ref: path, WeightType: deviceWeights, Case: c, Facts: f, Run: run},
					v.name)
				if rec == nil {
					continue
				}
				require.NotNil(t, rec.Predicted.Placement, v.name)
				holdsMemoryByDevice(t, *rec, v.name)
				if v.first != nil && preset == spreadPresets[0] {
					layers := rec.Predicted.Placement.Weights
					assert.Equal(t, named(names, v.first), layers[0].Devices, v.name)
					assert.Equal(t, named(names, v.last), layers[len(layers)-1].Devices, v.name)
				}
			}
		})
	}
}

// tooMuchForADevice: what does not fit or is not there costs the case alone, and the
// sentence names it; the next case runs.
func tooMuchForADevice(t *testing.T, engine host.Engine, gpus []string) {
	f, run, path := onDeviceModel(t, "qwen2.5-0.5b")
	for _, tc := range []struct {
		change func(c *results.Case)
		says   []string
	}{
		{func(c *results.Case) { c.NCtx = 1 << 24 }, []string{"making a context", gpus[0], "buffer of size"}},
		{func(c *results.Case) { c.TensorOverrides = "exps=Nowhere0" }, []string{`no device "Nowhere0"`, "CPU", gpus[1]}},
		{func(c *results.Case) { c.Devices = gpus[0] + "/Nowhere0" }, []string{`no device "Nowhere0"`}},
		{func(c *results.Case) { c.SplitMode, c.MainGPU = "none", 9 }, []string{"main_gpu"}},
	} {
		c := deviceCase(run)
		c.FlashAttn = "off"
		tc.change(&c)
		session, err := engine.Load(t.Context(), path, c)
		if err == nil {
			_, _, err = session.Observe(t.Context(), c)
			assert.NoError(t, session.Close())
		}
		for _, word := range tc.says {
			assert.ErrorContains(t, err, word)
		}
		t.Log(err)
	}
	c := deviceCase(run)
	c.FlashAttn = "off"
	holdsOnDevice(t, engine, subject.Item{Runtime: llamacpp.Name, Ref: path, WeightType: deviceWeights, Case: c, Facts: f, Run: run},
		"the next one")
}

func named(gpus []string, at []int) (names []string) {
	for _, i := range at {
		if i < 0 {
			names = append(names, "CPU")
			continue
		}
		names = append(names, gpus[i])
	}
	return names
}

// holdsMemoryByDevice holds what is predicted of each device against the library's
// report, within its rounding. A CPU's weights are not: they are mapped from the first to
// the last, or repacked. On a Mac a GPU's are mapped, too.
func holdsMemoryByDevice(t *testing.T, rec results.Record, name string) {
	t.Helper()
	for device, want := range rec.Predicted.Memory.Devices {
		got := rec.Measured.Memory.Devices[device]
		if !assert.NotNil(t, got, "%s: %s", name, device) {
			continue
		}
		if *want.KVBytes > 0 {
			assert.InDelta(t, *want.KVBytes, *got.KVBytes, results.LogRounding, "%s: cache on %s", name, device)
		}
		if device != "CPU" && runtime.GOOS == "linux" {
			assert.InDelta(t, *want.WeightBytes, *got.WeightBytes, results.LogRounding, "%s: weights on %s", name, device)
		}
	}
}
