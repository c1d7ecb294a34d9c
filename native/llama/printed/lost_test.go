package printed_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"assay/native/llama/printed"
)

func TestStepFailed(t *testing.T) {
	require.NoError(t, printed.StepFailed(linesOf("llama_decode: all is well\n")))
	lines := []printed.Line{
		{Level: printed.LevelInfo, Text: "graph: nodes = 300"},
		{Level: printed.LevelError, Text: "ggml_metal_synchronize: error: command buffer 0 failed with status 5"},
		{Level: printed.LevelError, Text: "error: Insufficient Memory (00000008:kIOGPUCommandBufferCallbackErrorOutOfMemory)"},
	}
	err := printed.StepFailed(lines)
	var lost *printed.StepError
	require.ErrorAs(t, err, &lost)
	require.Equal(t, "a step was lost on the device, whose results and time are worthless: "+
		"ggml_metal_synchronize: error: command buffer 0 failed with status 5; "+
		"error: Insufficient Memory (00000008:kIOGPUCommandBufferCallbackErrorOutOfMemory)", err.Error())
}

func TestCompiled(t *testing.T) {
	require.Zero(t, printed.Compiled(linesOf("ggml_metal_library_init: loaded in 0.007 sec\n")))
	require.Equal(t, 2, printed.Compiled(linesOf(
		"ggml_metal_library_compile_pipeline: compiling pipeline: base = 'kernel_mul_mm_bf16_f32', name = 'kernel_mul_mm_bf16_f32_bci=0_bco=1'\n"+
			"ggml_metal_library_compile_pipeline: failed to compile pipeline: base = 'kernel_mul_mm_bf16_f32'\n"+
			"ggml_metal_library_compile_pipeline: compiling pipeline: base = 'kernel_rope_norm_f32', name = 'kernel_rope_norm_f32'\n")))
}
