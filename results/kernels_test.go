package results_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/results"
)

func TestKernelsLacking(t *testing.T) {
	yes, no, none, many := true, false, 0, 762
	tests := []struct {
		name    string
		kernels *results.Kernels
		chip    string
		gone    bool
		want    string
	}{
		{"no Mac", nil, "AMD EPYC", false, ""},
		{"nothing told", &results.Kernels{}, "Apple M5", false, ""},
		{"Go 1.27 on an M5", &results.Kernels{SDK: "26.2", BF16: &yes, Tensor: &yes, NAX: &many}, "Apple M5 Max", false, ""},
		{"Go 1.27 on an M4", &results.Kernels{SDK: "26.2", BF16: &yes, Tensor: &no, NAX: &none}, "Apple M4", false, ""},
		{"Go 1.26", &results.Kernels{SDK: "12.0", BF16: &yes, Tensor: &no}, "Apple M1", true,
			"figures are measured without bf16 kernels, for which this program's SDK 12.0 is too old (build assay with Go 1.27 or later)"},
		{"bf16 turned off", &results.Kernels{SDK: "12.0", BF16: &no}, "Apple M1", false, ""},
		{"LM Studio's SDK on an M5 Pro", &results.Kernels{SDK: "14.5", BF16: &yes, Tensor: &no}, "Apple M5 Pro", false,
			"figures are measured without the tensor units of Apple M5 Pro, at about half of its prefill speed " +
				"(llama.cpp says has tensor = false; this program's SDK is 14.5, it needs 26)"},
		{"July 2026's MLX", &results.Kernels{SDK: "26.2", NAX: &none}, "Apple M5 Max", false,
			"figures are measured without the tensor units of Apple M5 Max, at about half of its prefill speed " +
				"(the mlx.metallib in use has no _nax kernels; install an MLX built for macOS 26.2)"},
		{"and on an M10", &results.Kernels{SDK: "26.2", Tensor: &no}, "Apple M10", false,
			"figures are measured without the tensor units of Apple M10, at about half of its prefill speed " +
				"(llama.cpp says has tensor = false; this program's SDK is 26.2, it needs 26)"},
		{"an SDK that is none", &results.Kernels{SDK: "new"}, "Apple M5", false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.gone, tt.kernels.BF16Gone())
			assert.Equal(t, tt.want, tt.kernels.Lacking(tt.chip))
		})
	}
}
