package harness_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"assay/harness/llamacpp"
	"assay/harness/subject"
	"assay/predict/arch"
	"assay/results"
)

// gridPlacements, gridCaches and gridFlash are what a device's grid varies.
var (
	gridPlacements = []struct {
		name   string
		change func(c *results.Case, layers int)
	}{
		{"all", func(*results.Case, int) {}},
		{"none", func(c *results.Case, _ int) { c.NGPULayers = 0 }},
		{"head", func(c *results.Case, _ int) { c.NGPULayers = 1 }},
		{"half", func(c *results.Case, layers int) { c.NGPULayers = layers / 2 }},
		{"layers", func(c *results.Case, layers int) { c.NGPULayers = layers }},
		{"-nkvo", func(c *results.Case, _ int) { c.NoKVOffload = true }},
		{"-nkvo -nopo", func(c *results.Case, _ int) { c.NoKVOffload, c.NoOpOffload = true, true }},
		{"none -nopo", func(c *results.Case, _ int) { c.NGPULayers, c.NoOpOffload = 0, true }},
		{"-ot attn=CPU", func(c *results.Case, _ int) { c.TensorOverrides = "attn_.*weight=CPU" }},
		{"-ot ffn=CPU", func(c *results.Case, _ int) { c.TensorOverrides = "ffn_(up|down|gate)=CPU" }},
		{"-ot ssm=CPU", func(c *results.Case, _ int) { c.TensorOverrides = "(ssm|shortconv)_.*=CPU" }},
		{"-ncmoe", func(c *results.Case, _ int) { c.NCPUMoE = 1 }},
	}
	gridCaches = [][2]string{{"f16", "f16"}, {"q8_0", "q8_0"}, {"q4_0", "q4_0"}, {"iq4_nl", "iq4_nl"}, {"q8_0", "f16"}, {"f16", "q4_0"},
		{"q5_1", "q5_1"}, {"bf16", "bf16"}}
	gridFlash = []string{"auto", "on", "off"}
)

// gridPresets have heads of up to 64, of which a device in software compiles flash
// attention in seconds: dense, window and experts, and convolutions beside attention.
// The others go without flash attention.
var gridPresets = []string{"qwen2.5-0.5b", "gpt-oss-20b", "lfm2-1.2b", "qwen3-30b-a3b", "deepseek-v2-lite", "falcon-h1-7b"}

// gridEnv says how many cases of the grid are drawn of each model, and by which seed:
// "20 1".
const gridEnv = "ASSAY_TEST_DEVICE_GRID"

func latent(f arch.Facts) bool {
	return slices.ContainsFunc(f.Layers, func(l arch.Layer) bool { return l.Attention != nil && l.Attention.MLA != nil })
}

// TestDeviceGrid runs TestGridCases, where it is asked for: it takes minutes.
func TestDeviceGrid(t *testing.T) {
	if os.Getenv(gridEnv) == "" {
		t.Skipf("set %s=\"20 1\" to draw 20 cases of each model by seed 1", gridEnv)
	}
	runWithDevices(t, "^TestGridCases$", "0")
}

// TestGridCases draws from placements, caches, flash attention and models: every check
// holds, or is not made.
func TestGridCases(t *testing.T) {
	engine := onDeviceEngine(t)
	count, seed, _ := strings.Cut(os.Getenv(gridEnv), " ")
	n, _ := strconv.Atoi(count)
	start, _ := strconv.ParseUint(seed, 10, 64)
	for _, preset := range gridPresets {
		t.Run(preset, func(t *testing.T) {
			draw := rand.New(rand.NewPCG(start, uint64(len(preset))))
			f, run, path := onDeviceModel(t, preset)
			for range n {
				c := deviceCase(run)
				p := gridPlacements[draw.IntN(len(gridPlacements))]
				types := gridCaches[draw.IntN(len(gridCaches))]
				flash := gridFlash[draw.IntN(len(gridFlash))]
				if wideHeads(run) {
					flash = "off"
				}
				if latent(run) && types[0] != types[1] || latent(run) && flash == "off" && types[0] != "bf16" {
					types = gridCaches[0] // refused: its keys are its values
				}
				c.TypeK, c.TypeV, c.FlashAttn = types[0], types[1], flash
				if c.NSeq = 1 + draw.IntN(2); c.NSeq > 1 {
					c.NPrompt = 16
				}
				if flash == "off" && types[1] != "f16" && types[1] != "bf16" {
					c.TypeV = "f16" // refused: values are quantised with flash attention alone
				}
				p.change(&c, len(run.Layers))
				name := fmt.Sprintf("%-14s %s/%s fa %s, %d sequences", p.name, c.TypeK, c.TypeV, flash, c.NSeq)
				c = llamacpp.Runtime{}.Settle(c, run)
				holdsOnDevice(t, engine, subject.Item{Runtime: llamacpp.Name, Ref: path, WeightType: deviceWeights, Case: c, Facts: f, Run: run}, name)
			}
		})
	}
}
