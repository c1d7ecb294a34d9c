package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/cmd/assay/line"
	"assay/predict/roofline"
	"assay/results"
	"assay/results/jsonl"
)

// runFile writes a file of timed records of so many models, as a run would: on a
// machine that reads 10 GB/s and multiplies at 100 GFLOP/s.
func runFile(t *testing.T, models int) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "run.jsonl")
	w, err := jsonl.Append(name)
	require.NoError(t, err)
	for m := range models {
		for i := range 6 {
			require.NoError(t, w.Write(timedRecord(m, i)))
		}
	}
	require.NoError(t, w.Close())
	return name
}

// timedRecord is the i-th case of a model: decode at three depths, then three prompts.
func timedRecord(model, i int) results.Record {
	n, depth, steps := int64(4), int64(512*i), int64(4)
	c := results.Case{Kind: results.KindDecode, NGen: 4, NDepth: int(depth), NSeq: 1, NThreads: 2}
	if i >= 3 {
		n, depth, steps = 16<<(2*(i-3)), 0, 1
		c = results.Case{Kind: results.KindPrefill, NPrompt: int(n), NSeq: 1, NThreads: 2}
	}
	weights := int64(1+model*model) * 50e6
	live, row, products := 4000*n*(depth+n), int64(512), steps*int64(20+10*model)
	flops := 2 * weights * n
	s := float64(weights*steps)/1e10 + float64(live)/2e10 + 1e-5*float64(products)
	if i >= 3 {
		s += float64(flops) / 1e11
	}
	name := fmt.Sprintf("model-%d", model)
	return results.Record{
		Schema: results.Schema, RunID: "20261121-030000-abcdef", Time: time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC), Status: results.StatusOK,
		Host:    results.Host{Name: "lab", Chip: "Apple M2", OS: "darwin", Arch: "arm64"},
		Runtime: results.Runtime{Name: "llama.cpp", Version: "v0.5.0"},
		Model:   results.Model{Ref: "preset:" + name, Name: name, WeightType: "q8_0"}, Case: c,
		Predicted: &results.Predicted{Rules: "exact", Cost: &results.Cost{Steps: steps, Products: &products,
			ActivationBytes: 1e5 * n, Terms: []results.CostTerm{
				{Class: "weights", Type: "q8_0", FLOPs: flops, Bytes: weights * steps},
				{Class: "attention", Type: "f16", FLOPs: 2 * live, Bytes: live, LiveFLOPs: &live, RowBytes: &row},
			}}},
		Measured: &results.Measured{SamplesNS: []int64{int64(s * 1e9)}},
	}
}

// assay runs the program and returns its streams and exit status.
func assay(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	t.Setenv("ASSAY_HOME", t.TempDir())
	var out, errs bytes.Buffer
	status = dispatch(context.Background(), args, line.Streams{In: &bytes.Buffer{}, Out: &out, Err: &errs})
	return out.String(), errs.String(), status
}

func TestFitCommand(t *testing.T) {
	file := runFile(t, 5)
	out, errs, status := assay(t, "fit", file, "--validate")
	require.Equal(t, line.StatusDone, status, errs)
	assert.Contains(t, strings.ReplaceAll(out, "\n", " "), "30 cases on lab (Apple M2), 2 threads, 0 GPU layers, llama.cpp v0.5.0")
	assert.Regexp(t, `multiply q8_0 +(99|10[01])(\.\d)? GFLOP/s`, out)
	assert.Contains(t, out, "leave one model out:")
	assert.Contains(t, out, "Median absolute error of a model that was left out: decode 0.0 % of 15 cases")
	for line := range strings.Lines(out) { // no line breaks of the terminal's own
		assert.LessOrEqual(t, utf8.RuneCountInString(strings.TrimRight(line, " \n")), 80, line)
	}

	out, errs, status = assay(t, "fit", file, "--markdown", "--no-store")
	require.Equal(t, line.StatusDone, status, errs)
	assert.Equal(t, 2+30, strings.Count(out, "\n| ")+1, "a header, a rule and the cases: %s", out)
	assert.Contains(t, out, "| model-0 q8_0 pp16 | ")

	// Of four models, three are left, whose residuals are too few for an interval.
	_, errs, status = assay(t, "fit", runFile(t, 4), "--validate")
	assert.Equal(t, line.StatusUsage, status)
	assert.Contains(t, errs, "no case can be predicted when its model is left out; model-0 q8_0 pp16: the fit of the other models has 18 "+
		"held-out residuals and an interval needs 19")

	out, _, status = assay(t, "fit", file, "--json", "--no-store")
	require.Equal(t, line.StatusDone, status)
	var fit struct {
		roofline.Fit
		Furthest []roofline.Explanation `json:"furthest"`
	}
	require.NoError(t, json.Unmarshal([]byte(out), &fit))
	assert.Contains(t, out, `"furthest": []`, "no case is off")
	assert.Equal(t, 30, fit.Observations)
	assert.Equal(t, []string{"20261121-030000-abcdef"}, fit.Runs)
}

func TestFitCommandRefuses(t *testing.T) {
	two, empty := runFile(t, 2), filepath.Join(t.TempDir(), "empty.jsonl")
	require.NoError(t, os.WriteFile(empty, nil, 0o644))
	tests := map[string]struct {
		args []string
		want string
	}{
		"too few models":   {[]string{"fit", two}, "all observations are of model-0 and model-1"},
		"no such run":      {[]string{"fit", "nonsense"}, "nonsense"},
		"empty file":       {[]string{"fit", empty}, "holds no record"},
		"bad flags":        {[]string{"fit", "--furthest", "-1"}, "--furthest -1 cannot be negative"},
		"two outputs":      {[]string{"fit", two, "--json", "--validate"}, "leave out --validate"},
		"unknown fit":      {[]string{"predict", "preset:smollm2-135m", "--fit", "nonsense"}, `no fit "nonsense" in the store`},
		"fit and chip":     {[]string{"predict", "preset:smollm2-135m", "--fit", "x", "--chip", "M1"}, "choose one"},
		"bad size":         {[]string{"predict", "preset:smollm2-135m", "--chip", "M4Pro-16", "--memory", "lots"}, "a size is a number above 0"},
		"cases of a suite": {[]string{"run", "-p", "512"}, "-p shapes the cases of -m MODEL"},
		"calibrate a file": {[]string{"run", "--calibrate", "suite.yaml"}, "--calibrate chooses the cases itself"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			out, errs, status := assay(t, tt.args...)
			assert.Equal(t, line.StatusUsage, status)
			assert.Contains(t, errs, tt.want)
			assert.Empty(t, out)
		})
	}
}

func TestPredictByFitAndChip(t *testing.T) {
	file, saved := runFile(t, 4), filepath.Join(t.TempDir(), "fit.json")
	_, errs, status := assay(t, "fit", file, "--no-store", "--out", saved)
	require.Equal(t, line.StatusDone, status, errs)
	out, errs, status := assay(t, "predict", "preset:smollm2-135m", "--weight-type", "q8_0", "--fit", saved, "--contexts",
		"256,8192", "--memory", "2GiB")
	require.Equal(t, line.StatusDone, status, errs)
	assert.Contains(t, out, "it misses a model that it has not seen by")
	unwrapped := strings.Join(strings.Fields(out), " ")
	assert.Contains(t, unwrapped, "largest context in 2.00 GiB (this machine (")
	assert.Contains(t, unwrapped, "given with --memory): 8192 tokens, which is the model's own limit; the memory has room for it")
	assert.Contains(t, out, "* longer than anything that was measured (1028): an extrapolation")

	out, errs, status = assay(t, "predict", "preset:smollm2-135m", "--weight-type", "q8_0", "--chip", "M5-10", "--contexts", "512")
	require.Equal(t, line.StatusDone, status, errs)
	assert.Contains(t, out, "none on this chip")

	out, errs, status = assay(t, "predict", "preset:qwen3-30b-a3b", "--runtime", "mlx", "--weight-type", "6bit", "--chip",
		"Mac Studio M3 Ultra 96GB",
		"-p", "1024", "-n", "64", "-d", "2048", "--contexts", "4096", "--memory", "72GiB")
	require.Equal(t, line.StatusDone, status, errs)
	assert.Regexp(t, `pp1024 @ d2048 +[0-9]+ +[0-9]+–[0-9]+ +compute`, out)
	assert.Regexp(t, `tg64 @ d2048 +[0-9.]+ +[0-9.]+–[0-9.]+ +(bandwidth|overhead)`, out)
}

func TestParseBytes(t *testing.T) {
	for text, want := range map[string]int64{"16GiB": 16 << 30, "16G": 16 << 30, "512 MiB": 512 << 20, "100B": 100, "1.5k": 1536, "7B": 7} {
		got, err := line.Bytes(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "36", "GiB", "-1G", "0", "x", "16XGiB", "16i", "16KM", "1e3", "inf", "nan", "9999999P"} {
		_, err := line.Bytes(text)
		assert.Error(t, err, text)
	}
}
