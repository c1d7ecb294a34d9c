package record

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/results"
)

// A prediction that is wrong on purpose is refuted: the checks can fail.
func TestChecksCanFail(t *testing.T) {
	kv, flops, weights := int64(100), int64(1000), int64(10)
	p := &results.Predicted{KVBytes: &kv, FLOPs: &flops, WeightBytes: &weights,
		KVLayers: []results.KVLayer{{Layer: 0, Class: "full", Cells: 256, KBytes: 50, VBytes: 50}}}
	clean := &results.Measured{KVBytes: new(kv), FLOPs: new(flops), WeightBytes: new(weights),
		KVLayers: []results.KVLayer{{Layer: 0, Class: "attention", Cells: 256, KBytes: 50, VBytes: 50}}}
	for _, c := range compare(p, clean) {
		assert.True(t, c.OK, c.Name)
	}
	off := &results.Measured{KVBytes: new(kv + 1), FLOPs: new(flops - 1), WeightBytes: new(weights + 1),
		KVLayers: []results.KVLayer{{Layer: 0, Class: "attention", Cells: 255, KBytes: 50, VBytes: 50}}}
	checks := compare(p, off)
	require.Len(t, checks, 4)
	for _, c := range checks {
		assert.False(t, c.OK, c.Name)
		assert.NotEmpty(t, c.Detail)
	}
}
