package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

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

--check tries all that assay takes for granted of this machine and its
libraries, in less than three minutes: layouts, symbols, devices, memory, clock,
power and heat, the speed of a product, a run of each kind, and what GPUs may do
otherwise than CPUs. It says what held, what did not and what could not be
tried; exit status 4 where something did not hold. --out writes it all to a file
that can be attached to a report.

ASSAY_LLAMA_LIB and ASSAY_MLX_LIB name a library's file or folder and win over
the search.

examples:
  assay doctor
  assay doctor --check --out check.json
  ASSAY_LLAMA_LIB=~/llama.cpp/build/bin assay doctor --json
`

func doctorCommand() line.Command {
	return line.Command{
		Name: "doctor", Does: "says which runtimes were found and whether the machine is fit", Help: doctorHelp,
		Setup: func(fs *flag.FlagSet) line.Action {
			asJSON := fs.Bool("json", false, "print as JSON")
			bench := fs.Bool("bench", false, "measure the memory's bandwidth and a matrix product; takes a few seconds")
			check := fs.Bool("check", false, "try all that is assumed; takes one to three minutes")
			out := fs.String("out", "", "with --check: write what was found to a `file`, or under a name of its own into a folder")
			return func(ctx context.Context, s line.Streams, args []string) error {
				switch {
				case len(args) > 0:
					return line.Usagef("doctor takes no arguments, not %q", args)
				case *out != "" && !*check:
					return line.Usagef("--out is for --check")
				case *check && *bench:
					return line.Usagef("--check and --bench cannot go together")
				case *check:
					return checkMachine(ctx, s, *out, *asJSON)
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

// checkMachine tries what is assumed, prints it and writes it where that is asked for.
func checkMachine(ctx context.Context, s line.Streams, out string, asJSON bool) error {
	if folder := filepath.Dir(out); out != "" && !isFolder(folder) {
		return line.Usagef("--out %q: there is no folder %s", out, folder)
	}
	c, err := doctor.Check(ctx, func(f doctor.Finding) { show.Trying(s.Err, f) })
	if err != nil {
		return err
	}
	if out != "" && isFolder(out) {
		out = filepath.Join(out, c.FileName())
	}
	err = toldCheck(s, c, out, asJSON)
	if err == nil {
		err = diagnosed(c.Diagnosis)
	}
	if n := c.Count(doctor.Broken); err == nil && n > 0 {
		err = line.Refuted(fmt.Errorf("%d of %d assumptions did not hold here", n, len(c.Findings)))
	}
	return err
}

// toldCheck writes what was found and prints it; only what was written is said to be.
func toldCheck(s line.Streams, c doctor.Checkup, out string, asJSON bool) error {
	err := line.WriteFile(out, func(w io.Writer) error { return show.JSON(w, c) })
	if err != nil {
		out = ""
	}
	if asJSON {
		return errors.Join(err, show.JSON(s.Out, c))
	}
	show.Checkup(s.Out, c, out)
	return err
}

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
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
