package show

import (
	"fmt"
	"io"
	"strings"

	"assay/harness/doctor"
	"assay/results"
	"assay/results/figure"
)

// Diagnosis prints what works here, and what does not.
func Diagnosis(w io.Writer, d doctor.Diagnosis) {
	for _, p := range d.Runtimes {
		if p.Err != nil {
			fmt.Fprintf(w, "%s\n", Wrapped(fmt.Sprintf("%-10s not usable: %s", p.Name, Safe(p.Why)), ""))
			if len(p.Missing) > 0 {
				fmt.Fprintf(w, "  missing\n%s\n", Wrapped(Safe(strings.Join(p.Missing, " ")), "    "))
			}
			continue
		}
		fmt.Fprintf(w, "%-10s %s\n", p.Name, p.Runtime.Version)
		Field(w, "library", p.Runtime.Path)
		Field(w, "sha256", p.Runtime.SHA256)
		Field(w, "layout", p.Runtime.Layout)
		Field(w, "blas", p.Runtime.BLAS)
		for _, dev := range p.Devices {
			Field(w, "device", dev)
		}
		Field(w, "kernels", p.Runtime.Kernels.String())
		Field(w, "warning", p.Runtime.Kernels.Lacking(d.Host.Chip))
		for _, wrong := range p.Runtime.Kernels.KnownWrong() {
			fmt.Fprintln(w, Wrapped("wrong in this release: "+Safe(wrong), "  "))
		}
	}
	printHost(w, d.Host)
	if d.Probe != nil {
		Field(w, "reads", fmt.Sprintf("%s GB/s from memory", figure.Rate(d.Probe.Bandwidth/1e9)))
		Field(w, "multiply", fmt.Sprintf("%s GFLOP/s in portable Go; a runtime's own kernels do more", figure.Rate(*d.Probe.Product/1e9)))
	}
	fmt.Fprintf(w, "files\n")
	Field(w, "cache", d.Cache)
	Field(w, "data", d.Data)
	Field(w, "unused", d.Elsewhere)
}

func printHost(w io.Writer, h results.Host) {
	fmt.Fprintf(w, "machine\n")
	Field(w, "chip", h.Chip)
	Field(w, "cores", fmt.Sprint(h.Cores))
	Field(w, "memory", figure.Bytes(h.MemoryBytes))
	if h.FreeMemoryBytes != nil {
		Field(w, "free", figure.Bytes(*h.FreeMemoryBytes))
	}
	Field(w, "system", h.OS+"/"+h.Arch+" "+h.OSVersion)
	Field(w, "power", h.Power)
	Field(w, "thermal", h.Thermal)
	if h.LoadAverage != nil {
		Field(w, "load", fmt.Sprintf("%.2f", *h.LoadAverage))
	}
	if len(h.Unfit) == 0 {
		Field(w, "fit", "yes")
	}
	for _, why := range h.Unfit {
		Field(w, "unfit", why)
	}
}
