package kept

import (
	"context"
	"flag"
	"fmt"
	"time"

	"assay/cmd/assay/line"
	"assay/harness/archive"
	"assay/harness/failure"
	"assay/results"
	"assay/results/figure"
	"assay/results/imports"
)

const importHelp = `
Reads runs into the store, of any format that it knows by its content: assay's
own JSON Lines, llama-bench -o json, jsonl, csv or sql (or the SQLite file made
of it), what mlx_lm.benchmark printed, and any CSV with a column for the model
and one for tokens_per_s (samples, runtime, session, prompt, test, ... are
taken where they are there; the rows of one session are a run). The same run
twice changes nothing; a different run under an id that is taken is refused.
Of each file, all of its runs up to the first that is refused are stored.

What a file does not say can be given: mlx_lm.benchmark prints neither model,
version, machine nor date.

examples:
  assay import tonight.jsonl
  llama-bench -m model.gguf -o jsonl > bench.jsonl && assay import bench.jsonl
  assay import mlx.txt --model mlx-community/Qwen3-4B-4bit --version 0.31.3
`

// Import is the command of that name.
func Import() line.Command {
	return line.Command{
		Name: "import", Args: "FILE...",
		Does: "reads runs of assay, llama-bench, mlx_lm.benchmark into the store",
		Help: importHelp,
		Setup: func(fs *flag.FlagSet) line.Action {
			var o imports.Options
			dsn := line.StoreFlag(fs)
			fs.StringVar(&o.Model, "model", "", "`name` of the model, if the file does not say")
			fs.StringVar(&o.Version, "version", "", "`version` of the runtime, if the file does not say")
			fs.StringVar(&o.Host.Name, "machine", "", "`name` of the machine that it was measured on")
			fs.StringVar(&o.Host.Chip, "chip", "", "`chip` of the machine, if the file does not say")
			at := fs.String("time", "", "`time` of the measurement, 2026-11-20T02:00:00Z (default: the file's)")
			return func(ctx context.Context, s line.Streams, args []string) error {
				if len(args) == 0 {
					return line.Usagef("name a file; see 'assay import --help'")
				}
				if *at != "" {
					var err error
					if o.Time, err = time.Parse(time.RFC3339, *at); err != nil {
						return line.Usagef("--time is %q, not a time like 2026-11-20T02:00:00Z", *at)
					}
				}
				return importFiles(ctx, s, *dsn, args, o)
			}
		},
	}
}

func importFiles(ctx context.Context, s line.Streams, dsn string, files []string, o imports.Options) error {
	db, err := archive.Open(ctx, dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	for _, file := range files {
		runs, err := imports.ReadFile(file, o)
		if err != nil {
			return failure.Input(err)
		}
		for _, run := range runs {
			added, err := db.Import(ctx, run)
			if err != nil {
				return failure.Input(err)
			}
			fmt.Fprintf(s.Out, "%s: %s, %d new\n", run.ID, figure.Several(len(run.Records), "case"), added)
			for _, w := range run.Warnings {
				fmt.Fprintf(s.Err, "assay import: %s\n", results.Printable(w))
			}
		}
	}
	return nil
}
