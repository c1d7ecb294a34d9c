package printed_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"assay/native/llama/printed"
)

// linesOf makes the library's lines of a text.
func linesOf(text string) []printed.Line {
	var lines []printed.Line
	for line := range strings.Lines(text) {
		lines = append(lines, printed.Line{Level: printed.LevelInfo, Text: strings.TrimSuffix(line, "\n")})
	}
	return lines
}

// What ggml_metal_device_init printed on an M5 Max (ggml 0.12.0), on an M4 Max and
// in a virtual machine, in public logs of 2025 and 2026.
const (
	metalM5Max = `ggml_metal_device_init: testing tensor API for bfloat support
ggml_metal_device_init: GPU name:   MTL0 (Apple M5 Max)
ggml_metal_device_init: GPU family: MTLGPUFamilyMetal4  (5002)
ggml_metal_device_init: simdgroup reduction   = true
ggml_metal_device_init: simdgroup matrix mul. = true
ggml_metal_device_init: has unified memory    = true
ggml_metal_device_init: has bfloat            = true
ggml_metal_device_init: has tensor            = true
ggml_metal_device_init: use shared buffers    = true
ggml_metal_device_init: recommendedMaxWorkingSetSize  = 115448.73 MB
`
	metalM4Max = `ggml_metal_device_init: tensor API disabled for pre-M5 and pre-A19 devices
ggml_metal_device_init: simdgroup reduction   = true
ggml_metal_device_init: simdgroup matrix mul. = true
ggml_metal_device_init: has bfloat            = true
ggml_metal_device_init: has tensor            = false
`
	metalVirtual = `ggml_metal_device_init: simdgroup reduction   = false
ggml_metal_device_init: simdgroup matrix mul. = false
ggml_metal_device_init: has bfloat            = false
ggml_metal_device_init: has tensor            = false
`
)

func TestParseKernels(t *testing.T) {
	yes, no := true, false
	tests := []struct {
		name, text string
		want       printed.Kernels
	}{
		{"M5 Max", metalM5Max, printed.Kernels{BFloat: &yes, Tensor: &yes, Reduction: &yes, Matrix: &yes}},
		{"M4 Max", metalM4Max, printed.Kernels{BFloat: &yes, Tensor: &no, Reduction: &yes, Matrix: &yes}},
		{"virtual machine", metalVirtual, printed.Kernels{BFloat: &no, Tensor: &no, Reduction: &no, Matrix: &no}},
		{"no Metal", "load_backend: loaded CPU backend from /lib/libggml-cpu-zen4.so\n", printed.Kernels{}},
		{"another function's line", "print: has bfloat = true\nggml_metal_device_init: has bfloat = maybe\n", printed.Kernels{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, printed.ParseKernels(linesOf(tt.text)))
		})
	}
}

func TestParseUnused(t *testing.T) {
	require.Contains(t, printed.ParseUnused(linesOf("ggml_vulkan: No devices found.\nload_backend: loaded Vulkan backend\n")),
		"unless GGML_VK_VISIBLE_DEVICES=0")
	require.Empty(t, printed.ParseUnused(linesOf("ggml_vulkan: Found 1 Vulkan devices:\n")))
}

func FuzzParseKernels(f *testing.F) {
	f.Add(metalM5Max)
	f.Add(metalVirtual)
	f.Fuzz(func(_ *testing.T, text string) { printed.ParseKernels(linesOf(text)) })
}
