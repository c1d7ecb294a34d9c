package record

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/roofline"
	"assay/results"
)

// fitOf is a fit by which reading takes 1 s a GB, and held-out cases were
// missed by 10 %.
func fitOf(id, machine string, parameters ...string) roofline.Fit {
	f := roofline.Fit{ID: id, Machine: machine, Runtime: "llama.cpp v0.5.0", Form: roofline.Form{Overlap: roofline.Sum}}
	for _, name := range parameters {
		f.Parameters = append(f.Parameters, roofline.Parameter{Name: name, Seconds: roofline.Interval{Value: 1e-9}})
	}
	fold := roofline.Fold{Model: "other"}
	for range 20 {
		fold.Residuals = append(fold.Residuals, roofline.HeldOut{Kind: roofline.KindDecode, Measured: 1.1, Predicted: 1})
	}
	f.Folds = []roofline.Fold{fold}
	return f
}

func TestForetellTakesTheNewestFitThatKnows(t *testing.T) {
	record := func() results.Record {
		return results.Record{
			Status: results.StatusOK, Host: results.Host{Name: "lab", Chip: "M2"}, Runtime: results.Runtime{Name: "llama.cpp", Version: "v0.5.0"},
			Case: results.Case{Kind: results.KindDecode, NGen: 2, NThreads: 2},
			Predicted: &results.Predicted{Cost: &results.Cost{Steps: 2, Terms: []results.CostTerm{{Class: "weights", Type: "q8_0",
				FLOPs: 1, Bytes: 2e9}}}},
			Measured: &results.Measured{SamplesNS: []int64{3e9}},
		}
	}
	const here = "lab (M2), 2 threads, 0 GPU layers"
	tests := map[string]struct {
		fits   []roofline.Fit
		change func(*results.Record)
		want   string
	}{
		"the newest": {[]roofline.Fit{fitOf("old", here, "step", "read q8_0"), fitOf("new", here, "step", "read q8_0")},
			nil, "new"},
		"an older one that knows more": {[]roofline.Fit{fitOf("old", here, "step", "read q8_0"), fitOf("new", here, "step", "read f16")},
			nil, "old"},
		"one with its kin": {[]roofline.Fit{fitOf("old", "elsewhere", "step", "read q8_0"), fitOf("new", here, "step", "read f16")},
			nil, "new"},
		"another machine": {[]roofline.Fit{fitOf("old", "elsewhere", "step", "read q8_0")}, nil, ""},
		"another runtime": {[]roofline.Fit{fitOf("old", here, "step", "read q8_0")},
			func(r *results.Record) { r.Runtime.Name = "mlx" }, ""},
		"another number of threads": {[]roofline.Fit{fitOf("old", here, "step", "read q8_0")},
			func(r *results.Record) { r.Case.NThreads = 1 }, ""},
		"a failed case": {[]roofline.Fit{fitOf("old", here, "step", "read q8_0")},
			func(r *results.Record) { r.Status = results.StatusFailed }, ""},
		"no fit": {nil, nil, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			rec := record()
			if tt.change != nil {
				tt.change(&rec)
			}
			Foretell(&rec, tt.fits)
			assert.Equal(t, tt.want, rec.Predicted.Fit)
			if tt.want == "" {
				assert.Nil(t, rec.Predicted.Seconds)
				return
			}
			assert.InEpsilon(t, 2, rec.Predicted.Seconds.Value, 1e-6)
			if name == "one with its kin" {
				assert.Greater(t, rec.Predicted.Seconds.Hi, 2*1.1)
				return
			}
			assert.InEpsilon(t, 2*1.1, rec.Predicted.Seconds.Hi, 1e-6)
			assert.InEpsilon(t, 1, rec.Predicted.TokensPerSecond.Value, 1e-6)
			require.NotNil(t, rec.Residual.SecondsRatio)
			assert.InEpsilon(t, 1.5, *rec.Residual.SecondsRatio, 1e-6)
		})
	}
}

// A Mac without a fit is predicted by its chip; what runs on its CPU is not.
func TestForetellFallsBackOnPublishedFigures(t *testing.T) {
	for layers, want := range map[int]string{99: PublishedFigures, 0: ""} {
		rec := results.Record{
			Status: results.StatusOK, Host: results.Host{Name: "desk", Chip: "Apple M4 Max", GPUCores: new(40)},
			Runtime: results.Runtime{Name: "llama.cpp", Version: "v0.5.0"},
			Case:    results.Case{Kind: results.KindDecode, NGen: 1, NThreads: 12, NGPULayers: layers},
			Predicted: &results.Predicted{Cost: &results.Cost{Steps: 1, Layers: &[3]int64{32, 0, 0}, Terms: []results.CostTerm{
				{Class: "weights", Type: "q8_0", FLOPs: 14e9, Bytes: 7e9},
			}}},
			Measured: &results.Measured{SamplesNS: []int64{2e7}},
		}
		Foretell(&rec, nil)
		assert.Equal(t, want, rec.Predicted.Fit)
		if want != "" {
			assert.InDelta(t, 55, rec.Predicted.TokensPerSecond.Value, 10)
		}
	}
}
