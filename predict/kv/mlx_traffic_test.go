package kv_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/predict/arch"
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
		row.want.Class = kv.Full
		if row.model == "ring" {
			f, row.want.Class = ring, kv.Sliding
		}
		c := walked(t, f, row.params, row.calls...)
		assert.Equal(t, []kv.MLXTraffic{row.want}, c.Traffic(), row.name)
	}
	assert.Equal(t, "4bit-g32", kv.MLXTypeName(4, 32))
}

// A layer that is no plain or rotating cache: what it reads and writes.
func TestMLXTrafficOfOtherCaches(t *testing.T) {
	const slot = 4096
	shared := mlxModel("gemma3n", 400, 400)
	shared.Layers[1].Attention.SharedFrom = new(int)
	chunked := mlxModel("llama4", 512)
	chunked.Layers[0].Attention.Chunked = true
	state := arch.Facts{ModelType: "mamba2", Layers: []arch.Layer{{Recurrent: &arch.Recurrent{
		Kind: "mamba2", ConvKernel: 4, Inner: 100, State: 10, Groups: 1,
	}}}}
	const stateBytes = 3*120*2 + 1000*4
	for _, row := range []struct {
		name                string
		facts               arch.Facts
		calls               []int
		cells, read, writes int64
	}{
		{"a shared layer reads as its owner", shared, []int{500, 1}, 400, 400 * slot, 0},
		{"a cut is copied", chunked, []int{700, 1}, 513, 513 * slot, (768 + 1) * slot},
		{"a chunk below its size is plain", chunked, []int{500, 1}, 501, 501 * slot, slot},
		{"a state is made", state, []int{500}, 0, 0, stateBytes},
		{"a state is read and written", state, []int{500, 20}, 1, stateBytes, stateBytes},
	} {
		traffic := walked(t, row.facts, kv.MLXParams{}, row.calls...).Traffic()
		last := traffic[len(traffic)-1]
		assert.Equal(t, []int64{row.cells, row.read, row.writes}, []int64{last.Cells, last.ReadBytes, last.WriteBytes}, row.name)
		assert.Equal(t, len(row.facts.Layers)-1, last.Layer, row.name)
	}
}
