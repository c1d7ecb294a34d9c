package speed_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/archive"
	"assay/harness/speed"
	"assay/predict/roofline"
	"assay/results"
	"assay/results/store"
)

// timed is a record as a run writes it: a model of so many bytes of weights,
// read at 10 GB/s and multiplied at 100 GFLOP/s.
func timed(name string, bytes int64, kind results.Kind, n, depth int) results.Record {
	steps, perStep := int64(n), int64(1)
	c := results.Case{Kind: kind, NGen: n, NDepth: depth, NSeq: 1, NThreads: 2}
	if kind == results.KindPrefill {
		steps, perStep = 1, int64(n)
		c.NGen, c.NPrompt = 0, n
	}
	products := steps * bytes / 4e6
	row, live := int64(512), 4e3*int64(n)*int64(depth+n)
	flops := 2 * bytes * steps * perStep
	cost := &results.Cost{Steps: steps, Products: &products, Terms: []results.CostTerm{
		{Class: "weights", Type: "q8_0", FLOPs: flops, Bytes: bytes * steps},
		{Class: "attention", Type: "f16", FLOPs: 2 * live, Bytes: live, LiveFLOPs: &live, RowBytes: &row},
	}}
	s := float64(bytes*steps)/1e10 + 4e-6*float64(products) + float64(live)/2e10
	if kind == results.KindPrefill {
		s += float64(flops) / 1e11
	}
	ns := int64(s * 1e9)
	return results.Record{
		Schema: results.Schema, RunID: "r1", Time: time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC), Status: results.StatusOK,
		Host:    results.Host{Name: "lab", Chip: "M2", OS: "darwin", Arch: "arm64"},
		Runtime: results.Runtime{Name: "llama.cpp", Version: "v0.5.0", Device: "CPU"},
		Model:   results.Model{Ref: "preset:" + name, Name: name, WeightType: "q8_0"}, Case: c,
		Predicted: &results.Predicted{Rules: "exact", Cost: cost},
		Measured:  &results.Measured{SamplesNS: []int64{ns + 9, ns, ns + 5, ns * 3}},
	}
}

func calibrated() results.Run {
	run := results.Run{ID: "r1"}
	for i, bytes := range []int64{100e6, 220e6, 410e6, 600e6} {
		name := fmt.Sprintf("model-%d", i)
		for _, depth := range []int{0, 512, 2048} {
			run.Records = append(run.Records, timed(name, bytes, results.KindDecode, 4, depth))
		}
		for _, n := range []int{16, 128, 512} {
			run.Records = append(run.Records, timed(name, bytes, results.KindPrefill, n, 0))
		}
	}
	return run
}

func TestObservationsTakeWhatCanBeLearntFrom(t *testing.T) {
	failed, uncounted, both, cache := timed("a", 1e8, results.KindDecode, 4, 0), timed("b", 1e8, results.KindDecode, 4, 0),
		timed("c", 1e8, results.KindDecode, 4, 0), timed("d", 1e8, results.KindKV, 4, 0)
	failed.Status, failed.Error = results.StatusFailed, "out of memory"
	uncounted.Predicted.Cost = nil
	both.Case.NPrompt = 16
	obs, skipped := speed.Observations([]results.Run{{ID: "r1", Records: []results.Record{
		timed("good", 1e8, results.KindDecode, 4, 512), failed, uncounted, both, cache,
	}}})
	assert.Equal(t, []string{
		"a q8_0 tg4: failed: out of memory",
		"b q8_0 tg4: its work was not counted",
		"c q8_0 pp16+tg4: it times a prompt and generation together",
	}, skipped)
	require.Len(t, obs, 1)
	o := obs[0]
	assert.Equal(t, "good q8_0 tg4 @ d512", o.Case)
	assert.Equal(t, "lab (M2), CPU, 2 threads, 0 GPU layers", o.Machine)
	assert.Equal(t, "llama.cpp v0.5.0", o.Runtime)
	assert.Equal(t, 4.0, o.Work.Tokens)
	assert.Equal(t, 4.0, o.Work.Steps)
	assert.Equal(t, 100.0, *o.Work.Products)
	assert.Equal(t, 512.0, *o.Work.Terms[1].RowBytes)
	// The lower quartile of four samples is the smallest: the disturbed one,
	// three times as long, does not count.
	want := 4*1e8/1e10 + 4e-6*100 + 4e3*4*516/2e10
	assert.InEpsilon(t, want, o.Seconds, 1e-6)
}

func TestFitIsStoredAndFoundAgain(t *testing.T) {
	ctx := context.Background()
	fit, obs, err := speed.Fit([]results.Run{calibrated()}, roofline.Options{})
	require.NoError(t, err)
	assert.Len(t, obs, 24)
	assert.Less(t, fit.CrossValidation().Decode.Median, 0.02)
	db, err := store.Open(ctx, filepath.Join(t.TempDir(), "assay.db"))
	require.NoError(t, err)
	defer db.Close()
	require.NoError(t, speed.Save(ctx, db, fit))
	for _, name := range []string{fit.ID, fit.ID[:12], "latest"} {
		back, err := speed.Load(ctx, db, name)
		require.NoError(t, err, name)
		assert.Equal(t, fit.ID, back.ID)
		assert.Equal(t, fit.Parameters, back.Parameters)
	}
	roofs, err := archive.Rooflines(ctx, db, calibrated())
	require.NoError(t, err)
	require.Len(t, roofs, 1)
	assert.Len(t, roofs[0].Points, 24)
	assert.InEpsilon(t, 1e10, roofs[0].Bandwidth, 0.1)
	for _, p := range roofs[0].Points {
		assert.LessOrEqual(t, p.FLOPS, 1.05*min(roofs[0].FLOPS, p.Intensity*roofs[0].Bandwidth), p.Label)
	}
	_, err = speed.Load(ctx, db, "nonsense")
	assert.ErrorContains(t, err, `no fit "nonsense" in the store; 'assay fit' makes one`)
}

func TestFitRefusesInOneSentence(t *testing.T) {
	run := calibrated()
	run.Records = run.Records[:6]
	run.Records = append(run.Records, timed("x", 1e8, results.KindDecode, 4, 0))
	run.Records[6].Status, run.Records[6].Error = results.StatusFailed, "killed"
	_, _, err := speed.Fit([]results.Run{run}, roofline.Options{})
	require.Error(t, err)
	assert.Contains(t, err.Error(), "all observations are of model-0")
	assert.Contains(t, err.Error(), "(1 case could not be used, the first: x q8_0 tg4: failed: killed)")
	var input interface{ BadInput() bool }
	require.ErrorAs(t, err, &input)
	assert.True(t, input.BadInput())
}
