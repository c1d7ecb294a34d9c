package llama

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"assay/native/llama/printed"
)

// always are the members that a context asks for whatever is wished.
var always = []string{
	"n_ctx", "n_batch", "n_ubatch", "n_seq_max", "n_threads", "n_threads_batch", "type_k", "type_v",
	"flash_attn_type", "swa_full", "kv_unified", "offload_kqv", "op_offload", "cb_eval", "cb_eval_user_data",
}

// A release whose struct lacks a member that was asked for must refuse: with
// the library's default in its place the record would tell of another setting.
func TestContextRefusesWhatTheReleaseLacks(t *testing.T) {
	asked := ContextParams{
		NCtx: 512, NBatch: 64, NUbatch: 64, NSeqMax: 2, NThreads: 1,
		TypeK: "q8_0", TypeV: "f16", FlashAttn: On, SWAFull: true, KVUnified: true,
	}
	for _, whole := range contextLayouts {
		t.Run(whole.name, func(t *testing.T) {
			lib := &Library{version: "b1", contextLayout: whole}
			_, err := lib.contextParams(asked, 1)
			require.NoError(t, err, "the control")
			for _, name := range always {
				lib.contextLayout = without(whole, name)
				_, err := lib.contextParams(asked, 1)
				var lacking *UnsupportedError
				require.ErrorAs(t, err, &lacking, name)
				require.Equal(t, UnsupportedError{Feature: name, Version: "b1", Since: "b6431"}, *lacking)
				require.EqualError(t, err, "llama.cpp b1 has no "+name+"; install b6431 or later")
			}
			lib.contextLayout = without(whole, "type_k")
			_, err = lib.contextParams(ContextParams{}, 0)
			require.NoError(t, err, "the type was not asked for")
		})
	}
}

func without(l layout, name string) layout {
	l.fields = slices.DeleteFunc(slices.Clone(l.fields), func(f field) bool { return f.name == name })
	return l
}

func TestModelRefusesWhatTheReleaseLacks(t *testing.T) {
	lib := &Library{version: "b6673", modelLayout: modelLayouts[0]}
	_, err := lib.modelParams(ModelParams{NoAlloc: true}, new(spread))
	require.EqualError(t, err, "llama.cpp b6673 has no no_alloc; install b7698 or later")
	zero := 0
	for _, l := range modelLayouts {
		lib.modelLayout = without(l, "n_gpu_layers")
		_, err = lib.modelParams(ModelParams{NGPULayers: &zero}, new(spread))
		require.ErrorContains(t, err, "has no n_gpu_layers")
		_, err = lib.modelParams(ModelParams{Mmap: Off}, new(spread))
		require.NoError(t, err, "as use_mmap or as load_mode")
		lib.modelLayout = without(without(l, "use_mmap"), "load_mode")
		_, err = lib.modelParams(ModelParams{Mmap: Off}, new(spread))
		require.ErrorContains(t, err, "has no use_mmap")
	}
	whole := modelLayouts[len(modelLayouts)-1]
	to := &spread{devices: []uintptr{0}, overrides: []bufferOverride{{}}, shares: new([mostSplit]float32), mode: "none", mainGPU: 1}
	for _, name := range []string{"split_mode", "main_gpu", "devices", "tensor_split", "tensor_buft_overrides", "no_host"} {
		lib.modelLayout = without(whole, name)
		_, err = lib.modelParams(ModelParams{NoHost: true}, to)
		require.ErrorContains(t, err, "has no "+name)
		_, err = lib.modelParams(ModelParams{}, new(spread))
		require.NoError(t, err, "%s was not asked for", name)
	}
}

// What the library printed of a setting must be what was passed.
func TestReportFindsASettingThatWasNotHonoured(t *testing.T) {
	said := printed.Report{
		Settings: map[string]string{"kv_unified": "true"},
		Caches:   []printed.CacheReport{{TypeK: "q8_0", TypeV: "f16"}},
	}
	tests := []struct {
		name   string
		report printed.Report
		asked  ContextParams
		want   string
	}{
		{"all as asked", said, ContextParams{KVUnified: true, TypeK: "q8_0", TypeV: "f16"}, ""},
		{"types left to the library", said, ContextParams{KVUnified: true}, ""},
		{"nothing printed", printed.Report{}, ContextParams{TypeK: "f32"}, ""},
		{"another cache", said, ContextParams{}, "passing kv_unified false to llama.cpp v9, which set true, failed"},
		{"another K", said, ContextParams{KVUnified: true, TypeK: "f16"}, "passing type_k f16 to llama.cpp v9, which set q8_0, failed"},
		{"another V", said, ContextParams{KVUnified: true, TypeV: "q8_0"}, "passing type_v q8_0 to llama.cpp v9, which set f16, failed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := test.asked.honouredIn(test.report, "v9")
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, test.want)
		})
	}
}
