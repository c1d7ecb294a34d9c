package results

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Kernels are the kinds of kernel that the process could use on a Mac's GPU; what
// nothing told is absent, and all of it off a Mac.
type Kernels struct {
	// SDK is what the running program says it was built with, such as 26.2: Metal
	// compiles shaders in the language of the main program's SDK.
	SDK string `json:"sdk,omitempty"`
	// BF16 and Tensor are llama.cpp's "has bfloat" and "has tensor". The first says
	// what the GPU could, also where an old SDK leaves the kernels out.
	BF16   *bool `json:"bf16,omitempty"`
	Tensor *bool `json:"tensor,omitempty"`
	// NAX counts the kernels for an M5's tensor units in the mlx.metallib in use.
	NAX *int `json:"nax,omitempty"`
	// Wrong says which kernels of the release are known to give wrong results.
	Wrong []string `json:"wrong,omitempty"`
}

// String names what is known, "SDK 26.2, has bfloat true, has tensor false, 762 _nax
// kernels"; "" where nothing is.
func (k *Kernels) String() string {
	if k == nil {
		return ""
	}
	var known []string
	if k.SDK != "" {
		known = append(known, "SDK "+k.SDK)
	}
	if k.BF16 != nil {
		known = append(known, fmt.Sprintf("has bfloat %t", *k.BF16))
	}
	if k.Tensor != nil {
		known = append(known, fmt.Sprintf("has tensor %t", *k.Tensor))
	}
	if k.NAX != nil {
		known = append(known, fmt.Sprintf("%d _nax kernels", *k.NAX))
	}
	return strings.Join(known, ", ")
}

// KnownWrong are the kernels that are known to give wrong results, a sentence each.
func (k *Kernels) KnownWrong() []string {
	if k == nil {
		return nil
	}
	return k.Wrong
}

// bf16SDK is the first major SDK in whose language, Metal 3.1, ggml's kernels have
// bf16 (GGML_METAL_HAS_BF16 from __METAL_VERSION__ 310; ggml-metal, b6673 to v0.7.0).
const bf16SDK = 14

// BF16Gone says that the library takes bf16 for supported while its kernels were
// compiled out: the first product ends the process.
func (k *Kernels) BF16Gone() bool {
	if k == nil || k.SDK == "" || k.BF16 != nil && !*k.BF16 {
		return false
	}
	major, err := strconv.Atoi(strings.SplitN(k.SDK, ".", 2)[0])
	return err == nil && major < bf16SDK
}

// appleChip finds the generation in a chip's name, "Apple M5 Max".
var appleChip = regexp.MustCompile(`^Apple M([0-9]+)\b`)

// tensorChip is the first generation with tensor units in its GPU.
const tensorChip = 5

// Lacking says in one sentence without which kernels figures are measured on the
// chip, and what to do; "" where none is known to lack.
func (k *Kernels) Lacking(chip string) string {
	if k == nil {
		return ""
	}
	var lacks []string
	if k.BF16Gone() {
		lacks = append(lacks, fmt.Sprintf("bf16 kernels, for which this program's SDK %s is too old (build assay with Go 1.27 or later)", k.SDK))
	}
	if found := appleChip.FindStringSubmatch(chip); found != nil {
		generation, err := strconv.Atoi(found[1])
		if err == nil && generation >= tensorChip {
			lacks = append(lacks, k.lackingTensor(chip)...)
		}
	}
	if lacks == nil {
		return ""
	}
	return "figures are measured without " + strings.Join(lacks, ", and without ")
}

// lackingTensor names what leaves the tensor units of a chip that has them idle.
func (k *Kernels) lackingTensor(chip string) []string {
	var lacks []string
	if k.Tensor != nil && !*k.Tensor {
		lacks = append(lacks, fmt.Sprintf("the tensor units of %s, at about half of its prefill speed "+
			"(llama.cpp says has tensor = false; this program's SDK is %s, it needs 26)", chip, or(k.SDK, "not known")))
	}
	if k.NAX != nil && *k.NAX == 0 {
		lacks = append(lacks, fmt.Sprintf("the tensor units of %s, at about half of its prefill speed "+
			"(the mlx.metallib in use has no _nax kernels; install an MLX built for macOS 26.2)", chip))
	}
	return lacks
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
