// Package doctor says what of assay works here: which runtimes can be opened, what the
// machine is, where files are kept. It does not know models, suites, stores.
package doctor

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"assay/harness/home"
	"assay/harness/libs"
	"assay/harness/machine"
	"assay/harness/runtimes"
	"assay/harness/worker"
	"assay/native/llama"
	"assay/predict/machines"
	"assay/results"
)

// Diagnosis is what `assay doctor` finds.
type Diagnosis struct {
	Runtimes []worker.Probed `json:"runtimes"`
	Host     results.Host    `json:"host"`
	// Elsewhere says which library with a device is here and not used, and how it
	// would be.
	Elsewhere string `json:"elsewhere,omitempty"`
	// Probe is what the machine does at most, where that was measured.
	Probe *machines.Chip `json:"probe,omitempty"`
	// Cache and Data are where assay keeps its files.
	Cache string `json:"cache"`
	Data  string `json:"data"`
	// Unwritable says why nothing can be kept there.
	Unwritable string `json:"unwritable,omitempty"`
}

// Usable reports whether any runtime can be used.
func (d Diagnosis) Usable() bool {
	for _, p := range d.Runtimes {
		if p.Err == nil {
			return true
		}
	}
	return false
}

// Diagnose opens every runtime's library in a worker and reads the machine.
func Diagnose(ctx context.Context) (Diagnosis, error) {
	dirs, err := home.Find()
	if err != nil {
		return Diagnosis{}, err
	}
	self, err := worker.Self()
	if err != nil {
		return Diagnosis{}, err
	}
	var names []string
	for _, rt := range runtimes.All() {
		names = append(names, rt.Name())
	}
	probed, err := worker.Probe(ctx, worker.Spawner{Command: self}, names)
	if err != nil {
		return Diagnosis{}, err
	}
	d := Diagnosis{Runtimes: probed, Host: machine.Read(ctx), Cache: dirs.Cache, Data: dirs.Data}
	d.Elsewhere = elsewhere(probed)
	if err := dirs.Writable(); err != nil {
		d.Unwritable = err.Error()
	}
	return d, nil
}

// elsewhere looks for a library with a device that was installed and that no
// search takes, since what is measured by default must not change by it.
func elsewhere(probed []worker.Probed) string {
	in, err := libs.New(io.Discard)
	if err != nil {
		return ""
	}
	for _, device := range libs.Devices() {
		folder := in.DeviceFolder(libs.Pinned(), device)
		if _, err := os.Stat(folder); err != nil || used(probed, folder) {
			continue
		}
		return fmt.Sprintf("a llama.cpp with %s lies in %s; %s with that path takes it", device, folder, llama.Spec().Env)
	}
	return ""
}

func used(probed []worker.Probed, folder string) bool {
	for _, p := range probed {
		if filepath.Dir(p.Runtime.Path) == folder {
			return true
		}
	}
	return false
}
