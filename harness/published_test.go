package harness_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/libs"
	"assay/harness/llamacpp"
	"assay/harness/record"
	"assay/harness/suite"
	"assay/harness/worker"
	"assay/harness/worker/workertest"
	"assay/results"
)

// publishedCases are settings around and beyond a window of 512, in both kinds of
// work; what is not listed is the default. Depths lie around the cells' padding
// (256), the window (512), and behind it. Those of long take minutes of a processor.
var publishedCases = []struct {
	name     string
	settings suite.Lists
	long     bool
}{
	{"prefill", suite.Lists{"n_prompt": {16}, "n_depth": {0, 500}}, false},
	{"prefill at every edge", suite.Lists{"n_prompt": {16}, "n_depth": {255, 256, 496, 511, 512, 513, 768, 1024, 1025}}, true},
	{"decode", suite.Lists{"n_gen": {4}, "n_depth": {0, 255, 509, 513}}, false},
	{"decode at every edge", suite.Lists{"n_gen": {4}, "n_depth": {256, 500, 508, 511, 512, 768, 1023, 1024, 1025}}, true},
	{"two sequences", suite.Lists{"n_gen": {4}, "n_depth": {509}, "n_seq": {2}, "kv_unified": {false}}, false},
	{"two in one cache", suite.Lists{"n_gen": {4}, "n_depth": {254}, "n_seq": {2}, "kv_unified": {true}}, false},
	{"two beyond the window", suite.Lists{"n_prompt": {16}, "n_depth": {512, 700}, "n_seq": {2}, "kv_unified": {false, true}}, true},
	{"two in 2048", suite.Lists{"n_gen": {4}, "n_depth": {400, 512}, "n_seq": {2}, "n_ctx": {2048}, "kv_unified": {false, true}}, true},
	{"whole cache", suite.Lists{"n_gen": {4}, "n_depth": {512}, "swa_full": {true}}, false},
	{"micro-batch", suite.Lists{"n_gen": {4}, "n_depth": {512}, "n_ubatch": {128}}, true},
	{"q8_0", suite.Lists{"n_gen": {4}, "n_depth": {512}, "type_k": {"q8_0"}, "type_v": {"q8_0"}}, false},
	{"mixed types", suite.Lists{"n_prompt": {16}, "n_depth": {20}, "type_k": {"q8_0", "q4_0", "f16"}, "type_v": {"f16", "f32"}}, false},
	{"f32", suite.Lists{"n_prompt": {16}, "n_depth": {250}, "type_k": {"f32"}, "type_v": {"f32"}, "flash_attn": {"auto", "off"}}, false},
	{"f32 beyond the window", suite.Lists{"n_gen": {4}, "n_depth": {600}, "type_k": {"f32"}, "type_v": {"f32"}, "swa_full": {false, true}},
		true},
	{"context of 4096", suite.Lists{"n_prompt": {16}, "n_ctx": {4096}, "n_seq": {1, 2}, "kv_unified": {false, true}}, false},
}

// TestPublishedModels runs the two real models over those settings: all that is
// predicted of a file must be what the library does with it.
func TestPublishedModels(t *testing.T) {
	workertest.NeedLlama(t)
	in, err := libs.New(t.Output())
	require.NoError(t, err)
	for _, p := range libs.PublishedModels() {
		t.Run(p.Name, func(t *testing.T) {
			path := in.PublishedFile(p)
			if _, err := os.Stat(path); err != nil {
				if os.Getenv("CI") != "" {
					t.Fatalf("the model is needed: assay libs install --models gets it: %v", err)
				}
				t.Skip("needs a published model: assay libs install --models gets it")
			}
			for _, c := range publishedCases {
				if c.long && os.Getenv("ASSAY_ALL") == "" {
					continue
				}
				t.Run(c.name, func(t *testing.T) {
					t.Parallel() // each case in a worker with one thread
					runPublished(t, path, c.settings)
				})
			}
		})
	}
}

// runPublished observes the cases of one group, without the clock.
func runPublished(t *testing.T, path string, settings suite.Lists) {
	t.Helper()
	settings["n_threads"] = []any{1}
	kind := results.KindPrefill
	if settings["n_gen"] != nil {
		kind = results.KindDecode
	}
	s := suite.Suite{Groups: []suite.CaseGroup{{Models: []string{path}, Kinds: []results.Kind{kind}, Settings: settings}}}
	items, err := suite.Expand(t.Context(), s.WithDefaults(), []string{llamacpp.Name})
	require.NoError(t, err)
	self, err := worker.Self()
	require.NoError(t, err)
	for _, it := range items {
		require.NoError(t, it.Load(t.Context()))
		w := worker.Spawner{Command: self, Timeout: 5 * time.Minute}
		out, err := w.Run(t.Context(), worker.Request{Task: worker.Measure, Runtime: it.Runtime, Path: path, Case: it.Case, Observe: true},
			func(worker.Message) {})
		require.NoError(t, err, logOf(err))
		rec := results.Record{Runtime: out.Runtime, Case: it.Case, Measured: out.Measured, Checks: out.Checks}
		record.Predict(&rec, it)
		require.NotNil(t, rec.Residual, "not predicted: %s", rec.NotPredicted)
		for _, check := range rec.Checks {
			assert.True(t, check.OK, "%s: %s: %s", rec.Key(), check.Name, check.Detail)
		}
		assert.Greater(t, len(rec.Checks), 8, "%s: a check that was never made would prove nothing", rec.Key())
	}
}
