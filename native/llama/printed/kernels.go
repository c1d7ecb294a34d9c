package printed

import (
	"regexp"
	"strconv"
)

// Kernels are the kinds of kernel that a backend says its device has; nil where
// no line told. Metal alone tells.
type Kernels struct {
	// BFloat is derived from the GPU's family, so that it is true as well where
	// the kernels were compiled out for the language of an old SDK.
	BFloat *bool
	// Tensor are products on the tensor units of an M5 and later.
	Tensor *bool
	// Reduction and Matrix are simdgroup operations: without them products and
	// attention fall back to the CPU (a virtual machine's GPU).
	Reduction, Matrix *bool
}

// hasKernels matches what ggml_metal_device_init prints (ggml-metal-device.m,
// b6673 to v0.7.0): "ggml_metal_device_init: has bfloat            = true".
var hasKernels = regexp.MustCompile(`^ggml_metal_device_init: (has bfloat|has tensor|simdgroup reduction|simdgroup matrix mul\.) += (true|false)$`)

// ParseKernels reads the lines that were printed when the backends were loaded.
// Of several devices the last one's stands.
func ParseKernels(lines []Line) Kernels {
	var k Kernels
	to := map[string]**bool{
		"has bfloat": &k.BFloat, "has tensor": &k.Tensor,
		"simdgroup reduction": &k.Reduction, "simdgroup matrix mul.": &k.Matrix,
	}
	for _, line := range lines {
		found := hasKernels.FindStringSubmatch(line.Text)
		if found == nil {
			continue
		}
		if has, err := strconv.ParseBool(found[2]); err == nil {
			*to[found[1]] = &has
		}
	}
	return k
}
