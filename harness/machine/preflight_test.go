package machine

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/native/host"
)

func TestUnfit(t *testing.T) {
	fit := host.Info{
		Cores: 10, MemoryBytes: 32 << 30, FreeMemoryBytes: new(int64(20 << 30)), SwapUsedBytes: new(int64(0)),
		Largest: &host.Process{Name: "browser", Bytes: 1 << 30}, Background: new(false),
		Power: "ac", LowPowerMode: new(false), Thermal: "nominal", CPUSpeedLimit: new(100), LoadAverage: new(1.5),
	}
	assert.Empty(t, unfit(fit))
	assert.Empty(t, unfit(host.Info{}), "what is not known is not held against a machine")
	for want, change := range map[string]func(*host.Info){
		"it runs on battery":                                               func(i *host.Info) { i.Power = "battery" },
		"low power mode is on":                                             func(i *host.Info) { i.LowPowerMode = new(true) },
		"thermal pressure is serious":                                      func(i *host.Info) { i.Thermal = "serious" },
		"the CPU is limited to 72 % of its speed":                          func(i *host.Info) { i.CPUSpeedLimit = new(72) },
		"1.00 GiB of swap is in use, above 512.00 MiB":                     func(i *host.Info) { i.SwapUsedBytes = new(int64(1 << 30)) },
		"25.0 % of memory is free, below 35.0 %":                           func(i *host.Info) { i.FreeMemoryBytes = new(int64(8 << 30)) },
		"the load is 20.5, above 20":                                       func(i *host.Info) { i.LoadAverage = new(20.5) },
		"it runs as a background process, which macOS keeps on slow cores": func(i *host.Info) { i.Background = new(true) },
		"Time Machine is at work":                                          func(i *host.Info) { i.Busy = []string{"Time Machine"} },
		`another process (vm\x1b[2J) holds 3.00 GiB, above 2.00 GiB`: func(i *host.Info) {
			i.Largest = &host.Process{Name: "vm\x1b[2J", Bytes: 3 << 30}
		},
	} {
		bad := fit
		change(&bad)
		assert.Equal(t, []string{want}, unfit(bad))
	}
}
