package kv_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/predict/kv"
)

// A slot of mlxModel's layers takes 4096 bytes in bf16, 2176 with 8 bits.
func TestMLXTraffic(t *testing.T) {
	const slot, packed = 4096, 2176
	full, ring := mlxModel("qwen2", 0), mlxModel("gpt_oss", 400)
	for _, row := range []struct {
		name   string
		model  string
		params kv.MLXParams
		calls  []int
		want   kv.MLXTraffic
	}{
		{"the first block is zeros", "full", kv.MLXParams{}, []int{5},
			kv.MLXTraffic{Cells: 5, ReadBytes: 5 * slot, WriteBytes: (5 + 256) * slot}},
		{"room is left", "full", kv.MLXParams{}, []int{5, 1},
			kv.MLXTraffic{Cells: 6, ReadBytes: 6 * slot, WriteBytes: slot}},
		{"growing copies what is there", "full", kv.MLXParams{}, []int{250, 10},
			kv.MLXTraffic{Cells: 260, ReadBytes: 260 * slot, WriteBytes: (10 + 506) * slot, CopyBytes: 250 * slot}},
		{"packing copies all slots", "full", kv.MLXParams{KVBits: 8}, []int{5},
			kv.MLXTraffic{Cells: 5, ReadBytes: 5 * slot, WriteBytes: (5+256)*slot + 256*packed, CopyBytes: 256 * slot}},
		{"packed", "full", kv.MLXParams{KVBits: 8}, []int{5, 1},
			kv.MLXTraffic{Cells: 6, ReadBytes: 6 * packed, WriteBytes: packed, Type: "8bit", KeyRowBytes: 136}},
		{"a ring begins as the prompt", "ring", kv.MLXParams{}, []int{500},
			kv.MLXTraffic{Cells: 500, Window: 400, ReadBytes: 500 * slot, WriteBytes: 500 * slot}},
		{"a ring is cut to its window", "ring", kv.MLXParams{}, []int{500, 1},
			kv.MLXTraffic{Cells: 400, Window: 400, ReadBytes: 400 * slot, WriteBytes: 401 * slot, CopyBytes: 400 * slot}},
		{"a full ring writes in place", "ring", kv.MLXParams{}, []int{500, 1, 1},
			kv.MLXTraffic{Cells: 400, Window: 400, ReadBytes: 400 * slot, WriteBytes: slot}},
		{"a ring takes several in order", "ring", kv.MLXParams{}, []int{500, 10},
			kv.MLXTraffic{Cells: 409, Window: 400, ReadBytes: 409 * slot, WriteBytes: 409 * slot, CopyBytes: 399 * slot}},
		{"a ring that is filling", "ring", kv.MLXParams{}, []int{1, 1},
			kv.MLXTraffic{Cells: 2, Window: 400, ReadBytes: 2 * slot, WriteBytes: slot}},
	} {
		if row.want.Type == "" {
			row.want.Type, row.want.KeyRowBytes = "bf16", 256
		}
		f := full
		if row.model == "ring" {
			f = ring
		}
		c := walked(t, f, row.params, row.calls...)
		assert.Equal(t, []kv.MLXTraffic{row.want}, c.Traffic(), row.name)
	}
	assert.Equal(t, "4bit-g32", kv.MLXTypeName(4, 32))
}
