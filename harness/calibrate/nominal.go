package calibrate

import (
	"assay/predict/machines"
	"assay/predict/roofline"
	"assay/results"
)

// nominal is a rough idea of the machine. For a GPU: nine tenths of the published
// bandwidth and 0.2 TFLOPS a core, what LLaMA-7B reaches in llama.cpp discussion
// 4167 (medians of TestNominalGPU). Else what a thread of the Xeon of
// predict/roofline/testdata does, whose fits find 14 and 25 GB/s of q4_0, 125 and
// 267 GFLOP/s with one and two threads, and 5 and 8 µs a product.
func nominal(h results.Host, opt Options) roofline.Nominal {
	cores := 0
	if h.GPUCores != nil {
		cores = *h.GPUCores
	}
	if chip, err := machines.FindChip(h.Chip, cores); err == nil && opt.common().NGPULayers > 0 {
		return roofline.Nominal{Bandwidth: 0.9 * chip.Bandwidth, Compute: 0.2e12 * float64(chip.GPUCores), Product: 5e-6}
	}
	threads := float64(opt.common().NThreads)
	return roofline.Nominal{Bandwidth: 1.2e10 * threads, Compute: 1.2e11 * threads, Product: 6e-6}
}

// nominalSlow is what one core of a server of the 2020s does in a backend that is
// there to be correct: in MLX's, of the CPU, 570 MFLOP of a prompt take 0.4 s.
func nominalSlow(results.Host, Options) roofline.Nominal {
	return roofline.Nominal{Bandwidth: 4e9, Compute: 1.4e9, Product: 2e-5}
}
