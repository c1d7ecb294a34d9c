package kv_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/arch"
	"assay/predict/kv"
)

// Layers and the head go to devices by their shares, as load_tensors deals them out.
func TestSpread(t *testing.T) {
	f := arch.Facts{Layers: make([]arch.Layer, 4)}
	two := []string{"A", "B"}
	for _, tc := range []struct {
		name string
		d    kv.Devices
		want []string // of four layers and the head
	}{
		{"no device", kv.Devices{OnGPU: 99}, []string{"CPU", "CPU", "CPU", "CPU", "CPU"}},
		{"one", kv.Devices{OnGPU: 99, GPUs: two[:1]}, []string{"A", "A", "A", "A", "A"}},
		{"the head", kv.Devices{OnGPU: 1, GPUs: two[:1]}, []string{"CPU", "CPU", "CPU", "CPU", "A"}},
		{"none of them", kv.Devices{OnGPU: 0, GPUs: two}, []string{"CPU", "CPU", "CPU", "CPU", "CPU"}},
		{"alike", kv.Devices{OnGPU: 99, GPUs: two, Free: []int64{5, 5}}, []string{"A", "A", "A", "B", "B"}},
		{"by what is free", kv.Devices{OnGPU: 99, GPUs: two, Free: []int64{1, 4}}, []string{"A", "B", "B", "B", "B"}},
		{"shares win", kv.Devices{OnGPU: 99, GPUs: two, Free: []int64{1, 4}, Shares: []float64{3, 1}}, []string{"A", "A", "A", "A", "B"}},
		{"all on the second", kv.Devices{OnGPU: 99, GPUs: two, Shares: []float64{0, 1}}, []string{"B", "B", "B", "B", "B"}},
		{"a share is left out", kv.Devices{OnGPU: 99, GPUs: two, Shares: []float64{2}}, []string{"A", "A", "A", "A", "A"}},
	} {
		tc.d.Host = "CPU"
		s, err := tc.d.Spread(f)
		require.NoError(t, err, tc.name)
		var got []string
		for i := range 5 {
			got = append(got, s.Layer(i))
		}
		assert.Equal(t, tc.want, got, tc.name)
	}
	_, err := kv.Devices{GPUs: two, OnGPU: 99}.Spread(f)
	assert.ErrorIs(t, err, kv.ErrUnplaced, "what they have free is not known")
}

// A tensor lies where its name says, or else its type, or else its layer.
func TestSpreadOfTensors(t *testing.T) {
	d := kv.Devices{Host: "CPU", OnGPU: 99, GPUs: []string{"A"},
		Overrides: []kv.Override{{Pattern: regexp.MustCompile("exps"), Device: "CPU"}, {Pattern: regexp.MustCompile(`blk\.1\.`), Device: "B"}},
		OnHost:    func(w kv.Weight) bool { return w.Type == "nvfp4" || w.Tried > 1<<27 }}
	s, err := d.Spread(arch.Facts{Layers: make([]arch.Layer, 2)})
	require.NoError(t, err)
	assert.Equal(t, "CPU", s.Tensor(1, kv.Weight{Name: "blk.1.ffn_up_exps.weight", Type: "f16"}), "the first that matches")
	assert.Equal(t, "B", s.Tensor(1, kv.Weight{Name: "blk.1.attn_q.weight", Type: "nvfp4"}))
	assert.Equal(t, "CPU", s.Tensor(0, kv.Weight{Name: "blk.0.attn_q.weight", Type: "nvfp4"}))
	assert.Equal(t, "A", s.Tensor(0, kv.Weight{Name: "blk.0.attn_q.weight", Type: "f16"}))
	assert.Equal(t, "CPU", s.Tensor(0, kv.Weight{Name: "blk.0.attn_q.weight", Type: "f16", Tried: 1<<27 + 1}), "larger than the device takes")
}
