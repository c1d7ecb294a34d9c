package halves

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/results"
)

// What is decoded with layers shared is what encoding/json decodes.
func TestConstantHalvesAreDecodedWhole(t *testing.T) {
	bytes, layers := int64(7), []results.KVLayer{{Layer: 1, Class: "full", Cells: 256, KBytes: 8, VBytes: 9, Device: "CPU"}, {Layer: 2}}
	other := []results.KVLayer{{Layer: 1, Class: "window"}}
	known := Decoder{}
	for _, rec := range []results.Record{
		{},
		{Predicted: &results.Predicted{}, Measured: &results.Measured{}},
		{
			RunID: "r", Case: results.Case{Kind: results.KindKV, NCtx: 256}, Checks: []results.Check{{Name: "kv_bytes", OK: true}},
			Predicted: &results.Predicted{Rules: "exact", KVBytes: &bytes, KVLayers: layers, Cost: &results.Cost{Steps: 3}},
			Measured:  &results.Measured{KVBytes: &bytes, KVLayers: layers, FLOPsByOp: map[string]int64{"MUL_MAT": 5}, SamplesNS: []int64{1}},
		},
		{Predicted: &results.Predicted{KVLayers: layers}, Measured: &results.Measured{KVLayers: other}},
	} {
		text, err := json.Marshal(rec)
		require.NoError(t, err)
		var want results.Record
		require.NoError(t, json.Unmarshal(text, &want))
		got, err := known.Constant(text)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	assert.Len(t, known, 2, "each text once")
	for _, damaged := range []string{`{`, `{"predicted": {"kv_layers": 1}}`, `{"measured": {"kv_layers": ["x"]}}`} {
		_, err := known.Constant([]byte(damaged))
		assert.Error(t, err, damaged)
	}
}
