package kept

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"time"

	"assay/cmd/assay/line"
	"assay/cmd/assay/live"
	"assay/cmd/assay/show"
	"assay/harness/archive"
)

const showHelp = `
Prints a run as it was printed when it was measured: a row for each timed case,
caches, what did not hold. A run is an id or the beginning of one, a tag,
latest, latest~1, baseline, a date, or a file.

examples:
  assay show
  assay show before-update
  assay show night.jsonl --rules
`

// Show is the command of that name.
func Show() line.Command {
	return line.Command{
		Name: "show", Args: "[RUN]", Does: "a run, as it was printed when it was measured", Help: showHelp,
		Setup: func(fs *flag.FlagSet) line.Action {
			dsn := line.StoreFlag(fs)
			rules := fs.Bool("rules", false, "also print what refutes rival rules")
			asJSON := fs.Bool("json", false, "print the records as JSON")
			return func(ctx context.Context, s line.Streams, args []string) error {
				if len(args) == 0 {
					args = []string{"latest"}
				}
				if len(args) > 1 {
					return line.Usagef("show takes one run, not %q", args)
				}
				db, err := archive.Read(ctx, *dsn)
				if err != nil {
					return err
				}
				defer db.Close()
				runs, err := archive.Select(ctx, db, args)
				if err != nil {
					return err
				}
				records := runs[0].Records
				if *asJSON {
					return show.JSON(s.Out, records)
				}
				words := []string{"run " + runs[0].ID}
				if len(records) > 0 {
					words = append(words, records[0].Host.Machine(), records[0].Time.Local().Format(time.DateTime))
				}
				fmt.Fprintln(s.Out, show.Wrapped(show.Safe(strings.Join(words, ", ")), ""))
				live.Stored(s.Out, records, *rules)
				return nil
			}
		},
	}
}
