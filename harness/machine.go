package harness

import (
	"context"
	"runtime"

	"assay/results"
)

// ReadHost describes this machine and the state that it is in.
func ReadHost(context.Context) results.Host {
	return results.Host{OS: runtime.GOOS, Arch: runtime.GOARCH, Cores: runtime.NumCPU()}
}
