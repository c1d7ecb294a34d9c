package kept

import (
	"bytes"
	"context"
	"flag"

	"assay/cmd/assay/line"
	"assay/harness/archive"
	"assay/results/diff"
)

const reportHelp = `
Writes one HTML file that needs nothing else: no network, no script. With
--base it also says what moved since that run. A run is an id or the beginning
of one, latest, latest~1, baseline, a date, or a file.

examples:
  assay report                                 latest run, to report.html
  assay report --base latest~1
  assay report 2026-11-20 --out friday.html
  assay report --markdown --out - >> "$GITHUB_STEP_SUMMARY"
`

// Report is the command of that name.
func Report() line.Command {
	return line.Command{
		Name: "report", Args: "[RUN]",
		Does: "one HTML file with tables and plots, or Markdown",
		Help: reportHelp,
		Setup: func(fs *flag.FlagSet) line.Action {
			o := archive.Options{}
			var out string
			var across bool
			dsn := line.StoreFlag(fs)
			fs.StringVar(&out, "out", "", "`file` to write, - for standard output (default: report.html or report.md)")
			fs.StringVar(&o.Base, "base", "", "`run` to compare with")
			fs.IntVar(&o.Nights, "nights", 180, "`runs` that the histories go back")
			fs.BoolVar(&o.Markdown, "markdown", false, "Markdown for a pull request in place of HTML")
			fs.BoolVar(&across, "across", false, "compare although chip, power or library version differ")
			return func(ctx context.Context, s line.Streams, args []string) error {
				if len(args) > 1 || o.Nights < 1 {
					return line.Usagef("give at most one run, and --nights of 1 or more; see 'assay report --help'")
				}
				o.Head = "latest"
				if len(args) == 1 {
					o.Head = args[0]
				}
				if across {
					o.Across = diff.Aspects()
				}
				return writeReport(ctx, s, *dsn, out, o)
			}
		},
	}
}

func writeReport(ctx context.Context, s line.Streams, dsn, out string, o archive.Options) error {
	db, err := archive.Read(ctx, dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	var text bytes.Buffer
	if err := archive.Report(ctx, &text, db, o); err != nil {
		return err
	}
	name := "report.html"
	if o.Markdown {
		name = "report.md"
	}
	return line.WriteOut(s, out, name, text.Bytes())
}
