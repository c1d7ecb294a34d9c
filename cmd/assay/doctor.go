package main

import (
	"context"
	"errors"
	"flag"

	"assay/cmd/assay/line"
	"assay/cmd/assay/show"
	"assay/harness/archive"
	"assay/harness/doctor"
	"assay/harness/failure"
	"assay/harness/speed"
	"assay/predict/machines"
	"assay/results"
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

func doctorCommand() line.Command {
	return line.Command{
		Name: "doctor", Does: "says which runtimes were found and whether the machine is fit", Help: doctorHelp,
		Setup: func(fs *flag.FlagSet) line.Action {
			asJSON := fs.Bool("json", false, "print as JSON")
			bench := fs.Bool("bench", false, "measure the memory's bandwidth and a matrix product; takes a few seconds")
			return func(ctx context.Context, s line.Streams, args []string) error {
				if len(args) > 0 {
					return line.Usagef("doctor takes no arguments, not %q", args)
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
					err = show.JSON(s.Out, d)
				} else {
					show.Diagnosis(s.Out, d)
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
		return failure.NoRuntime(errors.New(d.Unwritable))
	case !d.Usable():
		return failure.NoRuntime(errors.New("no runtime can be used; 'assay libs install' gets them"))
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
