package llamacpp

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/native/llama"
	"assay/native/llama/printed"
	"assay/results"
)

// The names of buffers are those of public logs from Macs, and of Vulkan's here.
func TestByDevice(t *testing.T) {
	report := printed.ParseReport([]printed.Line{
		{Text: "load_tensors:   CPU_Mapped model buffer size =   100.00 MiB"},
		{Text: "load_tensors:  MTL0_Mapped model buffer size =  4403.50 MiB"},
		{Text: "llama_kv_cache:       MTL0 KV buffer size =   512.00 MiB"},
		{Text: "llama_memory_recurrent:   MTL0 RS buffer size =     8.00 MiB"},
		{Text: "sched_reserve:       MTL0 compute buffer size =   258.50 MiB"},
		{Text: "sched_reserve:        CPU compute buffer size =    12.00 MiB"},
		{Text: "llama_context:        CPU  output buffer size =     0.50 MiB"},
	})
	devices := []llama.Device{{Name: "MTL0", Type: "GPU"}, {Name: "BLAS", Type: "ACCEL"}, {Name: "CPU", Type: "CPU"}}
	const mib = 1 << 20
	assert.Equal(t, map[string]*results.Memory{
		"MTL0": {WeightBytes: new(int64(4403*mib + mib/2)), KVBytes: new(int64(520 * mib)), ComputeBytes: new(int64(258*mib + mib/2))},
		"CPU":  {WeightBytes: new(int64(100 * mib)), ComputeBytes: new(int64(12 * mib)), OutputBytes: new(int64(mib / 2))},
	}, byDevice(devices, report))
	assert.Nil(t, byDevice(devices[2:], report), "one device alone")
	for buffer, want := range map[string]string{"Vulkan_Host": "CPU", "Vulkan0": "Vulkan0", "Vulkan1": "CPU", "CPU_REPACK": "CPU"} {
		assert.Equal(t, want, bufferDevice([]llama.Device{{Name: "Vulkan0"}, {Name: "CPU"}}, buffer), buffer)
	}
}
