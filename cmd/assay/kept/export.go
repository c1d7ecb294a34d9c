package kept

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"strings"

	"assay/cmd/assay/line"
	"assay/harness/failure"
	"assay/results/export"
)

const exportHelp = `
Writes runs in the format of another tool. A run is an id or the beginning of
one, latest, latest~1, baseline, a date, or a file.

formats:
%s
examples:
  assay export --format gobench latest~1 > old.txt
  assay export --format gobench latest > new.txt && benchstat old.txt new.txt
  assay export --format llama-bench-sql latest~1 latest | sqlite3 bench.sqlite
  compare-llama-bench.py -i bench.sqlite -b b7000 -c b7001
  assay export --format prometheus --out /var/lib/node_exporter/assay.prom
`

// Export is the command of that name.
func Export() line.Command {
	var formats strings.Builder
	for _, f := range export.Formats() {
		fmt.Fprintf(&formats, "  %-18s %s\n", f.Name, f.Does)
	}
	return line.Command{
		Name: "export", Args: "[RUN...]",
		Does: "writes runs for benchstat, Prometheus and other tools",
		Help: fmt.Sprintf(exportHelp, formats.String()),
		Setup: func(fs *flag.FlagSet) line.Action {
			dsn := line.StoreFlag(fs)
			format := fs.String("format", "jsonl", "`format` to write, as listed above")
			out := fs.String("out", "-", "`file` to write, - for standard output")
			return func(ctx context.Context, s line.Streams, args []string) error {
				if len(args) == 0 {
					args = []string{"latest"}
				}
				return exportRuns(ctx, s, *dsn, *format, *out, args)
			}
		},
	}
}

func exportRuns(ctx context.Context, s line.Streams, dsn, format, out string, selectors []string) error {
	runs, err := selected(ctx, dsn, selectors)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := export.Write(&text, format, runs); err != nil {
		return failure.Input(err)
	}
	return line.WriteOut(s, out, "", text.Bytes())
}
