package calibrate

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/llamacpp"
	"assay/harness/machine"
	"assay/harness/mlx"
	"assay/harness/runtime"
	"assay/harness/speed"
	"assay/harness/subject"
	"assay/harness/suite"
	"assay/predict/roofline"
	"assay/results"
)

func TestGridIsTheRuntimesOwn(t *testing.T) {
	mac, xeon := results.Host{Chip: "Apple M4 Pro"}, results.Host{Chip: "Intel(R) Xeon(R) Processor"}
	for _, test := range []struct {
		host    results.Host
		runtime runtime.Runtime
		want    grid
		has     string
	}{
		{mac, llamacpp.Runtime{}, usualGrid, "q4_K"}, {xeon, llamacpp.Runtime{}, usualGrid, "q4_K"},
		{mac, mlx.Runtime{}, usualGrid, "4bit"}, {xeon, mlx.Runtime{}, slowGrid, "f32"},
	} {
		c := test.runtime.Calibration(test.host)
		assert.Contains(t, c.Types, test.has)
		assert.Equal(t, test.want.shapes, gridOf(c).shapes, test)
	}
}

// TestCalibrationOfMLX: the cases fit into the budget, cover models, depths and
// lengths, and say nothing that MLX cannot be told.
func TestCalibrationOfMLX(t *testing.T) {
	home := t.TempDir()
	t.Setenv("ASSAY_HOME", home)
	opt := Options{Runtime: mlx.Name}
	s, plan, err := Suite(t.Context(), opt)
	require.NoError(t, err)
	assert.LessOrEqual(t, plan.Expected, defaultBudget)
	items, err := suite.Expand(t.Context(), s, []string{mlx.Name})
	require.NoError(t, err)
	assert.Len(t, items, len(plan.Chosen))
	models, depths, prompts := map[string]bool{}, map[int]bool{}, map[int]bool{}
	for _, g := range s.Groups {
		assert.Empty(t, g.Settings["n_threads"])
		assert.Empty(t, g.Settings["n_gpu_layers"])
		models[g.Models[0]] = true
		if g.Kinds[0] == results.KindDecode {
			depths[g.Settings["n_depth"][0].(int)] = true
		} else {
			prompts[g.Settings["n_prompt"][0].(int)] = true
		}
	}
	assert.GreaterOrEqual(t, len(models), 3)
	assert.GreaterOrEqual(t, len(depths), 3)
	assert.GreaterOrEqual(t, len(prompts), 2)
	if gridOf(mlx.Runtime{}.Calibration(machine.Read(t.Context()))).mixtures {
		return
	}
	opt.Experts = true
	_, _, err = Suite(t.Context(), opt)
	assert.ErrorContains(t, err, "leave out --experts")
	_, err = os.Stat(filepath.Join(home, "calibration", "few-experts"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

// TestFitOfMLXRecords: work that MLX's prediction counts is work that a fit
// finds again, in records whose times follow from known costs.
func TestFitOfMLXRecords(t *testing.T) {
	t.Setenv("ASSAY_HOME", t.TempDir())
	s, _, err := Suite(t.Context(), Options{Runtime: mlx.Name})
	require.NoError(t, err)
	items, err := suite.Expand(t.Context(), s, []string{mlx.Name})
	require.NoError(t, err)
	run := results.Run{ID: "mlx"}
	for _, it := range items {
		p, err := mlx.Runtime{}.Predict(it.Facts, it.Facts, it.WeightType, it.Case, results.Runtime{})
		require.NoError(t, err)
		ns := int64(1e5 * float64(p.Cost.Steps))
		for _, term := range p.Cost.Terms {
			ns += int64(float64(term.FLOPs)/2 + float64(term.Bytes)/4) // 2 GFLOP/s, 4 GB/s
		}
		run.Records = append(run.Records, results.Record{
			RunID: run.ID, Status: results.StatusOK, Model: subject.ModelOf(it), Case: it.Case, Predicted: p,
			Runtime:  results.Runtime{Name: mlx.Name, Version: "0.31.2", Device: "cpu"},
			Measured: &results.Measured{SamplesNS: []int64{ns, ns, ns}},
		})
	}
	fit, obs, err := speed.Fit([]results.Run{run}, roofline.Options{})
	require.NoError(t, err)
	assert.Len(t, obs, len(items))
	assert.Equal(t, "mlx 0.31.2", fit.Runtime)
	assert.NotContains(t, fit.Machine, "threads")
	assert.Less(t, fit.InSample.Median, 0.02)
	assert.Len(t, fit.Folds, 5, "one without each model")
}
