package llamacpp

import (
	"assay/native/llama/printed"
	"assay/results"
)

// readReports takes over what the library printed about its buffers.
func readReports(m *results.Measured, model, ctx printed.Report) {
	m.Memory.WeightBytes, m.Memory.RepackBytes = model.Sum("model"), model.Repacked()
	if m.Memory.WeightBytes != nil {
		*m.Memory.WeightBytes -= *m.Memory.RepackBytes
	}
	m.Memory.ComputeBytes, m.Memory.OutputBytes = ctx.Sum("compute"), ctx.Sum("output")
	if size := ctx.CacheBytes(); size != nil {
		// Each line is off by half of the last digit at most.
		m.KVSources.Log, m.KVSources.LogPrecision = size, new(int64(len(ctx.Caches))*printed.ReportPrecision/2+1)
	}
}
