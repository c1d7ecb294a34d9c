package mlx

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/predict/arch"
	"assay/results"
)

// A case is marked where it meets a kernel that the release has wrong, and only there.
func TestKnownWrongKernels(t *testing.T) {
	heads := func(dim int64) arch.Facts {
		return arch.Facts{Layers: []arch.Layer{{Attention: &arch.Attention{Heads: 8, KVHeads: 2, KeyDim: dim, ValueDim: dim}}}}
	}
	gated := heads(128)
	gated.Layers[0].FeedForward = &arch.FeedForward{Experts: &arch.Experts{SharedGate: true}}
	packed := results.Case{KVBits: 4, KVGroupSize: 32, NDepth: 2000, NGen: 10}
	for _, c := range []struct {
		name, release, device, weights string
		facts                          arch.Facts
		kase                           results.Case
		met                            bool
	}{
		{"heads of 96 in groups of 32", "0.32.0", "gpu", "4bit", heads(96), packed, true},
		{"mended", "0.32.1", "gpu", "4bit", heads(96), packed, false},
		{"heads of 128", "0.32.0", "gpu", "4bit", heads(128), packed, false},
		{"on the processor", "0.32.0", "cpu", "4bit", heads(96), packed, false},
		{"groups of 64", "0.32.0", "gpu", "4bit", heads(96), results.Case{KVBits: 4, KVGroupSize: 64, NDepth: 2000, NGen: 10}, false},
		{"few cells", "0.32.0", "gpu", "4bit", heads(96), results.Case{KVBits: 4, KVGroupSize: 32, NDepth: 500, NGen: 10}, false},
		{"a last chunk of three", "0.31.2", "gpu", "4bit", heads(128), results.Case{KVBits: 8, KVGroupSize: 64, NPrompt: 2048 + 4}, true},
		{"a last chunk of four", "0.31.2", "gpu", "4bit", heads(128), results.Case{KVBits: 8, KVGroupSize: 64, NPrompt: 2048 + 5}, false},
		{"nvfp4, a short prompt", "0.32.0", "gpu", "nvfp4", heads(128), results.Case{NPrompt: 33}, true},
		{"nvfp4, a long one", "0.32.0", "gpu", "nvfp4", heads(128), results.Case{NPrompt: 513}, false},
		{"a gate of one output in mxfp4", "0.31.2", "gpu", "mxfp4", gated, results.Case{NGen: 8}, true},
		{"the same in 4 bits", "0.31.2", "gpu", "4bit", gated, results.Case{NGen: 8}, false},
		{"a token of two sequences", "0.31.2", "gpu", "4bit", heads(128), results.Case{NGen: 8, NSeq: 2}, true},
		{"a token of one", "0.31.2", "gpu", "4bit", heads(128), results.Case{NGen: 8, NSeq: 1}, false},
		{"no library", "", "", "mxfp4", gated, results.Case{NGen: 8}, false},
	} {
		wrong := wrongFor(c.facts, c.weights, c.kase, results.Runtime{Version: c.release, Device: c.device})
		assert.Equal(t, c.met, len(wrong) > 0, "%s: %v", c.name, wrong)
	}
	assert.Len(t, wrongIn("0.31.2"), 7)
	assert.Len(t, wrongIn("0.32.0"), 3)
	assert.Empty(t, wrongIn("0.32.1"))
}
