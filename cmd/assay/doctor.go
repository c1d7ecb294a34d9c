package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"assay/harness/archive"
	"assay/harness/doctor"
	"assay/harness/speed"
	"assay/predict/machines"
	"assay/results"
	"assay/results/figure"
)

const doctorHelp = `
Opens each runtime's library in a process of its own and says what it is: path,
version, the struct layout that matched, devices; or what is missing and how to
get it. Then says whether this machine is fit to be measured. --bench measures
what its memory and cores do at most, which 'assay fit' compares with.

ASSAY_LLAMA_LIB and ASSAY_MLX_LIB name a library's file or folder and win over
the search.

examples:
  assay doctor
  ASSAY_LLAMA_LIB=~/llama.cpp/build/bin assay doctor --json
`

func doctorCommand() command {
	return command{
		name: "doctor", does: "says which runtimes were found and whether the machine is fit", help: doctorHelp,
		setup: func(fs *flag.FlagSet) action {
			asJSON := fs.Bool("json", false, "print as JSON")
			bench := fs.Bool("bench", false, "measure the memory's bandwidth and a matrix product; takes a few seconds")
			return func(ctx context.Context, s streams, args []string) error {
				if len(args) > 0 {
					return usagef("doctor takes no arguments, not %q", args)
				}
				d, err := doctor.Diagnose(ctx)
				if err != nil {
					return err
				}
				if *bench {
					if d.Probe, err = benchMachine(ctx, d.Host); err != nil {
						return err
					}
				}
				if *asJSON {
					err = printJSON(s.out, d)
				} else {
					printDiagnosis(s.out, d)
				}
				if err != nil {
					return err
				}
				return diagnosed(d)
			}
		},
	}
}

// diagnosed is what keeps assay from running, if anything does.
func diagnosed(d doctor.Diagnosis) error {
	switch {
	case d.Unwritable != "":
		return noRuntimeError{errors.New(d.Unwritable)}
	case !d.Usable():
		return noRuntimeError{errors.New("no runtime can be used; 'assay libs install' gets them")}
	}
	return nil
}

// benchMachine measures the machine and keeps the figures in the user's store.
func benchMachine(ctx context.Context, h results.Host) (*machines.Chip, error) {
	chip, err := speed.ProbeMachine(ctx, h)
	if err != nil {
		return nil, err
	}
	db, err := archive.Open(ctx, "")
	if err != nil {
		return nil, err
	}
	return &chip, errors.Join(speed.KeepChip(ctx, db, h, chip), db.Close())
}

func printDiagnosis(w io.Writer, d doctor.Diagnosis) {
	for _, p := range d.Runtimes {
		if p.Err != nil {
			fmt.Fprintf(w, "%s\n", wrapped(fmt.Sprintf("%-10s not usable: %s", p.Name, safe(p.Why)), ""))
			if len(p.Missing) > 0 {
				fmt.Fprintf(w, "  missing\n%s\n", wrapped(safe(strings.Join(p.Missing, " ")), "    "))
			}
			continue
		}
		fmt.Fprintf(w, "%-10s %s\n", p.Name, p.Runtime.Version)
		field(w, "library", p.Runtime.Path)
		field(w, "sha256", p.Runtime.SHA256)
		field(w, "layout", p.Runtime.Layout)
		field(w, "blas", p.Runtime.BLAS)
		for _, dev := range p.Devices {
			field(w, "device", dev)
		}
		field(w, "kernels", p.Runtime.Kernels.String())
		field(w, "warning", p.Runtime.Kernels.Lacking(d.Host.Chip))
	}
	printHost(w, d.Host)
	if d.Probe != nil {
		field(w, "reads", fmt.Sprintf("%s GB/s from memory", figure.Rate(d.Probe.Bandwidth/1e9)))
		field(w, "multiply", fmt.Sprintf("%s GFLOP/s in portable Go; a runtime's own kernels do more", figure.Rate(*d.Probe.Product/1e9)))
	}
	fmt.Fprintf(w, "files\n")
	field(w, "cache", d.Cache)
	field(w, "data", d.Data)
}

func printHost(w io.Writer, h results.Host) {
	fmt.Fprintf(w, "machine\n")
	field(w, "chip", h.Chip)
	field(w, "cores", fmt.Sprint(h.Cores))
	field(w, "memory", figure.Bytes(h.MemoryBytes))
	if h.FreeMemoryBytes != nil {
		field(w, "free", figure.Bytes(*h.FreeMemoryBytes))
	}
	field(w, "system", h.OS+"/"+h.Arch+" "+h.OSVersion)
	field(w, "power", h.Power)
	field(w, "thermal", h.Thermal)
	if h.LoadAverage != nil {
		field(w, "load", fmt.Sprintf("%.2f", *h.LoadAverage))
	}
	if len(h.Unfit) == 0 {
		field(w, "fit", "yes")
	}
	for _, why := range h.Unfit {
		field(w, "unfit", why)
	}
}

// field prints one line of a list, and nothing for what is not known.
func field(w io.Writer, name, value string) {
	if value != "" {
		fmt.Fprintf(w, "  %-8s %s\n", name, safe(value))
	}
}
