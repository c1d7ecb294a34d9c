package cost_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/cost"
	"assay/predict/kv"
)

// What moved between releases, by how much: seen in the graphs that the releases
// before and after a change evaluated.
func TestReleasesDiffer(t *testing.T) {
	one := kv.Params{NCtx: 1024, FlashAttn: true}
	two := kv.Params{NCtx: 1024, FlashAttn: true, NSeq: 2}
	w := cost.Work{Kind: cost.Prefill, NPrompt: 24}
	for _, tt := range []struct {
		name, preset string
		params       kv.Params
		// before and first are the last release without the change and the first with it.
		before, first string
		nodes         int64
		same          bool // in operations
	}{
		{"the sum of the experts' weights is clamped", "qwen3-30b-a3b", one, "b6673", "b6845", 48, true},
		{"the mask is made in half precision", "smollm2-135m", one, "b8390", "b9842", -1, true},
		{"outputs are picked late", "gpt-oss-20b", one, "b10068", "b10361", 0, false},
		{"and in the last layer again", "gpt-oss-20b", one, "v0.5.0", "b11739", 0, false},
		{"states are gathered in one piece", "mamba-codestral-7b", two, "v0.5.0", "b11739", 64, true},
		{"which one sequence does not see", "mamba-codestral-7b", one, "v0.5.0", "b11739", 0, true},
		{"the last layer is joined behind the pick", "nemotron-h-8b", one, "v0.5.0", "b11739", 1, true},
		{"nothing", "smollm2-135m", two, "v0.5.0", "b11739", 0, true},
		{"versions are later than builds of the same month", "gpt-oss-20b", one, "b11739", "v0.7.0", 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			at := func(release string) cost.Cost {
				p := tt.params
				p.Release = release
				return predict(t, preset(t, tt.preset), p, w)
			}
			before, first := at(tt.before), at(tt.first)
			require.NotNil(t, before.Nodes)
			if tt.same {
				assert.Equal(t, before.FLOPs(), first.FLOPs())
				assert.Equal(t, tt.nodes, *first.Nodes-*before.Nodes)
			} else {
				assert.NotEqual(t, before.FLOPs(), first.FLOPs())
			}
		})
	}
}

// A rule that is not known for a release is absent there, and not the next one's.
func TestUnfusedDeltaRuleIsNotPredicted(t *testing.T) {
	w := cost.Work{Kind: cost.Prefill, NPrompt: 24}
	p := kv.Params{NCtx: 1024, FlashAttn: true, Release: "b8179"}
	_, err := cost.LlamaCpp(preset(t, "qwen3-next-80b-a3b"), p, w)
	require.ErrorIs(t, err, cost.ErrNoRule)
	p.Release = "b8352"
	_, err = cost.LlamaCpp(preset(t, "qwen3-next-80b-a3b"), p, w)
	require.NoError(t, err)
}
