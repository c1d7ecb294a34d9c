package harness_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/llamacpp"
	"assay/harness/record"
	"assay/harness/skeleton"
	"assay/harness/subject"
	"assay/harness/worker"
	"assay/harness/worker/workertest"
	"assay/native/llama"
	"assay/predict/arch"
	family "assay/predict/family/llamacpp"
	"assay/predict/kv"
	"assay/predict/source"
	"assay/results"
)

// familyPresets are one real model for each kind of cache and each llama.cpp
// family that is known.
var familyPresets = []string{
	"smollm2-135m", "mistral-7b", "mixtral-8x7b", "qwen2.5-0.5b", "qwen1.5-moe-a2.7b", "qwen3-8b", "qwen3-30b-a3b",
	"qwen3-next-80b-a3b", "gemma-2b", "gemma-2-9b", "gemma-3-12b", "gemma-3n-e4b", "phi-3-mini-4k", "gpt-oss-20b",
	"command-r7b", "llama-4-scout", "deepseek-v2-lite", "deepseek-v3", "falcon-h1-7b", "granite-4.0-h-tiny",
	"granite-4.0-h-1b", "nemotron-h-8b", "lfm2-1.2b", "mamba-codestral-7b", "olmo-2-7b", "granite-3.1-8b", "smollm3-3b",
}

// newerPresets are of families whose caches are of those kinds: unless ASSAY_ALL is
// set they take the variant that comes first.
var newerPresets = []string{
	"qwen3.5-9b", "qwen3.5-35b-a3b", "gemma-4-e2b", "gemma-4-26b-a4b", "glm-4.5-air", "glm-4.7-flash", "minimax-m2", "nemotron-3-nano",
	"ministral-3-8b", "lfm2-8b-a1b", "deepseek-v3.2",
}

// loadedSince are the first releases that load a family's skeleton, where not all
// do: that know the family and its tensors, and (mamba2) take a hidden size other
// than half the inner one.
var loadedSince = map[string]string{"qwen3-next-80b-a3b": "b8121", "nemotron-h-8b": "b6845", "mamba-codestral-7b": "b9842"}

// familyCase is the case that all variants start from.
func familyCase(f arch.Facts) results.Case {
	c := results.Case{Kind: results.KindKV, NCtx: 1024, NPrompt: 24, NGen: 2, NBatch: 512, NUbatch: 128, NSeq: 1,
		TypeK: "f16", TypeV: "f16", FlashAttn: "auto", NThreads: 1}
	for _, l := range f.Layers {
		// A window shows when the context is longer than it, padding included.
		if a := l.Attention; a != nil && a.Window > 0 {
			c.NCtx = int(a.Window) + 1024
		}
	}
	return c
}

// familyVariants change one parameter each. A large skeleton, every byte of
// which each variant reads, takes only the first ones.
var familyVariants = []struct {
	name   string
	change func(*results.Case)
	small  bool
}{
	{"as in llama-bench", func(*results.Case) {}, false},
	{"two sequences", func(c *results.Case) { c.NSeq = 2 }, false},
	{"two unified", func(c *results.Case) { c.NSeq, c.KVUnified = 2, true }, true},
	{"swa_full", func(c *results.Case) { c.SWAFull = true }, true},
	{"q8_0", func(c *results.Case) { c.TypeK, c.TypeV = "q8_0", "q8_0" }, true},
	{"f32", func(c *results.Case) { c.TypeK, c.TypeV = "f32", "f32" }, true},
	{"graphs without outputs", func(c *results.Case) { c.NBatch, c.NUbatch = 16, 7 }, true},
	{"no flash attention", func(c *results.Case) { c.FlashAttn = "off" }, true},
}

// largeSkeleton is where a skeleton counts as large.
const largeSkeleton = 200 << 20

// familyWeights is a type without AMX kernels: v0.5.0's crash on products of
// three dimensions, which lfm2 and qwen3next have with several sequences
// (ggml_backend_amx_mul_mat of libggml-cpu-sapphirerapids.so).
const familyWeights = "q5_0"

// TestFamilies: for every family that the library loads, the cache and the
// recurrent state are predicted to the byte and layer, and the work to the
// operation. The skeletons hold zeros, as sizes do not depend on weights.
func TestFamilies(t *testing.T) {
	workertest.NeedLlama(t)
	self, err := worker.Self()
	require.NoError(t, err)
	s := worker.Spawner{Command: self, Timeout: 5 * time.Minute}
	require.NoError(t, os.MkdirAll(skeletons, 0o755))
	path, err := llama.Find()
	require.NoError(t, err)
	release := filepath.Base(filepath.Dir(path)) // as assay's cache has it
	for i, name := range slices.Concat(familyPresets, newerPresets) {
		t.Run(name, func(t *testing.T) {
			if since := loadedSince[name]; since != "" && kv.Older(release, since) {
				t.Skipf("llama.cpp %s does not load its skeleton; %s does", release, since)
			}
			f, err := source.Load(t.Context(), "preset:"+name, source.Options{})
			require.NoError(t, err)
			run := family.KVFaithful(f)
			path := filepath.Join(skeletons, skeleton.Name(run, familyWeights)+"-zeros.gguf")
			require.NoError(t, skeleton.WriteGGUF(t.Context(), path, run, family.TypePlan{Matrices: familyWeights}, nil))
			defer os.Remove(path)
			info, err := os.Stat(path)
			require.NoError(t, err)
			variants := familyVariants
			if i >= len(familyPresets) && os.Getenv("ASSAY_ALL") == "" {
				variants = variants[:1]
			}
			for k, v := range variants {
				if k > 1 && (i+k)%2 != 0 && os.Getenv("ASSAY_ALL") == "" {
					continue // the next family takes it: half of the minutes
				}
				c := familyCase(f)
				v.change(&c)
				if v.small && info.Size() > largeSkeleton || c.SWAFull && !windowed(f) {
					continue
				}
				if v.small && !c.SWAFull && c.NCtx > 4096 {
					c.NCtx = 1024 // a long window's rules show in the first variants
				}
				t.Log(runFamily(t, s, f, run, path, v.name, c))
			}
		})
	}
}

func runFamily(t *testing.T, s worker.Spawner, f, run arch.Facts, path, variant string, c results.Case) string {
	t.Helper()
	req := worker.Request{Task: worker.Measure, Runtime: llamacpp.Name, Path: path, Case: c, Observe: true}
	out, err := s.Run(t.Context(), req, func(worker.Message) {})
	if !assert.NoError(t, err, "%s: %s", variant, logOf(err)) {
		return variant + ": failed"
	}
	rec := results.Record{Runtime: out.Runtime, Case: c, Measured: out.Measured, Checks: out.Checks}
	record.Predict(&rec, subject.Item{Runtime: llamacpp.Name, WeightType: familyWeights, Case: c, Facts: f, Run: run})
	require.NotNil(t, rec.Residual, "%s: nothing was predicted", variant)
	checks := rec.Checks
	for _, check := range checks {
		assert.True(t, check.OK, "%s: %s: %s", variant, check.Name, check.Detail)
	}
	return fmt.Sprintf("%-20s %12d bytes of cache, %14d operations, %d checks",
		variant, *out.Measured.KVBytes, *out.Measured.FLOPs, len(checks))
}

// logOf is what a library said before it ended a worker.
func logOf(err error) string {
	var failed *worker.Error
	if errors.As(err, &failed) {
		return strings.Join(failed.Log, "\n")
	}
	return ""
}

// windowed reports whether any layer keeps a window only.
func windowed(f arch.Facts) bool {
	return slices.ContainsFunc(f.Layers, func(l arch.Layer) bool { return l.Attention != nil && l.Attention.Window > 0 })
}
