package llamacpp

import (
	"fmt"
	"os"
	"slices"

	"assay/harness/failure"
	"assay/harness/machine"
	"assay/native/llama/printed"
	"assay/predict/gguf"
	"assay/results"
)

// kernelsOf is what is known of a Mac's GPU kernels; nil where nothing is.
func kernelsOf(found printed.Kernels) *results.Kernels {
	k := results.Kernels{BF16: found.BFloat, Tensor: found.Tensor, SDK: machine.SDK()}
	if k.SDK == "" && k.BF16 == nil && k.Tensor == nil {
		return nil
	}
	return &k
}

// noBF16Env puts weights of bf16 on the CPU (ggml-metal-device.m).
const noBF16Env = "GGML_METAL_BF16_DISABLE"

// refuseBF16 says why the file at path cannot be run where Metal's bf16 kernels
// are gone: the library asks the GPU's family and not the kernels, and its first
// product of bf16 ends the process. No layer on the GPU is no way out: products of
// 32 rows and more may go there all the same (op_offload).
func refuseBF16(k *results.Kernels, path string, c results.Case) error {
	if !k.BF16Gone() || os.Getenv(noBF16Env) != "" {
		return nil
	}
	why := fmt.Sprintf("Metal has no kernels for bf16 in a program of SDK %s, and llama.cpp crashes where it needs one; "+
		"build assay with Go 1.27 or later", k.SDK)
	if c.TypeK == "bf16" || c.TypeV == "bf16" {
		return failure.Input(fmt.Errorf("a cache of bf16: %s", why))
	}
	file, err := gguf.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	at := slices.IndexFunc(file.Tensors, func(t gguf.Tensor) bool { return t.Type.String() == "bf16" })
	if at < 0 {
		return nil
	}
	return failure.Input(fmt.Errorf("%s: tensor %s is bf16: %s, or set %s=1, which leaves such tensors to the CPU",
		path, file.Tensors[at].Name, why, noBF16Env))
}
