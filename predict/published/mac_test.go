package published

import (
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/machines"
	"assay/predict/roofline"
	"assay/predict/table"
)

func macOf(t *testing.T, words string, s Setting) *Mac {
	t.Helper()
	m, err := machines.Find(words)
	require.NoError(t, err)
	mac, err := New(m, s)
	require.NoError(t, err)
	return mac
}

// A chip that no figure of the fit is of.
func TestChipThatNoFitHasSeen(t *testing.T) {
	text, err := os.ReadFile("testdata/kept-aside.csv")
	require.NoError(t, err)
	kept, err := table.Read[Figure](string(text))
	require.NoError(t, err)
	for _, kind := range kinds {
		var offs []float64
		for _, f := range kept {
			o := observation{Figure: f, shape: shapes()[f.Model]}
			if o.kind() != kind {
				continue
			}
			chip, err := f.chip()
			require.NoError(t, err)
			mac, err := New(machines.Machine{Chip: chip}, Setting{Runtime: f.Runtime})
			require.NoError(t, err)
			p, err := mac.Predict(kind, f.work(o.shape))
			require.NoError(t, err)
			assert.True(t, p.TokensPerSecond.Lo < f.Speed && f.Speed < p.TokensPerSecond.Hi, "%s %s: %v, measured %v", f.Weights, f.Test,
				p.TokensPerSecond, f.Speed)
			offs = append(offs, max(p.TokensPerSecond.Value/f.Speed-1, 1-p.TokensPerSecond.Value/f.Speed))
		}
		slices.Sort(offs)
		t.Logf("%s: %.1f %% off in the median, %.1f %% at worst", kind, 100*offs[len(offs)/2], 100*offs[len(offs)-1])
		assert.Less(t, offs[len(offs)/2], 0.1)
	}
}

// Nothing that has work is refused, and what is far from all figures is wider.
func TestPredictIsNeverRefused(t *testing.T) {
	llama := shapes()["Llama-3.1-8B"]
	work := func(runtime, weights, test string, tokens int) roofline.Work {
		return Figure{Runtime: runtime, Weights: weights, Test: test, Tokens: &tokens}.work(llama)
	}
	for _, c := range machines.Chips() {
		for _, runtime := range []string{LlamaCpp, MLX} {
			for _, weights := range []string{"Q4_K_M", "q2_K", "iq2_xxs", "nvfp4", "bf16", "3bit", "8bit-g32", "never heard of"} {
				mac, err := New(machines.Machine{Chip: c}, Setting{Runtime: runtime})
				require.NoError(t, err)
				for _, kind := range kinds {
					test := map[string]string{roofline.KindDecode: "tg", roofline.KindPrefill: "pp"}[kind]
					p, err := mac.Predict(kind, work(runtime, weights, test, 128))
					require.NoError(t, err)
					v := p.TokensPerSecond
					assert.True(t, 0 < v.Lo && v.Lo < v.Value && v.Value < v.Hi, "%s %s %s %s: %v", c.ID(), runtime, weights, kind, v)
				}
			}
		}
	}
	width := func(words, weights string) float64 {
		p, err := macOf(t, words, Setting{Runtime: LlamaCpp}).Predict(roofline.KindDecode, work(LlamaCpp, weights, "tg", 128))
		require.NoError(t, err)
		return p.TokensPerSecond.Hi / p.TokensPerSecond.Lo
	}
	assert.Greater(t, width("M2 Max 96GB", "Q4_K_M"), width("M1 Max 32 cores", "Q4_K_M"), "no figure of the chip")
	assert.Greater(t, width("M6 16GB", "Q4_K_M"), width("M2 Max 96GB", "Q4_K_M"), "none of the generation")
	assert.Greater(t, width("M1 Max 32 cores", "iq2_xxs"), width("M1 Max 32 cores", "Q4_K_M"), "none of the type")
	assert.Greater(t, width("M1 Max", "Q4_K_M"), width("M1 Max 32 cores", "Q4_K_M"), "the cores are open")
	assert.Contains(t, macOf(t, "M6 16GB", Setting{Runtime: MLX}).Source(),
		"none on this chip, whose generation stands with the costs of an M5")
}

// More of a machine is never slower, and what slows a machine does.
func TestSettingsGoTheRightWay(t *testing.T) {
	f := Figure{Runtime: MLX, Weights: "4bit", Test: "pp", Tokens: new(2048)}
	w := f.work(shapes()["Qwen3-14B"])
	speed := func(words string, s Setting) float64 {
		s.Runtime = MLX
		p, err := macOf(t, words, s).Predict(roofline.KindPrefill, w)
		require.NoError(t, err)
		return p.TokensPerSecond.Value
	}
	whole := speed("M5Max-40", Setting{})
	assert.InDelta(t, 3, whole/speed("M5Max-40", Setting{NoTensor: true}), 0.5, "the tensor units of an M5")
	assert.Greater(t, whole, speed("M5Max-32", Setting{}))
	assert.Greater(t, whole, 1.5*speed("M4Max-40", Setting{}))
	assert.Greater(t, speed("M5-10", Setting{}), speed("M5-10", Setting{Fanless: true}))
	assert.Greater(t, whole, speed("M5Max-40", Setting{Server: true}))
}

func TestNewRefusesAnotherRuntime(t *testing.T) {
	_, err := New(machines.Machine{}, Setting{Runtime: "ollama"})
	assert.EqualError(t, err, "no figures of ollama on Macs are known; there are some of llama.cpp and mlx")
}

// Each figure has a source and a model, and each model a shape that adds up.
func TestTablesAreWhole(t *testing.T) {
	list, err := observations()
	require.NoError(t, err)
	marks := map[string]int{}
	for _, o := range list {
		assert.NotEmpty(t, o.project(), "%s: source %s", o.Model, o.Source)
		assert.Positive(t, o.Speed)
		assert.Contains(t, []string{"pp", "tg"}, o.Test)
		assert.NotEqual(t, "M2Max", o.Chip, "kept aside")
		marks[o.marked]++
	}
	for _, r := range []string{"peak of a burst", "noisy", "above the bandwidth", "above the peak", "slow", "slow source", "unsteady"} {
		assert.Positive(t, marks[r], "no figure is marked %q", r)
	}
	t.Log(marks)
	for _, s := range shapes() {
		assert.Positive(t, s.body(), s.Name)
		assert.InDelta(t, s.Layers, s.Full+s.Windowed+s.Recurrent+s.pure(), 0.5, "%s: layers", s.Name)
	}
}

// pure are the layers of Nemotron that have experts or nothing but a product.
func (s shape) pure() float64 {
	if s.Arch == "nemotron3-nano" {
		return s.ExpertLayers
	}
	return 0
}

// What a calibration of a GPU starts from (harness) is what these Macs reach.
func TestNominalGPU(t *testing.T) {
	assert.InDelta(t, 0.9, fitted()["decode bandwidth llama.cpp"], 0.05)
	for _, g := range generations[:4] {
		assert.InDelta(t, 0.2, fitted()["prefill rate llama.cpp "+g+" TFLOPS"], 0.15)
	}
}
