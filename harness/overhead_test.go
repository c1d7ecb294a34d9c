package harness_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/harness/llamacpp"
	"assay/harness/skeleton"
	"assay/harness/worker"
	"assay/native/llama"
	"assay/predict/source"
	"assay/results"
	"assay/results/stat"
)

// BenchmarkOverhead sets assay's timed pass beside a bare C loop over the same
// library and model, in pairs of fresh processes, alternating which goes first,
// and reports the median of the pairs' ratios of medians, in per cent above the
// bare loop:
//
//	go test ./harness -run '^$' -bench Overhead -benchtime 20x
//
// Each iteration is one pair. Run it on an idle machine; it needs a C compiler.
func BenchmarkOverhead(b *testing.B) {
	path, err := llama.Find()
	if err != nil {
		b.Skipf("needs llama.cpp: %v", err)
	}
	suffix := strings.TrimPrefix(filepath.Base(path), "libllama")
	if _, err := os.Stat(filepath.Join(filepath.Dir(path), "libggml-base.so")); err != nil || suffix != ".v0.5.0.so" {
		b.Skipf("the bare loop is written for the layout of v0.5.0 on Linux, not for %s", path)
	}
	bare := filepath.Join(b.TempDir(), "bareloop")
	out, err := exec.Command("cc", "-O2", "-o", bare, "testdata/bareloop.c", "-ldl").CombinedOutput()
	require.NoError(b, err, string(out))
	f, err := source.Load(b.Context(), "preset:smollm2-135m", source.Options{})
	require.NoError(b, err)
	model, err := skeleton.GGUF(b.Context(), skeletons, f, "q8_0")
	require.NoError(b, err)
	for _, tc := range []results.Case{
		{Kind: results.KindDecode, NGen: 32, NCtx: 32},
		{Kind: results.KindPrefill, NPrompt: 128, NCtx: 128},
	} {
		tc.NBatch, tc.NUbatch, tc.NSeq, tc.NThreads, tc.TypeK, tc.TypeV, tc.FlashAttn = 2048, 512, 1, 2, "f16", "f16", "auto"
		tc.SWAFull, tc.NGPULayers = true, 99
		b.Run(tc.Test(), func(b *testing.B) {
			var ratios []float64
			for i := range b.N {
				sides := []func() float64{
					func() float64 { return ours(b, model, tc) },
					func() float64 { return bareLoop(b, bare, path, suffix, model, tc) },
				}
				var took [2]float64
				for _, side := range []int{i % 2, 1 - i%2} {
					took[side] = sides[side]()
				}
				ratios = append(ratios, 100*(took[0]/took[1]-1))
			}
			slices.Sort(ratios)
			b.ReportMetric(ratios[len(ratios)/2], "%overhead")
			b.ReportMetric(0, "ns/op")
		})
	}
}

const overheadReps = 5

// ours is the median duration of assay's repetitions, in a worker.
func ours(b *testing.B, model string, c results.Case) float64 {
	self, err := worker.Self()
	require.NoError(b, err)
	w := worker.Spawner{Command: self, Timeout: time.Minute}
	out, err := w.Run(b.Context(), worker.Request{Task: worker.Measure, Runtime: llamacpp.Name, Path: model, Case: c, Samples: overheadReps},
		func(worker.Message) {})
	require.NoError(b, err)
	return stat.Median(out.Measured.SamplesNS) / 1e9
}

// bareLoop is the median duration of the C loop's repetitions.
func bareLoop(b *testing.B, bare, lib, suffix, model string, c results.Case) float64 {
	out, err := exec.Command(bare, filepath.Dir(lib), suffix, model,
		fmt.Sprint(c.NThreads), fmt.Sprint(c.NPrompt), fmt.Sprint(c.NGen), fmt.Sprint(overheadReps)).Output()
	require.NoError(b, err)
	var samples []int64
	for word := range strings.FieldsSeq(string(out)) {
		ns, err := strconv.ParseInt(word, 10, 64)
		require.NoError(b, err)
		samples = append(samples, ns)
	}
	require.Len(b, samples, overheadReps)
	return stat.Median(samples) / 1e9
}
